"""Served kinds: is there an API in the environment that takes an object of this kind?"""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.resource import Resource
from bot.core.state import State
from bot.kubernetes.apply.api_versions import minor_version, unserved
from bot.kubernetes.schemas.check import nearest
from bot.kubernetes.schemas.definitions import CustomKind, custom_kinds
from bot.kubernetes.schemas.published import Published, built_in_groups, published
from bot.kubernetes.schemas.shape import Shape


@dataclass(frozen=True, slots=True)
class NotServed:
    """A kind that no API serves, and the `group/version Kind` that was probably meant."""

    nearest: str | None


@dataclass(frozen=True, slots=True)
class ServedKind:
    """A kind that is served, its shape, and who defines it (None: Kubernetes itself)."""

    shape: Shape
    definition: CustomKind | None


def schemas_of(state: State) -> Published:
    """The published schemas of the environment's Kubernetes."""
    return published(minor_version(state.environment.kubernetes))


def serving(resource: Resource, state: State) -> ServedKind | NotServed | None:
    """How the resource's kind is served; None where neither the state nor Kubernetes says it."""
    custom = state.derived(custom_kinds).get(resource.group_kind)
    version = resource.api_version.rpartition("/")[2]
    if custom is not None:
        shape = custom.shapes.get(version)
        if shape is not None:
            return ServedKind(shape, custom)
        return None  # a definition in the tree may be older than the cluster's
    schemas = schemas_of(state)
    kind = schemas.kind(resource.api_version, resource.key.kind)
    if kind is not None:
        return ServedKind(kind.shape, None)
    if unserved(resource, state.environment.kubernetes) is not None:
        return None  # the rule about removed versions says so
    return _unknown(resource, schemas)


def _unknown(resource: Resource, schemas: Published) -> NotServed | None:
    """Why a kind that Kubernetes does not have is not served by something else either."""
    group, kind = resource.key.group, resource.key.kind
    known = [_parts(name) for name in schemas.kinds]
    if group in built_in_groups():
        if any(other.group == group and other.kind == kind for other in known):
            return None  # another version of the kind, which the rule about versions judges
        close = nearest(kind, [other.kind for other in known])
        return NotServed(next((str(other) for other in known if other.kind == close), None))
    same = [other for other in known if other.kind == kind]
    close = nearest(group, [other.group for other in same if other.group])
    if close is None or group.endswith(f".{close}"):
        return None
    return NotServed(next(str(other) for other in same if other.group == close))


@dataclass(frozen=True, slots=True)
class _KindName:
    group: str
    version: str
    kind: str

    def __str__(self) -> str:
        prefix = f"{self.group}/" if self.group else ""
        return f"{prefix}{self.version} {self.kind}"


def _parts(name: str) -> _KindName:
    """The parts of `group/version/Kind`, or of `version/Kind` in the core group."""
    version, _, kind = name.rpartition("/")
    group, _, number = version.rpartition("/")
    return _KindName(group, number, kind)
