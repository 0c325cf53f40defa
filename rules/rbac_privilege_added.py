"""A subject newly holds a grant, whatever object brought it about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.engine.consent import FACTS_ONLY
from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes import kinds, rbac

SEVERITY: Final = Severity.ERROR
CONSENT = FACTS_ONLY
SUBJECTS: Final = (*kinds.RBAC, kinds.SECURITY_CONTEXT_CONSTRAINTS)


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from rbac.privileges_added(before, after)
