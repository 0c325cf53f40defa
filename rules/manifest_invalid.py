"""See manifest_invalid.md."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind
from bot.core.state import Change, State, changes
from bot.kubernetes.apply.namespace_labels import refused_labels
from bot.kubernetes.causes import changed_position
from bot.kubernetes.checks import new_findings
from bot.kubernetes.invalid import invalid
from bot.kubernetes.scaling.autoscalers import SCALED_OBJECT
from bot.kubernetes.scaling.bounds import refused_bound
from bot.kubernetes.services.allocations import check_allocations
from bot.kubernetes.services.renamed import taken_until_pruned
from bot.kubernetes.workloads.pods import str_of

SEVERITY = Severity.ERROR
SUBJECTS: tuple[GroupKind, ...] = ()
REACH = "resource"


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    for change in changes(before, after):
        if change.after is not None:
            yield from invalid(change.before, change.after, before, after)
            for fault in refused_labels(change.before, change.after):
                yield fault.finding()
        if change.key.group_kind == SCALED_OBJECT:
            yield from _scaled(change, before)
    yield from new_findings(before, after, check_allocations)
    yield from taken_until_pruned(before, after)


def _scaled(change: Change, before: State) -> Iterator[Finding]:
    bound = refused_bound(change.after)
    if bound is None or refused_bound(change.before) is not None:
        return
    spec = bound.node.resource.at("spec")
    fields = (bound.node, *(spec[f"{name}ReplicaCount"] for name in ("max", "min")))
    place = changed_position(before, fields)
    message = f"KEDA refuses {str_of(bound.node.resource)}: {bound.reason}"
    yield Finding(place.node, message, key="bounds", facts={"code": "INVALID"}, side=place.side)
