"""A GitOps controller, or who works with it, may newly do something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes import gitops_authority

SEVERITY: Final = Severity.ERROR
SUBJECTS: Final = gitops_authority.CONTROLLED


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from gitops_authority.authority_widened(before, after)
