"""Kinds of resources that Argo CD newly leaves alone.

https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#resource-exclusioninclusion
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from bot.core.finding import Side
from bot.core.reading.yaml_texts import value_of
from bot.core.resource import GroupKind, Node, Resource
from bot.core.values import Body, mapping, sequence
from bot.core.words import first_of
from bot.errors import UnbuildableError
from bot.kubernetes import kinds
from bot.kubernetes.gitops.globs import matches
from bot.kubernetes.naming import escaped
from bot.kubernetes.workloads.pods import str_of
from bot.records import dataclass

EXCLUSIONS: Final = "resource.exclusions"
INCLUSIONS: Final = "resource.inclusions"
_ADMISSION: Final = "admissionregistration.k8s.io"
# What limits others may be in another cluster than the settings of Argo CD.
_LIMITING: Final = (
    kinds.NETWORK_POLICY,
    kinds.RESOURCE_QUOTA,
    kinds.LIMIT_RANGE,
    GroupKind(_ADMISSION, "ValidatingAdmissionPolicy"),
    GroupKind(_ADMISSION, "ValidatingWebhookConfiguration"),
)
_MOST_NAMED: Final = 4
_IN_CLUSTER: Final = "https://kubernetes.default.svc"


@dataclass(frozen=True, slots=True)
class _Filter:
    """One entry of a list: empty fields match everything."""

    groups: tuple[str, ...]
    kinds: tuple[str, ...]
    clusters: tuple[str, ...]

    def takes(self, kind: GroupKind, cluster: str) -> bool:
        """Whether it matches a kind in a cluster."""
        return (
            self.takes_cluster(cluster)
            and (not self.groups or any(matches(glob, kind.group, "text") for glob in self.groups))
            and (not self.kinds or "*" in self.kinds or kind.kind in self.kinds)
        )

    def takes_cluster(self, cluster: str) -> bool:
        """Whether it is for a cluster."""
        return not self.clusters or any(matches(glob, cluster, "text") for glob in self.clusters)


@dataclass(frozen=True, slots=True)
class _Filters:
    """Both lists of a ConfigMap."""

    exclusions: tuple[_Filter, ...]
    inclusions: tuple[_Filter, ...]

    def leave_out(self, kind: GroupKind, cluster: str) -> bool:
        """Whether Argo CD leaves a kind in a cluster alone.

        https://github.com/argoproj/argo-cd/blob/master/util/settings/resources_filter.go
        """
        if any(each.takes(kind, cluster) for each in self.exclusions):
            return True
        if any(each.takes(kind, cluster) for each in self.inclusions):
            return False
        return any(each.takes_cluster(cluster) for each in self.inclusions)

    @property
    def clusters(self) -> frozenset[str]:
        """The clusters that it names."""
        lists = (*self.exclusions, *self.inclusions)
        return frozenset(name for each in lists for name in each.clusters)


def kinds_left_out(
    old: Resource | None, new: Resource, present: Iterable[GroupKind]
) -> Iterator[tuple[Node, str, Side]]:
    """The kinds, of those that are present or limit others, that Argo CD newly leaves alone."""
    before, after = _filters(old) if old is not None else _Filters((), ()), _filters(new)
    if before == after:
        return
    clusters = {_IN_CLUSTER, *before.clusters, *after.clusters}
    newly = {
        kind
        for kind in (*present, *_LIMITING)
        for cluster in clusters
        if after.leave_out(kind, cluster) and not before.leave_out(kind, cluster)
    }
    if newly:
        key = EXCLUSIONS if before.exclusions != after.exclusions else INCLUSIONS
        names = first_of(sorted({escaped(kind.kind) for kind in newly}), _MOST_NAMED)
        message = f"{str_of(new)} makes Argo CD neither apply nor prune {names} ({key})"
        yield new.at("data", key), message, "RIGHT"


def _filters(settings: Resource) -> _Filters:
    exclusions, inclusions = (
        tuple(_parsed(settings.at("data", key).text or "")) for key in (EXCLUSIONS, INCLUSIONS)
    )
    return _Filters(exclusions, inclusions)


def _parsed(text: str) -> Iterator[_Filter]:
    try:
        entries = sequence(value_of(text.encode()))
    except UnbuildableError:
        return
    for entry in map(mapping, entries):
        yield _Filter(*(_texts(entry, name) for name in ("apiGroups", "kinds", "clusters")))


def _texts(entry: Body, name: str) -> tuple[str, ...]:
    return tuple(item for item in sequence(entry.get(name)) if isinstance(item, str))
