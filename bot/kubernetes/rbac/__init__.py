"""Who may do what? RBAC as the API server's authorizer decides it, and what a change grants.

Objects (`objects`, `defaults`) make an `Authority` (`authority`); `gains` compares two of them;
`reconciliation` adds what the API server adds to its own roles; `causes` finds the change that
brings a grant about; `risks`, `catalogue` and `judgement` say how
bad it is; `questions` answers who can do something; `workload_accounts` follows the accounts of
pods.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.engine.review import GrantCounts, RemovedGrants
from bot.core.finding import Finding
from bot.core.resource import ResourceKey
from bot.core.state import State
from bot.core.values import sequence
from bot.kubernetes.rbac.causes import causes
from bot.kubernetes.rbac.effect import RBAC_GROUP
from bot.kubernetes.rbac.findings import MOST_FACTS, grant_rows, privilege_added, role_widened
from bot.kubernetes.rbac.gains import Gain, compare
from bot.kubernetes.rbac.judgement import Judgement
from bot.kubernetes.rbac.reconciliation import redefinitions
from bot.kubernetes.rbac.references import edited_role_refs, unknown_roles
from bot.kubernetes.rbac.validity import invalid

__all__ = [
    "MOST_REMOVED",
    "edited_role_refs",
    "grant_difference",
    "invalid",
    "privileges_added",
    "redefinitions",
    "removed_grants",
    "roles_widened",
    "unknown_roles",
]

MOST_LISTED: Final = 20_000
"""Grants that the facts of all findings of a change list together."""
MOST_REMOVED: Final = 200
"""Rows of removed grants."""
_MOST_COUNTED: Final = 200_000


def privileges_added(before: State, after: State) -> Iterator[Finding]:
    """The privileges that subjects gain: one finding for each change that causes some."""
    comparison = compare(before, after)
    judge = Judgement.of(after, comparison.after)
    remaining = MOST_LISTED
    for cause, gains in causes(comparison, comparison.gained):
        finding = privilege_added(cause, gains, judge, min(MOST_FACTS, remaining))
        remaining -= len(sequence(finding.facts["grants"]))
        yield finding


def roles_widened(before: State, after: State) -> Iterator[Finding]:
    """The rules that roles gain to which nobody in the manifests is bound, one finding a cause.

    A cause that also gives a subject a grant is reported by `privileges_added` alone. A role of
    another environment is not bound there or here: that is reported where it is applied.
    """
    comparison = compare(before, after)
    judge = Judgement.of(after, comparison.after)
    granting = {cause.identity for cause, _ in causes(comparison, comparison.gained)}
    latent = tuple(gain for gain in comparison.latent if not _is_foreign(gain, after))
    for cause, gains in causes(comparison, latent):
        if cause.identity not in granting:
            yield role_widened(cause, gains, judge)


def _is_foreign(gain: Gain, state: State) -> bool:
    role = gain.sourced.chain[0]
    key = ResourceKey(RBAC_GROUP, role.kind, role.namespace or None, role.name)
    return key in state.foreign


def grant_difference(before: State, after: State) -> GrantCounts:
    """The number of single grants that a change adds, and the number that it removes."""
    comparison = compare(before, after)
    return GrantCounts(_count(comparison.gained), _count(comparison.lost))


def removed_grants(before: State, after: State) -> tuple[RemovedGrants, ...]:
    """The grants that a change removes, one entry for those that differ in one list only."""
    rows = grant_rows(compare(before, after).lost, MOST_REMOVED)
    return tuple(
        RemovedGrants(who, where, verbs, f"{resources} {names}".rstrip())
        for who, where, verbs, resources, names in rows
    )


def _count(gains: tuple[Gain, ...]) -> int:
    """The number of grants. Where there are very many, a grant may be counted twice."""
    boxes = {(gain.subject, gain.scope, gain.box): None for gain in gains}
    size = sum(box.size for _, _, box in boxes)
    if size > _MOST_COUNTED:
        return size
    return len({(who, scope, atom) for who, scope, box in boxes for atom in box.atoms()})
