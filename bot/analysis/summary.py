"""The summary of a change in numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal

from bot.core.engine.review import (
    Counts,
    GrantCounts,
    ImageChange,
    ObjectValidation,
    RemovedGrants,
    RenderedRoots,
    Summary,
)
from bot.core.publish.fetched import fetched_of
from bot.core.resource import ListStep, Resource, ResourceKey, Route
from bot.core.state import Change, changes
from bot.core.states import Pair, States
from bot.core.values import thaw
from bot.kubernetes.images.changes import image_changes
from bot.kubernetes.images.positions import image_uses
from bot.kubernetes.rbac import MOST_REMOVED, grant_difference, removed_grants

_RBAC: Final = "rbac.authorization.k8s.io"


def summarise(states: States, validation: ObjectValidation | None = None) -> Summary:
    """The numbers of a change. The same change in several environments counts once."""
    differing: dict[_Mark, Change] = {}
    for pair in (*states.pairs, *states.divided):
        for change in changes(pair.before, pair.after):
            differing.setdefault(_identity(change), change)
    distinct = tuple(differing.values())
    grants, removed = _grants(states.pairs)
    images = dict.fromkeys(image for change in distinct for image in image_changes(change))
    return Summary(
        environments=len(states.environments),
        compared=states.resources,
        resources=_counts(distinct),
        change=_class(distinct),
        images=tuple(sorted(images, key=_image_order)),
        grants=grants,
        rendered=_rendered(states),
        fetched=tuple(sorted(fetched_of(*answered) for answered in states.fetch_results.items())),
        validation=validation,
        removed_grants=removed,
    )


def _rendered(states: States) -> RenderedRoots | None:
    if not states.affected:
        return None
    done = sum(states.affected.values())
    return RenderedRoots(done, len(states.affected), states.tools)


_Mark = tuple[ResourceKey, bytes, bytes]


def _identity(change: Change) -> _Mark:
    old, new = change.before, change.after
    return (change.key, old.encoded if old else b"", new.encoded if new else b"")


def _counts(found_changes: Iterable[Change]) -> Counts:
    added = changed = removed = 0
    for change in found_changes:
        if change.before is None:
            added += 1
        elif change.after is None:
            removed += 1
        else:
            changed += 1
    return Counts(added, changed, removed)


def _class(found_changes: tuple[Change, ...]) -> Literal["none", "images", "other"]:
    if not found_changes:
        return "none"
    return "images" if all(map(_images_only, found_changes)) else "other"


def _images_only(change: Change) -> bool:
    old, new = change.before, change.after
    return old is not None and new is not None and _imageless(old) == _imageless(new)


def _imageless(resource: Resource) -> object:
    """The body with nothing where its images stand."""
    body = thaw(resource.body)
    for use in image_uses(resource):
        if use.known:
            _blank(body, use.node.route)
    return body


def _blank(body: Any, route: Route) -> None:
    """Set what stands at a route of this very body to nothing."""
    *way, last = (_place(step) for step in route)
    for step in way:
        body = body[step]
    body[last] = None


def _place(step: str | ListStep) -> str | int:
    return step.index if isinstance(step, ListStep) else step


def _image_order(image: ImageChange) -> tuple[str, ...]:
    reference = image.resource
    return (
        reference.kind,
        reference.group,
        reference.namespace or "",
        reference.name,
        image.container,
    )


def _grants(pairs: tuple[Pair, ...]) -> tuple[GrantCounts, tuple[RemovedGrants, ...]]:
    """How many grants were added and removed, and the removed ones.

    Environments with the same changes count once.
    """
    counted: dict[frozenset[_Mark], tuple[GrantCounts, tuple[RemovedGrants, ...]]] = {}
    for pair in pairs:
        pair_changes = changes(pair.before, pair.after)
        marks = frozenset(_identity(change) for change in pair_changes if change.key.group == _RBAC)
        if marks and marks not in counted:
            counts = grant_difference(pair.before, pair.after)
            listed = removed_grants(pair.before, pair.after) if counts.removed else ()
            counted[marks] = (counts, listed)
    removed = {grants: None for _, listed in counted.values() for grants in listed}
    return (
        GrantCounts(
            sum(counts.added for counts, _ in counted.values()),
            sum(counts.removed for counts, _ in counted.values()),
        ),
        tuple(sorted(removed))[:MOST_REMOVED],
    )
