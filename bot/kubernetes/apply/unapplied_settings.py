"""Settings of owners by which their tool applies less than their source, or something else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import GroupKind, Node, Resource
from bot.kubernetes import kinds
from bot.kubernetes.gitops.owners import application_spec
from bot.kubernetes.gitops.prune_marks import flux_mark
from bot.kubernetes.limiting import limits_others

_SKIP_RECONCILE: Final = "argocd.argoproj.io/skip-reconcile"
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})  # Go's strconv.ParseBool
_OF_ARGO: Final = frozenset({kinds.APPLICATION, kinds.APPLICATION_SET})
_OF_FLUX: Final = frozenset({kinds.FLUX_KUSTOMIZATION, kinds.HELM_RELEASE})
_ANY: Final = frozenset({"", "*"})
_HYDRATED: Final = (
    ("syncSource", "repoURL"),
    ("syncSource", "targetBranch"),
    ("syncSource", "path"),
    ("hydrateTo", "targetBranch"),
)
_SUSPENDED: Final = ("spec", "suspend")


def newly_unapplied(old: Resource | None, new: Resource) -> Iterator[tuple[Node, str]]:
    """The settings that an owner newly has, each with what its tool then does."""
    idle = idle_by(new)
    if old is None:
        if idle is not None:
            yield idle, "is new and applies nothing of its source"
        return
    # A suspended owner goes on after a while, and what it applied stays as it is until then.
    if idle is not None and idle.route != _SUSPENDED and idle_by(old) is None:
        yield idle, "no longer applies its source"
    if new.group_kind in _OF_ARGO:
        yield from _ignored(old, new)
        yield from _hydrated(old, new)
        yield from _reordered(old, new)


def idle_by(owner: Resource) -> Node | None:
    """The field by which an owner applies nothing at all, None where it applies its source."""
    if owner.group_kind in _OF_FLUX:
        suspended = owner.at(*_SUSPENDED)
        return suspended if suspended.value is True else flux_mark(owner, "reconcile", "ssa")
    if owner.group_kind in _OF_ARGO:
        skip = _skip(owner)
        return skip if skip.text in _TRUE else None
    return None


def _skip(owner: Resource) -> Node:
    is_set = owner.group_kind == kinds.APPLICATION_SET
    metadata = owner.at("spec", "template", "metadata") if is_set else owner.at("metadata")
    return metadata["annotations"][_SKIP_RECONCILE]


def _ignored(old: Resource, new: Resource) -> Iterator[tuple[Node, str]]:
    """What an Application newly leaves as it is in the cluster, or leaves out of a build."""
    had = [(effect, node.value) for node, effect in _ignoring(application_spec(old))]
    for node, effect in _ignoring(application_spec(new)):
        if (effect, node.value) not in had:
            yield node, effect


def _ignoring(spec: Node) -> Iterator[tuple[Node, str]]:
    """https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#respect-ignore-differences."""
    for source in (spec["source"], *spec["sources"].items()):
        ignored = source["kustomize"]["ignoreMissingComponents"]
        if ignored.value is True:
            yield ignored, "leaves out components: some versions of Argo CD apply the first alone"
    if "RespectIgnoreDifferences=true" in spec["syncPolicy"]["syncOptions"].texts:
        for item in spec["ignoreDifferences"].items():
            if _may_limit_others(item) and not _leaves_certificates(item):
                kind = item["kind"].text or "every kind"
                yield item, f"no longer applies what it ignores of {kind}"


def _leaves_certificates(item: Node) -> bool:
    """Whether only the certificates of webhooks are ignored, which a controller fills in."""
    paths = (*item["jsonPointers"].texts, *item["jqPathExpressions"].texts)
    named = bool(paths) and all(path.endswith("caBundle") for path in paths)
    return named and not item["managedFieldsManagers"].exists


def _may_limit_others(item: Node) -> bool:
    group, kind = item["group"].text or "", item["kind"].text or ""
    return kind in _ANY or limits_others(GroupKind(group, kind))


def _hydrated(old: Resource, new: Resource) -> Iterator[tuple[Node, str]]:
    """Another branch or directory than before that a hydrator syncs, or writes to.

    A first hydrator is judged by its dry source, from which it writes what is synced.
    https://argo-cd.readthedocs.io/en/stable/user-guide/source-hydrator/
    """
    before, after = (application_spec(side)["sourceHydrator"] for side in (old, new))
    for part, name in _HYDRATED:
        node = after[part][name]
        if before.exists and node.exists and before[part][name].value != node.value:
            yield node, f"now takes what it applies from another {part}.{name}"


def _reordered(old: Resource, new: Resource) -> Iterator[tuple[Node, str]]:
    """Sources in another order than before: of an object that several have, the last one counts.

    https://argo-cd.readthedocs.io/en/stable/user-guide/multiple_sources/
    """
    before, after = (application_spec(side)["sources"] for side in (old, new))
    was = [_place(item) for item in before.items()]
    now = [_place(item) for item in after.items()]
    common = [place for place in now if place in was]
    if common != [place for place in was if place in now]:
        yield after, "applies its sources in another order, and of what several have the last one"


def _place(source: Node) -> tuple[str | None, ...]:
    return tuple(source[name].text for name in ("repoURL", "path", "chart", "ref"))
