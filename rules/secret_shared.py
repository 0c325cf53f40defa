"""A Secret that more namespaces receive, or a store of secrets that more of them may read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind, Resource, route_text
from bot.core.state import State, changes
from bot.core.words import first_of
from bot.kubernetes.causes import ChangedPosition, changed_place
from bot.kubernetes.naming import escaped
from bot.kubernetes.secret_sharing import (
    ANNOTATED,
    CLUSTER_SECRET,
    CLUSTER_STORE,
    STORES,
    Recipient,
    changed_leaves,
    gained,
    recipients,
)
from bot.kubernetes.workloads.pods import str_of

SEVERITY: Final = Severity.WARNING
SUBJECTS: Final[tuple[GroupKind, ...]] = (*STORES, CLUSTER_SECRET, *ANNOTATED)

_MOST: Final = 3


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    for change in changes(before, after, *SUBJECTS):
        old, new = change.before, change.after
        if new is None:
            continue
        if old is not None:
            yield from _shared(new, gained(old, new), before)
            if new.group_kind in STORES:
                yield from _redirected(old, new)
        elif new.group_kind in ANNOTATED:
            copied = tuple(one for one in recipients(new) if one.form == "every")
            yield from _shared(new, copied, before, Severity.NOTICE)


def _shared(
    new: Resource,
    more: tuple[Recipient, ...],
    before: State,
    severity: Severity = SEVERITY,
) -> Iterator[Finding]:
    if not more:
        return
    places = tuple(place for one in more for place in one.places)
    position = changed_place(before, places) or ChangedPosition(places[-1])
    whom = first_of(list(dict.fromkeys(map(str, more))), _MOST)
    verb = "can now be used from" if new.group_kind == CLUSTER_STORE else "now reaches"
    yield Finding(
        position.node, f"{str_of(new)} {verb} {whom}", severity, key=whom, side=position.side
    )


def _redirected(old: Resource, new: Resource) -> Iterator[Finding]:
    """Another server, path or identity gives whoever uses the store other secrets."""
    changed = list(changed_leaves(old.at("spec", "provider"), new.at("spec", "provider")))
    if changed:
        place = changed[0]
        names = first_of([escaped(route_text(node.route[2:])) for node in changed], _MOST)
        yield Finding(
            place,
            f"{str_of(new)} reads secrets from another place, or as somebody else: {names}",
            key=f"provider {names}",
            facts={"fields": names},
            side="RIGHT" if place.resource is new else "LEFT",
        )
