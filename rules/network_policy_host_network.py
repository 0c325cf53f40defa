"""Policies for pods that use their node's network."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes.issues import new_findings
from bot.kubernetes.policies import NETWORK_KINDS
from bot.kubernetes.policy_checks import ask_host_network

SEVERITY = Severity.WARNING
SUBJECTS = NETWORK_KINDS


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from new_findings(before, after, ask_host_network)
