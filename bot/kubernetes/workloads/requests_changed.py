"""What a change takes away from requests and limits, in its workloads or around them."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.resource import Resource, route_text
from bot.core.state import State, changes
from bot.kubernetes import kinds
from bot.kubernetes.workloads.pods import TEMPLATED
from bot.kubernetes.workloads.requests import Demand, Lacking, lacking, refused

_JUDGED = tuple(kind for kind in TEMPLATED if kind != kinds.POD_TEMPLATE)


def affected(before: State, after: State) -> Iterator[Resource]:
    """The workloads that changed, and all of a namespace whose defaults or quotas did; in order."""
    found = {
        change.key: change.after for change in changes(before, after, *_JUDGED) if change.after
    }
    for change in changes(before, after, kinds.LIMIT_RANGE, kinds.RESOURCE_QUOTA):
        for resource in after.of(*_JUDGED, namespace=change.key.namespace):
            found[resource.key] = resource
    yield from (found[key] for key in sorted(found, key=lambda key: key.sort_key))


def newly_lacking(
    resource: Resource, before: State, after: State, wanted: frozenset[Demand]
) -> Iterator[Lacking]:
    """What containers lack at head and did not lack at base."""
    old = before.get(resource.key)
    known: dict[str, tuple[Demand, ...]] = {}
    if old is not None:
        known = {_place(found): found.demands for found in lacking(old, before, wanted)}
    yield from _beyond(known, lacking(resource, after, wanted))


def newly_refused(
    resource: Resource, before: State, after: State
) -> Iterator[tuple[Resource, Lacking]]:
    """The same for what quotas demand, each container once."""
    old = before.get(resource.key)
    known: dict[str, tuple[Demand, ...]] = {}
    if old is not None:
        known = {_place(found): found.demands for _, found in refused(old, before)}
    for quota, found in refused(resource, after):
        for new in _beyond(known, (found,)):
            known[_place(found)] = found.demands
            yield quota, new


def _beyond(
    known: dict[str, tuple[Demand, ...]], now: Iterator[Lacking] | tuple[Lacking, ...]
) -> Iterator[Lacking]:
    for found in now:
        demands = tuple(new for new in found.demands if new not in known.get(_place(found), ()))
        if demands:
            yield Lacking(found.template, found.container, demands)


def _place(found: Lacking) -> str:
    return route_text(found.container.route)
