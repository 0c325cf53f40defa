"""Single changes to valid objects: a field removed, misspelt, or given another value."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import yaml

from tests.kube_apiserver.objects import OBJECTS


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object at base (None for a new one) and at head. `what` says what was changed."""

    what: str
    path: str
    base: Mapping[str, Any] | None
    head: Mapping[str, Any]


# Every value that takes the place of one of this type.
_OTHERS: Final[Mapping[type, tuple[Any, ...]]] = {
    str: ("", "UPPER_case!", 7, True, "x" * 300, ["a"]),
    int: (-1, 0, 70000, "7", 1.5, True),
    bool: ("true", 1),
    list: ([], "text", {}),
    dict: ({}, "text", []),
}


def changes(most: int) -> list[ObjectChange]:
    """A fixed sample of the changes, the same number of new objects and of updates."""
    every = sorted(_every(), key=lambda change: sha256(change.what.encode()).digest())
    return every[:most]


def _every() -> Iterator[ObjectChange]:
    for number, (resource, namespaced, text) in enumerate(OBJECTS):
        valid = yaml.safe_load(text)
        for place, (label, mutated) in enumerate(_mutations(valid)):
            # Server-side apply drops a mapping that an update empties; kubectl's apply keeps it.
            for update in (False,) if label.endswith("= '{}'") else (False, True):
                yield _named(
                    resource, namespaced, valid, mutated, f"{number}-{place}", label, update
                )


def _named(  # noqa: PLR0917 - the parts of one change
    resource: str,
    namespaced: bool,  # noqa: FBT001
    valid: Any,
    mutated: Any,
    number: str,
    label: str,
    update: bool,  # noqa: FBT001
) -> ObjectChange:
    name = f"c-{number}-{'u' if update else 'n'}"
    what = f"{valid['kind']} {label} {'updated' if update else 'new'}"
    return with_name(name, (resource, namespaced), what, valid if update else None, mutated)


def with_name(name: str, kind: tuple[str, bool], what: str, base: Any, head: Any) -> ObjectChange:
    """The change of an object of this name; `kind` is a resource and whether it is namespaced.

    A definition also gets a group of its own: the server accepts a kind's names once.
    """
    base, head = copy.deepcopy(base), copy.deepcopy(head)
    bodies = [body for body in (base, head) if body is not None]
    if head["kind"] == "CustomResourceDefinition":
        for body in bodies:
            if isinstance(body.get("spec"), dict) and body["spec"].get("group") == "example.org":
                body["spec"]["group"] = f"{name}.example.org"
        name = f"gears.{name}.example.org"
    for body in bodies:
        body["metadata"]["name"] = name
    resource, namespaced = kind
    group_version = head["apiVersion"]
    prefix = f"/apis/{group_version}" if "/" in group_version else f"/api/{group_version}"
    space = "/namespaces/shop" if namespaced else ""
    return ObjectChange(what, f"{prefix}{space}/{resource}/{name}", base, head)


def _mutations(valid: Any) -> Iterator[tuple[str, Any]]:
    for route in _routes(valid, ()):
        if route in {("metadata",), ("metadata", "name")} or route[0] in {"apiVersion", "kind"}:
            continue  # another object, or none at all
        value = _at(valid, route)
        name = ".".join(map(str, route))
        yield f"{name} removed", _without(valid, route)
        if isinstance(route[-1], str) and route[:1] != ("data",):
            yield f"{name} misspelt", _misspelt(valid, route)
        for other in _OTHERS.get(type(value), ()):
            if other != value or type(other) is not type(value):
                yield f"{name} = {str(other)[:20]!r}", _with(valid, route, other)


def _routes(value: Any, route: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, child in items:
        yield (*route, key)
        yield from _routes(child, (*route, key))


def _at(value: Any, route: tuple[str | int, ...]) -> Any:
    for step in route:
        value = value[step]
    return value


def _without(valid: Any, route: tuple[str | int, ...]) -> Any:
    made = copy.deepcopy(valid)
    del _at(made, route[:-1])[route[-1]]
    return made


def _with(valid: Any, route: tuple[str | int, ...], other: Any) -> Any:
    made = copy.deepcopy(valid)
    _at(made, route[:-1])[route[-1]] = other
    return made


def _misspelt(valid: Any, route: tuple[str | int, ...]) -> Any:
    made = copy.deepcopy(valid)
    holder = _at(made, route[:-1])
    holder[f"{route[-1]}s"] = holder.pop(route[-1])
    return made
