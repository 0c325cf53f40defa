"""A GitOps controller, or who works with it, may newly do something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes.authority import gitops

SEVERITY: Final = Severity.ERROR
SUBJECTS: Final = gitops.CONTROLLED


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from gitops.authority_widened(before, after)
