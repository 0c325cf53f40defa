"""Ports of Services that lead nowhere, or elsewhere."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.checks import new_findings
from bot.kubernetes.services.ports import check_target_ports
from bot.kubernetes.workloads.template_paths import TEMPLATED

SEVERITY = Severity.ERROR
SUBJECTS = (kinds.SERVICE, *TEMPLATED)


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from new_findings(before, after, check_target_ports)
