"""Policies that name the Service's port where the pod's is another."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes.checks import ChangeReach, Violation, new_findings
from bot.kubernetes.network.policy_ports import check_policy_ports
from bot.kubernetes.network.state_policies import NETWORK_KINDS

SEVERITY = Severity.ERROR
SUBJECTS = NETWORK_KINDS


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from new_findings(before, after, _ask)


def _ask(state: State, reach: ChangeReach) -> Iterator[Violation]:
    return (
        violation
        for violation in check_policy_ports(state, reach)
        if violation.code == "NP-SERVICE-PORT"
    )
