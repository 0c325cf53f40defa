"""API versions: whether a version of Kubernetes serves what a manifest asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bot.core.resource import GroupKind, Resource
from bot.kubernetes.apply.api_versions_table import NEWEST, TABLE

_STABLE: Final = re.compile(r"v\d{1,3}")
_MINOR: Final = re.compile(r"v?1\.(\d{1,4})(?:\.\d+)?")
# What a cluster without a known version surely has: nobody maintains what is older.
_OLDEST_KEPT: Final = NEWEST - 5


@dataclass(frozen=True, slots=True)
class ServedVersion:
    """A version of a kind and the minor versions of Kubernetes that serve it, `until` excluded."""

    version: str
    since: int
    until: int | None

    def by(self, minor: int) -> bool:
        """Whether this minor version of Kubernetes serves it."""
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

# The versions of these kinds differ in name alone, so that the newer takes an older manifest.
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
    """Why a version is not served: `until` or `since` which minor version, or in none at all.

    `use` is the version to use instead, None where the kind is gone; `alike` says that nothing but
    the name has to change. `certain` is False where it hangs on a version that nobody named.
    """

    minor: int
    since: int | None
    until: int | None
    use: str | None
    alike: bool
    certain: bool


def minor_version(text: str | None) -> int | None:
    """The minor version in `1.34`, `v1.34` or `1.34.2`, None for what is none of them."""
    match = _MINOR.fullmatch(text or "")
    return int(match[1]) if match else None


def unserved(resource: Resource, kubernetes: str | None) -> Unserved | None:
    """Why this version of Kubernetes does not serve the resource; None where it does or may."""
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
    """The newest version that is served; alpha versions are off unless somebody turns them on."""
    served = (candidate.version for candidate in reversed(versions) if candidate.by(minor))
    return next((version for version in served if "alpha" not in version), None)


def _elsewhere(kind: GroupKind, minor: int) -> str | None:
    """The group and version to which a kind moved when its group was closed."""
    for other, versions in SERVED.items():
        if other.kind == kind.kind and other.group != kind.group:
            use = _newest(versions, minor)
            if use:
                return f"{other.group}/{use}"
    return None
