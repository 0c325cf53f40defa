"""An RBAC object that the API refuses, or a rule in it that can never match."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.finding import Finding, Severity
from bot.core.resource import Resource
from bot.core.state import State
from bot.kubernetes import kinds, rbac

SEVERITY: Final = Severity.ERROR
SUBJECTS: Final = kinds.RBAC
REACH: Final = "resource"


def find(subject: Resource, state: State, options: object) -> Iterator[Finding]:
    del state, options
    yield from rbac.invalid(subject)
