"""Policies that name the Service's port where the pod's is another."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes.checks import new_findings
from bot.kubernetes.network.policy_ports import check_service_ports
from bot.kubernetes.network.state_policies import NETWORK_KINDS

SEVERITY = Severity.ERROR
SUBJECTS = NETWORK_KINDS


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from new_findings(before, after, check_service_ports)
