"""Policies that the API refuses."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes.checks import new_findings
from bot.kubernetes.network.policy_checks import check_loose_blocks, check_refusals
from bot.kubernetes.network.state_policies import POLICY_KINDS

SEVERITY = Severity.ERROR
SUBJECTS = POLICY_KINDS


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from new_findings(before, after, check_refusals)
    yield from new_findings(before, after, check_loose_blocks)
