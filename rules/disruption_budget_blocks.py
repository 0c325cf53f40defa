"""A PodDisruptionBudget under which no pod may ever be evicted."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.checks import new_findings
from bot.kubernetes.scaling.autoscalers import SCALED
from bot.kubernetes.scaling.disruption import check_disruption_budgets, check_shared_pods

SEVERITY = Severity.NOTICE
SUBJECTS = (kinds.POD_DISRUPTION_BUDGET, kinds.HORIZONTAL_POD_AUTOSCALER, *SCALED)


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from new_findings(before, after, check_disruption_budgets)
    yield from new_findings(before, after, check_shared_pods)
