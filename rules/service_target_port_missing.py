"""Ports of Services that lead nowhere, or elsewhere."""

from collections.abc import Iterator

from bot.core.finding import Finding, Fix, Severity
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.causes import cause_of
from bot.kubernetes.pods import TEMPLATED
from bot.kubernetes.service_ports import new_target_issues

SEVERITY = Severity.ERROR
SUBJECTS = (kinds.SERVICE, *TEMPLATED)
_SEVERITIES = {
    "SVC-TARGET-NAME-MISSING": Severity.ERROR,
    "SVC-TARGET-NAME-PARTIAL": Severity.WARNING,
    "SVC-TARGET-NAME-AMBIGUOUS": Severity.WARNING,
    "SVC-HEADLESS-REMAP": Severity.WARNING,
    "SVC-TARGET-UNDECLARED": Severity.NOTICE,
}


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    for issue in new_target_issues(before, after):
        place, target = cause_of(before, issue.places), issue.port.node["targetPort"]
        yield Finding(
            place.node,
            issue.message,
            severity=None if _SEVERITIES[issue.code] == SEVERITY else _SEVERITIES[issue.code],
            key=f"{issue.service.key} {issue.code} {issue.port.number}/{issue.port.protocol}",
            facts=issue.facts,
            side=place.side,
            fix=Fix(target, issue.fix) if issue.fix and place.node == target else None,
        )
