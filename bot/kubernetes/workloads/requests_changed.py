"""Requests and limits that a change removes, in workloads or in the defaults around them."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.resource import Resource, route_text
from bot.core.state import Change, State, changes, moved
from bot.kubernetes import kinds
from bot.kubernetes.workloads.limit_ranges import BrokenBound, broken_bounds
from bot.kubernetes.workloads.requests import Demand, Lacking, lacking, refused
from bot.kubernetes.workloads.template_paths import TEMPLATED

_JUDGED = tuple(kind for kind in TEMPLATED if kind != kinds.POD_TEMPLATE)


def affected(before: State, after: State) -> Iterator[Change]:
    """The changed workloads and claims, and all workloads where defaults or quotas changed.

    A workload that moved to another namespace has the one that it was at base.
    """
    resources = {
        change.key: change.after
        for change in changes(before, after, *_JUDGED, kinds.PERSISTENT_VOLUME_CLAIM)
        if change.after
    }
    for change in changes(before, after, kinds.LIMIT_RANGE, kinds.RESOURCE_QUOTA):
        for resource in after.of(*_JUDGED, namespace=change.key.namespace):
            resources[resource.key] = resource
    origins = moved(before, after)
    for key in sorted(resources, key=lambda key: key.sort_key):
        yield Change(before.get(key) or origins.get(key), resources[key])


def newly_lacking(
    change: Change, before: State, after: State, demands: frozenset[Demand]
) -> Iterator[Lacking]:
    """The demands that containers do not satisfy at head and satisfied at base."""
    earlier: dict[str, tuple[Demand, ...]] = {}
    if change.before is not None:
        earlier = {_place(lack): lack.demands for lack in lacking(change.before, before, demands)}
    yield from _beyond(earlier, lacking(change.present, after, demands))


def newly_refused(
    change: Change, before: State, after: State
) -> Iterator[tuple[Resource, Lacking]]:
    """The quota demands that containers newly fail to satisfy, each container once."""
    earlier: dict[str, tuple[Demand, ...]] = {}
    if change.before is not None:
        earlier = {_place(lack): lack.demands for _, lack in refused(change.before, before)}
    for quota, lack in refused(change.present, after):
        for new in _beyond(earlier, (lack,)):
            earlier[_place(lack)] = lack.demands
            yield quota, new


def newly_out_of_bounds(change: Change, before: State, after: State) -> Iterator[BrokenBound]:
    """The bounds of LimitRanges that a workload or claim does not keep at head and kept at base."""
    earlier = set()
    if change.before is not None:
        earlier = {broken.key for broken in broken_bounds(change.before, before)}
    for broken in broken_bounds(change.present, after):
        if broken.key not in earlier:
            yield broken


def _beyond(
    earlier: dict[str, tuple[Demand, ...]], current: Iterator[Lacking] | tuple[Lacking, ...]
) -> Iterator[Lacking]:
    for lack in current:
        demands = tuple(new for new in lack.demands if new not in earlier.get(_place(lack), ()))
        if demands:
            yield Lacking(lack.template, lack.container, demands)


def _place(lack: Lacking) -> str:
    return route_text(lack.container.route)
