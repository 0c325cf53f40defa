"""Policies that the API refuses."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes.issues import new_findings
from bot.kubernetes.policies import POLICY_KINDS
from bot.kubernetes.policy_checks import ask_refusals

SEVERITY = Severity.ERROR
SUBJECTS = POLICY_KINDS


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from new_findings(before, after, ask_refusals)
