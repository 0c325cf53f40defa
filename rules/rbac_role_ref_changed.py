"""The immutable roleRef of a binding is edited in place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes import kinds, rbac

SEVERITY: Final = Severity.ERROR
SUBJECTS: Final = (kinds.ROLE_BINDING, kinds.CLUSTER_ROLE_BINDING)


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from rbac.edited_role_refs(before, after)
