"""The difference of two sets of environments: which resources change, and which change alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from bot.core.diff.fields import FieldComparison
from bot.core.diff.model import (
    MOST_GROUPS,
    MOST_PLACES,
    ChangedResource,
    ChangeKind,
    Difference,
    DifferenceGroup,
    FieldChange,
)
from bot.core.resource import ResourceKey
from bot.core.state import Change
from bot.patterns import pattern

Ignored: TypeAlias = Mapping[ResourceKey, tuple[str, ...]]
"""The paths of values that change on every build, by resource."""

_GroupKey: TypeAlias = tuple[ChangeKind, tuple[str, str], tuple[FieldChange, ...], int]

_AUTHORITY: Final = frozenset(
    {
        "rbac.authorization.k8s.io",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "kyverno.io",
        "policies.kyverno.io",
        "constraints.gatekeeper.sh",
        "networking.k8s.io",
        "gateway.networking.k8s.io",
        "cilium.io",
        "argoproj.io",
        "kustomize.toolkit.fluxcd.io",
        "helm.toolkit.fluxcd.io",
    }
)
_BOOKKEEPING: Final = pattern(
    r".*metadata\.(labels(\[(app\.kubernetes\.io/version|helm\.sh/chart)\]|\.chart)"
    r"|annotations\[checksum/[^]]+\])"
)
"""What a new version of a chart changes in every resource: it is shown, after everything else."""

_SENSITIVE: Final = frozenset({"Namespace", "Secret", "ServiceAccount", "PersistentVolumeClaim"})
_LAST: Final = 3
_ORDER: Final[Mapping[ChangeKind, int]] = {"removed": 0, "changed": 1, "added": 2}


def difference(
    environments: Iterable[tuple[str, Iterable[Change]]], ignored: Ignored | None = None
) -> Difference:
    """The difference of all environments, each with its changed resources.

    The same change of one resource in several environments is listed once and names them.
    """
    comparison = FieldComparison()
    ignored = ignored or {}
    places: dict[tuple[ResourceKey, bytes, bytes], tuple[Change, list[str]]] = {}
    omitted = 0
    for environment, changes in environments:
        for change in changes:
            identity = identity_of(change)
            if identity in places:
                places[identity][1].append(environment)
            elif len(places) < MOST_PLACES:
                places[identity] = (change, [environment])
            else:
                omitted += 1
    groups: dict[_GroupKey, list[ChangedResource]] = {}
    for change, names in places.values():
        key = _group(change, comparison, ignored.get(change.key, ()))
        if key is not None:
            groups.setdefault(key, []).append(ChangedResource(change.key, tuple(names)))
    ordered = sorted(_groups(groups), key=_worst_first)
    omitted += sum(len(group.resources) for group in ordered[MOST_GROUPS:])
    return Difference(tuple(ordered[:MOST_GROUPS]), omitted)


def identity_of(change: Change) -> tuple[ResourceKey, bytes, bytes]:
    """The resource and both of its contents: equal changes of one resource share it."""
    old, new = change.before, change.after
    return (change.key, old.encoded if old else b"", new.encoded if new else b"")


def _group(
    change: Change, comparison: FieldComparison, ignored: tuple[str, ...]
) -> _GroupKey | None:
    """What a resource is grouped by; None where only ignored values change."""
    kind = (change.key.group, change.key.kind)
    if change.before is None:
        return ("added", kind, (), 0)
    if change.after is None:
        return ("removed", kind, (), 0)
    fields, more = comparison.fields(change.before, change.after, ignored)
    if not fields and not more:
        return None
    return ("changed", ("", "") if fields else kind, fields, more)


def _groups(groups: Mapping[_GroupKey, list[ChangedResource]]) -> Iterator[DifferenceGroup]:
    for (change, _, fields, more), resources in groups.items():
        ordered = sorted(resources, key=lambda item: (item.key.sort_key, item.environments))
        yield DifferenceGroup(change, tuple(ordered), fields, more)


def _worst_first(group: DifferenceGroup) -> tuple[int, int, int, tuple[str, str, str, str]]:
    """Authority and data before workloads, workloads before the rest; removals first."""
    ranks = [_rank(resource.key) for resource in group.resources]
    if group.fields and all(_BOOKKEEPING.fullmatch(field.path) for field in group.fields):
        ranks = [_LAST for _ in ranks]
    first = group.resources[0].key
    return (min(ranks), _ORDER[group.change], -len(ranks), first.sort_key)


def _rank(key: ResourceKey) -> int:
    if key.group in _AUTHORITY or (key.group == "" and key.kind in _SENSITIVE):
        return 0
    return 1 if key.group in {"apps", "batch"} or key.kind in {"Pod", "Service"} else 2
