"""Generates the definitions of well-known projects with their rules, for the validator.

Of the releases that `custom_kinds` reads, a rule, pattern or limit stays where all releases that
have the field agree on it, and a field where one of them has it: so what the result refuses, every
one of the releases refuses.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from tests.oracle.custom_kinds import PROJECTS, Project, documents

TARGET: Final = Path("bot/kubernetes/data/custom-definitions.msgpack")
_NAMES: Final = ("Gateway API", "Argo CD", "cert-manager", "Flux")
CHOSEN: Final = tuple(project for project in PROJECTS if project.name.startswith(_NAMES))
RELEASES: Final = tuple(
    f"{path} {version}" for project in CHOSEN for path, version in project.releases
)
_RULES: Final = "x-kubernetes-validations"
# What the shapes of `custom_kinds` do not say already.
_LIMITS: Final = frozenset(
    {_RULES, "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"}
    | {"oneOf", "anyOf", "allOf", "not", "minProperties", "maxProperties"}
)
_ANYTHING: Final = {"x-kubernetes-preserve-unknown-fields": True}

Schema = Mapping[str, Any]


def generate() -> bytes:
    """The data file: for each `group/Kind` a definition as compressed JSON."""
    kinds = {}
    for project in CHOSEN:
        for name, definition in sorted(_definitions(project).items()):
            if _limits(definition["spec"]["versions"]):
                text = json.dumps(definition, separators=(",", ":"), sort_keys=True)
                kinds[name] = zlib.compress(text.encode(), 9)
    return msgspec.msgpack.encode(kinds)


def _definitions(project: Project) -> Mapping[str, Any]:
    """The definition of each kind, merged over the project's releases."""
    bodies: dict[str, list[Any]] = {}
    for path, version in project.releases:
        for body in documents(project, path, version):
            if isinstance(body, dict) and body.get("kind") == "CustomResourceDefinition":
                spec = body["spec"]
                bodies.setdefault(f"{spec['group']}/{spec['names']['kind']}", []).append(spec)
    return {name: _definition(specs) for name, specs in bodies.items()}


def _definition(specs: Sequence[Any]) -> Any:
    newest = specs[-1]
    versions: dict[str, list[Any]] = {}
    for spec in specs:
        for version in spec["versions"]:
            if version.get("schema", {}).get("openAPIV3Schema"):
                versions.setdefault(version["name"], []).append(version)
    merged_versions = [
        {
            "name": name,
            "served": True,
            "storage": place == 0,
            "subresources": listed[-1].get("subresources", {}),
            "schema": {
                "openAPIV3Schema": merged([one["schema"]["openAPIV3Schema"] for one in listed])
            },
        }
        for place, (name, listed) in enumerate(sorted(versions.items()))
    ]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{newest['names']['plural']}.{newest['group']}"},
        "spec": {
            "group": newest["group"],
            "names": newest["names"],
            "scope": newest["scope"],
            "versions": merged_versions,
        },
    }


def merged(schemas: Sequence[Schema]) -> Schema:
    """The schema that refuses what all of these refuse, and nothing else."""
    if len({schema.get("type") for schema in schemas}) > 1:
        return _ANYTHING
    result: dict[str, Any] = {}
    for key in dict.fromkeys(key for schema in schemas for key in schema):
        values = [schema[key] for schema in schemas if key in schema]
        kept = _MERGED.get(key, _if_equal)(values, len(schemas))
        if kept is not None:
            result[key] = kept
    return result


def _properties(values: Sequence[Any], count: int) -> Any:
    del count
    names = dict.fromkeys(name for value in values for name in value)
    return {name: merged([value[name] for value in values if name in value]) for name in names}


def _below(values: Sequence[Any], count: int) -> Any:
    if len(values) < count or not all(isinstance(value, dict) for value in values):
        return _if_equal(values, count)
    return merged(values)


def _in_all(values: Sequence[Any], count: int) -> Any:
    kept = [item for item in values[-1] if all(item in value for value in values)]
    return kept if kept and len(values) == count else None


def _rules_in_all(values: Sequence[Any], count: int) -> Any:
    """The rules that all releases have; their messages are the newest release's."""
    texts = [{item["rule"] for item in value} for value in values]
    kept = [item for item in values[-1] if all(item["rule"] in text for text in texts)]
    return kept if kept and len(values) == count else None


def _in_any(values: Sequence[Any], count: int) -> Any:
    if len(values) < count:
        return None
    return list(dict.fromkeys(item for value in values for item in value))


def _if_equal(values: Sequence[Any], count: int) -> Any:
    is_equal = len(values) == count and all(value == values[0] for value in values)
    return values[0] if is_equal else None


def _newest(values: Sequence[Any], count: int) -> Any:
    del count
    return values[-1]


def _some(values: Sequence[Any], count: int) -> Any:
    del count
    return any(values) or None


def _nothing(values: Sequence[Any], count: int) -> Any:
    del values, count


_MERGED: Final[Mapping[str, Callable[[Sequence[Any], int], Any]]] = {
    "properties": _properties,
    "items": _below,
    "additionalProperties": _below,
    "required": _in_all,
    "enum": _in_any,
    _RULES: _rules_in_all,
    "default": _newest,
    "nullable": _some,
    "x-kubernetes-preserve-unknown-fields": _some,
    "description": _nothing,
    "title": _nothing,
    "example": _nothing,
}


def _limits(value: Any) -> bool:
    """Whether a schema says more than its shape does."""
    if isinstance(value, dict):
        return not _LIMITS.isdisjoint(value) or any(map(_limits, value.values()))
    return isinstance(value, list) and any(map(_limits, value))
