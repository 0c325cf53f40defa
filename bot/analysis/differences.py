"""The difference of two sets of states: in which resources, and which files it leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from bot.core.diff.model import MOST_UNREAD, Difference, UnreadFile
from bot.core.diff.paths import route_path
from bot.core.reading.changes import touched_files
from bot.core.resource import ResourceKey
from bot.core.state import changes
from bot.core.states import States
from bot.core.states.pairing import Pair


def states_difference(states: States) -> Difference:
    """The difference between base and head in every environment."""
    from bot.core.diff.difference import difference, identity_of  # noqa: PLC0415 - slow

    volatile: dict[ResourceKey, tuple[str, ...]] = {}
    for root in states.rendered.values():
        for node in root.volatile:
            paths = volatile.get(node.resource.key, ())
            volatile[node.resource.key] = (*paths, route_path(node.route))
    # A role that an environment only sees, since divisions do not separate RBAC, changes elsewhere.
    environments = [
        (
            pair.before.environment.name,
            tuple(
                change
                for change in changes(pair.before, pair.after)
                if change.key not in pair.foreign
            ),
        )
        for pair in states.pairs
    ]
    judged = {identity_of(change) for _, listed in environments for change in listed}
    for pair in states.divided:
        copies = [one for one in changes(pair.before, pair.after) if identity_of(one) not in judged]
        environments.append((pair.before.environment.name, tuple(copies)))
    unread = dict.fromkeys(file for pair in states.pairs for file in _unread(pair))
    return replace(difference(environments, volatile), unread=tuple(islice(unread, MOST_UNREAD)))


def _unread(pair: Pair) -> Iterator[UnreadFile]:
    """The changed manifests of which one side could not be read to the end.

    Templates are left out: they are problems of the review.
    """
    for old, new in touched_files(pair.before, pair.after):
        error = new.reading.error or (old.reading.error if old else None)
        if error is None or new.manifest.template or not new.manifest.resembles:
            continue
        side = "" if new.reading.error else " at base"
        line = "" if error.line is None else f" from line {error.line} on"
        reason = f"not compared{line}, since it cannot be read{side}: {error.message}"
        yield UnreadFile(new.path, reason)
