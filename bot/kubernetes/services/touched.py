"""The Services that a change touches, by what they are or by the pods behind them."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.resource import Resource
from bot.core.state import State, changes
from bot.kubernetes import kinds
from bot.kubernetes.checks import ChangeReach
from bot.kubernetes.services.service import service_selector, services
from bot.kubernetes.workloads.population import PodGroup
from bot.kubernetes.workloads.touched import TouchedPods, changed_pods


def touched_services(state: State, reach: ChangeReach) -> Iterator[Resource]:
    """Yield the Services of one side that differ, or of which a pod's workload does."""
    for service in reach.resources(state, kinds.SERVICE):
        if is_touched(service, reach):
            yield service


def is_touched(service: Resource, reach: ChangeReach) -> bool:
    """Whether a Service differs between base and head, or the workload of a pod behind it."""
    if reach.sides is None or reach.changes(service):
        return True
    return selects_any(service, changed_pods(*reach.sides))


def selects_any(service: Resource, pods: TouchedPods) -> bool:
    """Whether any of these pods is, or may be, behind a Service."""
    space = service.namespace
    if space is None or space not in pods.groups:
        return False
    selector = service_selector(service)
    return selector is not None and pods.has(space, selector)


def pods_behind_changed(before: State, after: State) -> Iterator[PodGroup]:
    """Yield the pods behind the Services that differ, at base and at head."""
    for change in changes(before, after, kinds.SERVICE):
        for state, service in ((before, change.before), (after, change.after)):
            if service is not None:
                yield from services(state).endpoints(service).all
