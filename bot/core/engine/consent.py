"""What an approval of a finding rests on: the content that the approver was shown.

A rule declares it (`CONSENT`): nothing beyond message and facts where the facts are complete by
construction, fields of the resource, or, without a declaration, the whole resource. The content is
compared by digest; a digest for each field says what changed since an approval ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import reduce
from hashlib import blake2b, scrypt
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from bot.core.resource import ListStep, Resource, Route
from bot.core.values import Value, mapping, thaw
from bot.records import dataclass

FieldPaths: TypeAlias = tuple[str, ...]

FACTS_ONLY: Final[FieldPaths] = ()
"""For rules whose facts say everything that the finding is about, such as grants."""

POD_TEMPLATE: Final[FieldPaths] = ("spec.template", "spec.jobTemplate.spec.template")
"""For rules about the pods of a workload, however many replicas it has."""

SPEC_AND_ANNOTATIONS: Final[FieldPaths] = ("spec", "metadata.annotations")
"""For rules about routes and Services, whose controllers read annotations as well."""

MOST_CONTENT_FIELDS: Final = 40
"""The most fields that are told apart when an approval has ended."""

_encode: Final = msgspec.json.Encoder(order="deterministic").encode
_VOLATILE: Final = "\x00volatile"


@dataclass(frozen=True, slots=True)
class ConsentContent:
    """The content that an approval rests on: a digest, and a short digest of each field."""

    digest: str = ""
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


NO_CONTENT: Final = ConsentContent()


def resource_content(
    resource: Resource, paths: FieldPaths | None, volatile: Iterable[Route] = ()
) -> ConsentContent:
    """The content of a resource, restricted to the fields at `paths`; None is all of it.

    `volatile` are fields that change on every build, whose values do not count. A resource that
    has none of the fields counts as a whole. The values of a Secret cannot be guessed from its
    digest, and its fields are not told apart.
    """
    if paths == FACTS_ONLY:
        return NO_CONTENT
    body: Value = resource.body
    for route in volatile:
        body = _without(body, _steps(route))
    declared = {path: value for path in paths or () if (value := _at(body, path)) is not None}
    content: Value = MappingProxyType(declared) if declared else body
    if (resource.key.group, resource.key.kind) == ("", "Secret"):
        salt = str(resource.key).encode()
        return ConsentContent(scrypt(_bytes(content), salt=salt, n=2**14, r=8, p=1, dklen=16).hex())
    return ConsentContent(_digest(content, 16), MappingProxyType(_field_digests(content)))


def file_content(blob: str) -> ConsentContent:
    """The content of a file, by its content id."""
    return ConsentContent(blake2b(blob.encode(), digest_size=16).hexdigest())


def combined_content(contents: Iterable[ConsentContent]) -> ConsentContent:
    """The content of one finding that holds in several environments."""
    unique = {content.digest: content for content in contents}
    if len(unique) == 1:
        return next(iter(unique.values()))
    names = sorted({name for content in unique.values() for name in content.fields})
    fields = {
        name: _digest(tuple(sorted({one.fields.get(name, "") for one in unique.values()})), 4)
        for name in names
    }
    return ConsentContent(_digest(tuple(sorted(unique)), 16), MappingProxyType(fields))


def changed_fields(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """The paths of fields that differ between two contents, in alphabetical order."""
    differing = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    inner = {
        name
        for name in differing
        if any(other != name and other.startswith((f"{name}.", f"{name}[")) for other in differing)
    }
    return tuple(sorted(name for name in differing - inner if name))


def _field_digests(content: Value) -> dict[str, str]:
    """A short digest for each field, as deep as `MOST_CONTENT_FIELDS` of them allow."""
    leaves: dict[str, Value] = {"": content}
    while True:
        opened: dict[str, Value] = {}
        for name, value in leaves.items():
            inner = dict(_children(name, value))
            opened |= inner or {name: value}
        if len(opened) > MOST_CONTENT_FIELDS or opened.keys() == leaves.keys():
            break
        leaves = opened
    return {name: _digest(value, 4) for name, value in sorted(leaves.items())}


def _children(name: str, value: Value) -> Iterable[tuple[str, Value]]:
    if isinstance(value, Mapping):
        return [(f"{name}.{key}" if name else key, child) for key, child in value.items()]
    if isinstance(value, tuple):
        names = [mapping(child).get("name") for child in value]
        told_apart = all(isinstance(each, str) for each in names) and len(set(names)) == len(names)
        keys = names if told_apart else range(len(value))
        return [(f"{name}[{key}]", child) for key, child in zip(keys, value, strict=True)]
    return []


def _at(body: Value, path: str) -> Value:
    return reduce(lambda value, step: mapping(value).get(step), path.split("."), body)


def _steps(route: Route) -> tuple[str | int, ...]:
    return tuple(step.index if isinstance(step, ListStep) else step for step in route)


def _without(value: Value, steps: tuple[str | int, ...]) -> Value:
    """The value with the field at these steps replaced by a constant, where it exists."""
    if not steps:
        return _VOLATILE
    first, rest = steps[0], steps[1:]
    if isinstance(value, Mapping) and first in value:
        return MappingProxyType({**value, str(first): _without(value[str(first)], rest)})
    if isinstance(value, tuple) and isinstance(first, int) and first < len(value):
        return (*value[:first], _without(value[first], rest), *value[first + 1 :])
    return value


def _bytes(value: Value) -> bytes:
    return _encode(thaw(value))


def _digest(value: Value, size: int) -> str:
    return blake2b(_bytes(value), digest_size=size).hexdigest()
