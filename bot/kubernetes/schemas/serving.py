"""Served kinds: is there an API in the environment that takes an object of this kind?"""

from __future__ import annotations

from bot.core.resource import GroupKind, Resource
from bot.core.state import State
from bot.kubernetes.apply.api_versions import unserved
from bot.kubernetes.schemas.definitions import CustomKind, custom_kinds
from bot.kubernetes.schemas.known_kinds import KnownKind, known_kind, known_versions
from bot.kubernetes.schemas.published import Published, built_in_groups, published
from bot.kubernetes.schemas.shape import Shape
from bot.kubernetes.schemas.spelling import is_misspelling, nearest
from bot.kubernetes.versions import minor_version
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class NotServed:
    """A kind that no API serves, and the `group/version Kind` that was probably meant."""

    nearest: str | None


@dataclass(frozen=True, slots=True)
class ServedKind:
    """A kind that is served, its shape, and who defines it.

    `definition` is the repository's; `known` a well-known project's, whose release in the cluster
    is not known. A kind of Kubernetes itself has neither.
    """

    shape: Shape
    definition: CustomKind | None = None
    known: KnownKind | None = None

    @property
    def is_custom(self) -> bool:
        """Whether a CustomResourceDefinition defines the kind."""
        return self.definition is not None or self.known is not None


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
        return ServedKind(kind.shape)
    known = known_kind(resource.api_version, resource.key.kind)
    if known is not None:
        return ServedKind(known.shape, known=known)
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
    custom = known_versions()
    if GroupKind(group, kind) in custom:
        return None  # a version that is older or newer than those that are known
    siblings = [other.kind for other in custom if other.group == group]
    if siblings:
        return _misspelt(resource, next((k for k in siblings if is_misspelling(kind, k)), None))
    same = [other for other in known if other.kind == kind]
    close = nearest(group, [other.group for other in same if other.group])
    if close is None or group.endswith(f".{close}"):
        return None
    return NotServed(next(str(other) for other in same if other.group == close))


def _misspelt(resource: Resource, kind: str | None) -> NotServed | None:
    """The kind of a project that was meant; one that is like none may be another project's."""
    if kind is None:
        return None
    version = resource.api_version.rpartition("/")[2]
    versions = known_versions()[GroupKind(resource.key.group, kind)]
    nearest_version = version if version in versions else versions[-1]
    return NotServed(str(_KindName(resource.key.group, nearest_version, kind)))


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
