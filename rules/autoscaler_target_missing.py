"""An autoscaler whose target is gone, that shares it, or that keeps it at no replicas."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.absence import Referrers, dangling
from bot.kubernetes.causes import ChangedPosition
from bot.kubernetes.checks import finding_at, new_findings
from bot.kubernetes.scaling.autoscalers import (
    AUTOSCALERS,
    SCALED,
    check_fixed_replicas,
    check_paused,
    check_shared_targets,
    replicas_dropped,
    scale_target,
)
from bot.kubernetes.scaling.utilization import check_utilization

SEVERITY = Severity.WARNING
SUBJECTS = (*AUTOSCALERS, *SCALED, kinds.LIMIT_RANGE)


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from dangling(before, after, Referrers(AUTOSCALERS, scale_target), SEVERITY)
    yield from new_findings(before, after, check_shared_targets)
    yield from new_findings(before, after, check_paused)
    yield from new_findings(before, after, check_fixed_replicas)
    yield from new_findings(before, after, check_utilization)
    for node, violation in replicas_dropped(before, after):
        yield finding_at(violation, ChangedPosition(node, "LEFT"))
