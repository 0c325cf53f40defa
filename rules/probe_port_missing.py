"""A probe names a port that its own container does not declare."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes.checks import new_findings
from bot.kubernetes.workloads.probe_ports import check_probe_ports
from bot.kubernetes.workloads.template_paths import TEMPLATED

SEVERITY = Severity.WARNING
SUBJECTS = TEMPLATED
REACH = "resource"


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from new_findings(before, after, check_probe_ports)
