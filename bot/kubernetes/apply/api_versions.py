"""API versions: does a minor version of Kubernetes serve the version that a manifest names?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core.resource import GroupKind, Resource
from bot.kubernetes.apply.api_versions_table import NEWEST, TABLE
from bot.kubernetes.versions import minor_version
from bot.patterns import pattern
from bot.records import dataclass

_STABLE: Final = pattern(r"v\d{1,3}")
# The oldest minor that a cluster of unknown version is assumed to run.
_OLDEST_KEPT: Final = NEWEST - 5


@dataclass(frozen=True, slots=True)
class ServedVersion:
    """A version of a kind, served by the minor versions from `since` up to but without `until`."""

    version: str
    since: int
    until: int | None

    def by(self, minor: int) -> bool:
        """Whether this minor version of Kubernetes serves the version."""
        return self.since <= minor and (self.until is None or minor < self.until)


def _parse(table: str) -> Iterator[tuple[GroupKind, tuple[ServedVersion, ...]]]:
    for line in table.strip().splitlines():
        name, _, versions = line.partition(": ")
        group, _, kind = name.rpartition("/")
        yield GroupKind(group, kind), tuple(_served(text) for text in versions.split(", "))


def _served(text: str) -> ServedVersion:
    version, _, span = text.partition(" ")
    since, _, until = span.partition("-")
    return ServedVersion(version, int(since or 0), int(until) if until else None)


SERVED: Final[Mapping[GroupKind, tuple[ServedVersion, ...]]] = MappingProxyType(dict(_parse(TABLE)))
"""The kinds of Kubernetes itself that people write, with their versions from oldest to newest."""

# The versions of these kinds differ in name only, so a manifest needs no other change.
_ALIKE: Final = frozenset(
    {
        *(
            GroupKind("rbac.authorization.k8s.io", kind)
            for kind in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
        ),
        *(GroupKind("storage.k8s.io", kind) for kind in ("StorageClass", "CSIDriver", "CSINode")),
        GroupKind("batch", "CronJob"),
        GroupKind("coordination.k8s.io", "Lease"),
        GroupKind("scheduling.k8s.io", "PriorityClass"),
    }
)


@dataclass(frozen=True, slots=True)
class Unserved:
    """Why a minor version does not serve a version of a kind.

    `since` is the first minor that serves the version, `until` the first that no longer does; both
    are None for a version that never existed. `use` is the version to use instead, None where the
    kind is gone. `alike` says that only the name of the version has to change. `certain` is False
    where the answer depends on the cluster's version and the policy does not name it.
    """

    minor: int
    since: int | None
    until: int | None
    use: str | None
    alike: bool
    certain: bool


def unserved(resource: Resource, kubernetes: str | None) -> Unserved | None:
    """Why `kubernetes` does not serve the resource's version; None where it does or may."""
    kind = resource.group_kind
    versions = SERVED.get(kind)
    if versions is None:
        return None
    version = resource.api_version.rpartition("/")[2]
    named_minor = minor_version(kubernetes)
    minor = NEWEST if named_minor is None else named_minor
    served = next((candidate for candidate in versions if candidate.version == version), None)
    if (served is None and not _STABLE.fullmatch(version)) or (served and served.by(minor)):
        return None
    use = _newest(versions, minor)
    prefix = f"{kind.group}/" if kind.group else ""
    until = served.until if served else None
    return Unserved(
        minor,
        served.since if served and served.since > minor else None,
        until if until is not None and until <= minor else None,
        f"{prefix}{use}" if use else _elsewhere(kind, minor),
        kind in _ALIKE and use is not None,
        named_minor is not None or until is None or until <= _OLDEST_KEPT,
    )


def _newest(versions: tuple[ServedVersion, ...], minor: int) -> str | None:
    """The newest version served at this minor, alpha versions excluded: they are off by default."""
    served = (candidate.version for candidate in reversed(versions) if candidate.by(minor))
    return next((version for version in served if "alpha" not in version), None)


def _elsewhere(kind: GroupKind, minor: int) -> str | None:
    """The group and version that a kind moved to when its old group was removed."""
    for other, versions in SERVED.items():
        if other.kind == kind.kind and other.group != kind.group:
            use = _newest(versions, minor)
            if use:
                return f"{other.group}/{use}"
    return None
