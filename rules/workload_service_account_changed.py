"""A workload runs as another account, mounts a token that it did not, or lost its account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.engine.consent import POD_TEMPLATE
from bot.core.finding import Finding, Severity
from bot.core.state import State, changes
from bot.kubernetes import kinds
from bot.kubernetes.rbac import workload_accounts
from bot.kubernetes.workloads.cloud_identities import labelled_pods
from bot.kubernetes.workloads.template_paths import TEMPLATED

SEVERITY: Final = Severity.ERROR
CONSENT = POD_TEMPLATE
SUBJECTS: Final = (*TEMPLATED, kinds.SERVICE_ACCOUNT)


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from workload_accounts.workload_account_changes(before, after)
    for change in changes(before, after, *TEMPLATED):
        if change.before is not None and change.after is not None:
            for labelled in labelled_pods(after, change.before, change.after):
                yield Finding(
                    labelled.node,
                    labelled.message,
                    labelled.severity,
                    labelled.code,
                    labelled.facts,
                )
