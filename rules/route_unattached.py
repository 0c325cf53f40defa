"""A route that no listener of its Gateway takes."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.checks import new_findings
from bot.kubernetes.routes.backends import ROUTES
from bot.kubernetes.routes.gateways import PARENTS
from bot.kubernetes.routes.unattached import check_attachments

SEVERITY = Severity.WARNING
SUBJECTS = (*ROUTES, *PARENTS, kinds.NAMESPACE)


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from new_findings(before, after, check_attachments)
