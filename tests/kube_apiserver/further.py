"""Changes written by hand, of kinds and fields that the generated ones do not have."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from tests.kube_apiserver.changes import ObjectChange, with_name

_FILE: Final = Path(__file__).with_name("further.yaml")


def further_changes() -> Iterator[ObjectChange]:
    """The changes of the file, each of an object with a name of its own."""
    for number, group in enumerate(yaml.safe_load(_FILE.read_text("utf-8"))):
        for place, change in enumerate(group["changes"]):
            name = f"f-{number}-{place}"
            base = _edited(group["object"], change["from"]) if "from" in change else None
            head = _edited(group["object"], change["to"])
            what = f"{head['kind']} {change}"
            namespaced = group.get("namespaced", True)
            yield with_name(name, (group["resource"], namespaced), what, base, head)


def _edited(whole: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of an object with other values of some fields."""
    made = copy.deepcopy(dict(whole))
    for route, value in fields.items():
        *parents, last = route.split("/")
        parent: Any = made
        for step in parents:
            parent = parent[int(step)] if isinstance(parent, list) else parent.setdefault(step, {})
        if value is None:
            del parent[last]
        else:
            parent[last] = value
    return made
