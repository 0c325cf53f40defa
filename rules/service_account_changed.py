"""A service account is created, deleted or changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.finding import Finding, Severity
from bot.core.resource import ResourceKey
from bot.core.state import Change, State, changes
from bot.kubernetes import kinds
from bot.kubernetes.workloads import cloud_grants, cloud_identities, service_accounts
from bot.kubernetes.workloads.population import population

SEVERITY: Final = Severity.ERROR
SUBJECTS: Final = (
    kinds.SERVICE_ACCOUNT,
    kinds.SECRET,
    *cloud_identities.IDENTITY_OBJECTS,
    *cloud_grants.READERS,
)


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    for change in changes(before, after, *SUBJECTS):
        if _went_with_its_users(change, before, after):
            continue
        for account_change in _account_changes(change):
            yield Finding(
                node=account_change.node,
                message=account_change.message,
                severity=account_change.severity,
                key=account_change.code,
                facts=account_change.facts,
                side=account_change.side,
            )


def _account_changes(change: Change) -> Iterator[service_accounts.AccountChange]:
    old, new = change.before, change.after
    kind = change.key.group_kind
    if kind in cloud_identities.IDENTITY_OBJECTS:
        yield from cloud_identities.identity_changes(old, new)
    if kind in cloud_grants.READERS:
        yield from cloud_grants.rights_added(old, new)
    elif kind not in cloud_identities.IDENTITY_OBJECTS:
        yield from service_accounts.account_changes(old, new)


def _went_with_its_users(change: Change, before: State, after: State) -> bool:
    """Whether an account is removed with its namespace, or with every workload that ran as it."""
    if change.after is not None or change.key.group_kind != kinds.SERVICE_ACCOUNT:
        return False
    space = ResourceKey("", "Namespace", None, change.key.namespace or "")
    if before.get(space) is not None and after.get(space) is None:
        return True
    used, still_used = (
        any(
            pods.template.service_account == change.key.name
            for pods in population(state).in_namespace(change.key.namespace or "")
        )
        for state in (before, after)
    )
    return used and not still_used
