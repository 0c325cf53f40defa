"""Services whose traffic reaches pods that let nobody in."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes.network.blocked_services import blocked_findings
from bot.kubernetes.network.state_policies import NETWORK_KINDS

SEVERITY = Severity.ERROR
SUBJECTS = NETWORK_KINDS


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from blocked_findings(before, after)
