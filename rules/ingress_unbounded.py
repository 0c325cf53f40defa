"""Ingresses and routes that take every request."""

from collections.abc import Iterator

from bot.core.engine.consent import SPEC_AND_ANNOTATIONS
from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes.checks import new_findings
from bot.kubernetes.routes.backends import INGRESSES
from bot.kubernetes.routes.catch_all import check_catch_all
from bot.kubernetes.routes.gateways import PARENTS

SEVERITY = Severity.WARNING
CONSENT = SPEC_AND_ANNOTATIONS
SUBJECTS = (*INGRESSES, *PARENTS)


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from new_findings(before, after, check_catch_all)
