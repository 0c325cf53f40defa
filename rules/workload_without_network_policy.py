"""Workloads that no network policy selects."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes.coverage import uncovered_findings
from bot.kubernetes.policies import NETWORK_KINDS

SEVERITY = Severity.NOTICE
SUBJECTS = NETWORK_KINDS


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from uncovered_findings(before, after)
