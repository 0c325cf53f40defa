"""Policies that open a port that no selected pod serves."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes.checks import new_findings
from bot.kubernetes.network.policy_ports import check_unserved_ports
from bot.kubernetes.network.state_policies import NETWORK_KINDS

SEVERITY = Severity.WARNING
SUBJECTS = NETWORK_KINDS


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from new_findings(before, after, check_unserved_ports)
