"""Settings of owners by which their tool applies less than their source, or something else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from bot.core.resource import Node, Resource
from bot.core.state import Change, State
from bot.kubernetes import kinds
from bot.kubernetes.apply.idle.argo_refusals import unmoved
from bot.kubernetes.apply.idle.idle_owners import idle_by, is_pause
from bot.kubernetes.apply.idle.ignored_limits import leaves_limits
from bot.kubernetes.apply.ignored_differences import ignored_items
from bot.kubernetes.apply.ignored_targets import ignored_kind
from bot.kubernetes.gitops.owners import application_spec, generated_owners
from bot.kubernetes.limiting import limits_others

_HYDRATED: Final = (
    ("syncSource", "repoURL"),
    ("syncSource", "targetBranch"),
    ("syncSource", "path"),
    ("hydrateTo", "targetBranch"),
)


def newly_unapplied(change: Change, before: State, after: State) -> Iterator[tuple[Node, str]]:
    """The new settings of an owner, each with its effect."""
    old, new = change.before, change.after
    if new is None:
        return
    idle = idle_by(new)
    if old is None:
        if idle is not None and _may_lose_limits(new, before, after):
            yield idle, "is new and applies nothing of its source"
        return
    olds, news = generated_owners(old, before), generated_owners(new, after)
    for name, owner in news.items():
        # A paused owner goes on after a while, and what it applied stays as it is until then.
        idle, was = idle_by(owner), idle_by(olds.get(name, old))
        if idle is not None and not is_pause(idle) and was is None:
            yield idle, "no longer applies its source"
            break
    yield from _ignored(olds.values(), news.values())
    keeping = unmoved(new, before, after)
    if keeping is not None:
        yield keeping, "leaves its Applications in the directories that they had before"
    if new.group_kind in kinds.APPLICATIONS:
        yield from _hydrated(old, new)
        yield from _reordered(old, new)


def _may_lose_limits(new: Resource, before: State, after: State) -> bool:
    """Whether a new owner has objects that limit others or that base applies, or unknown ones."""
    if all(root.node.resource.key != new.key for root in after.declarations):
        return False
    keys = [
        key
        for key, declared in after.applied_by.items()
        if any(root.node.resource.key == new.key for root in declared)
    ]
    return not keys or any(limits_others(key.group_kind) or before.get(key) for key in keys)


def _ignored(olds: Iterable[Resource], news: Iterable[Resource]) -> Iterator[tuple[Node, str]]:
    """The settings by which an owner newly ignores fields or leaves out parts of a build."""
    had = [(effect, node.value) for old in olds for node, effect in _ignoring(old)]
    for node, effect in (ignoring for new in news for ignoring in _ignoring(new)):
        if (effect, node.value) not in had:
            had.append((effect, node.value))
            yield node, effect


def _ignoring(owner: Resource) -> Iterator[tuple[Node, str]]:
    """The settings by which an owner ignores fields or leaves out parts of a build."""
    spec = application_spec(owner)
    for source in (spec["source"], *spec["sources"].items()):
        ignored = source["kustomize"]["ignoreMissingComponents"]
        if ignored.value is True:
            yield ignored, "leaves out components: some versions of Argo CD apply only the first"
    for item in ignored_items(owner):
        if leaves_limits(item):
            kind = ignored_kind(item) or "every kind"
            yield item, f"no longer applies the ignored fields of {kind}"


def _hydrated(old: Resource, new: Resource) -> Iterator[tuple[Node, str]]:
    """The changed branch or directory that a hydrator syncs from, or writes to.

    A first hydrator is judged by its dry source, from which it writes what is synced.
    https://argo-cd.readthedocs.io/en/stable/user-guide/source-hydrator/
    """
    before, after = (application_spec(side)["sourceHydrator"] for side in (old, new))
    for part, name in _HYDRATED:
        node = after[part][name]
        if before.exists and node.exists and before[part][name].value != node.value:
            yield node, f"now syncs from another {part}.{name}"


def _reordered(old: Resource, new: Resource) -> Iterator[tuple[Node, str]]:
    """Sources in a new order: of an object in several, Argo CD applies the last copy.

    https://argo-cd.readthedocs.io/en/stable/user-guide/multiple_sources/
    """
    before, after = (application_spec(side)["sources"] for side in (old, new))
    was = [_place(item) for item in before.items()]
    now = [_place(item) for item in after.items()]
    common = [place for place in now if place in was]
    if common != [place for place in was if place in now]:
        yield (
            after,
            "applies its sources in another order: of an object in several, the last copy counts",
        )


def _place(source: Node) -> tuple[str | None, ...]:
    return tuple(source[name].text for name in ("repoURL", "path", "chart", "ref"))
