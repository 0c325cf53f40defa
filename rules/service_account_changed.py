"""A service account is created, deleted or changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.finding import Finding, Severity
from bot.core.state import State, changes
from bot.kubernetes import kinds
from bot.kubernetes.workloads import service_accounts

SEVERITY: Final = Severity.ERROR
SUBJECTS: Final = (kinds.SERVICE_ACCOUNT, kinds.SECRET)


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    for change in changes(before, after, *SUBJECTS):
        for account_change in service_accounts.account_changes(change.before, change.after):
            yield Finding(
                node=account_change.node,
                message=account_change.message,
                severity=account_change.severity,
                key=account_change.code,
                facts=account_change.facts,
                side=account_change.side,
            )
