"""Services whose selector selects no pod."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.known import dangling
from bot.kubernetes.pods import TEMPLATED
from bot.kubernetes.service_checks import pods_behind

SEVERITY = Severity.WARNING
SUBJECTS = (kinds.SERVICE, *TEMPLATED)


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from dangling(before, after, (kinds.SERVICE,), pods_behind, SEVERITY)
