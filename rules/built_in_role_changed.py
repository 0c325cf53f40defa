"""A manifest redefines a role that Kubernetes itself keeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes import kinds, rbac

SEVERITY: Final = Severity.WARNING
CONSENT = ("rules", "aggregationRule", "metadata.annotations")
SUBJECTS: Final = (kinds.ROLE, kinds.CLUSTER_ROLE)


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from rbac.redefinitions(before, after)
