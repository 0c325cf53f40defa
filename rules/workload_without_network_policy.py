"""Workloads that no network policy selects."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes.network.coverage import uncovered_findings, with_policies
from bot.kubernetes.network.state_policies import NETWORK_KINDS
from bot.records import dataclass

SEVERITY = Severity.NOTICE
SUBJECTS = NETWORK_KINDS


@dataclass(frozen=True)
class Options:
    """`only_with_policies`: say nothing of new workloads where a namespace has no policy at all."""

    only_with_policies: bool = False


def compare(before: State, after: State, options: Options) -> Iterator[Finding]:
    findings = uncovered_findings(before, after)
    yield from with_policies(findings, after) if options.only_with_policies else findings
