"""Services whose selector selects no pod."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.absence import Referrers, dangling
from bot.kubernetes.services.checks import pods_behind
from bot.kubernetes.services.touched import is_touched
from bot.kubernetes.workloads.template_paths import TEMPLATED

SEVERITY = Severity.WARNING
SUBJECTS = (kinds.SERVICE, *TEMPLATED)
_SERVICES = Referrers((kinds.SERVICE,), pods_behind, is_touched)


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from dangling(before, after, _SERVICES, SEVERITY)
