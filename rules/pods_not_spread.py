"""Replicas that nothing keeps on different nodes."""

from collections.abc import Iterator

from bot.core.engine.consent import POD_TEMPLATE
from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.checks import new_findings
from bot.kubernetes.workloads.spreading import REPLICATED, Spreading
from bot.records import dataclass

SEVERITY = Severity.NOTICE
CONSENT = POD_TEMPLATE
SUBJECTS = (*REPLICATED, kinds.HORIZONTAL_POD_AUTOSCALER)


@dataclass(frozen=True)
class Options:
    """`minimum_replicas`: from how many replicas on they should be spread."""

    minimum_replicas: int = 2


def compare(before: State, after: State, options: Options) -> Iterator[Finding]:
    yield from new_findings(before, after, Spreading(options.minimum_replicas).ask)
