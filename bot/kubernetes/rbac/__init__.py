"""Who may do what: RBAC decided as the API server decides it, and what a change adds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.engine.review import GrantCounts
from bot.core.finding import Finding
from bot.core.state import State
from bot.core.values import sequence
from bot.kubernetes.rbac.causes import causes
from bot.kubernetes.rbac.findings import MOST_FACTS, privilege_added, role_widened
from bot.kubernetes.rbac.gains import Gain, compare
from bot.kubernetes.rbac.judgement import Judgement
from bot.kubernetes.rbac.references import edited_role_refs, unknown_roles
from bot.kubernetes.rbac.validity import invalid

__all__ = [
    "edited_role_refs",
    "grant_difference",
    "invalid",
    "privileges_added",
    "roles_widened",
    "unknown_roles",
]

MOST_LISTED: Final = 20_000
"""Grants that the facts of all findings of a change list together."""
_MOST_COUNTED: Final = 200_000


def privileges_added(before: State, after: State) -> Iterator[Finding]:
    """What subjects newly may do: one finding for each change that brings it about."""
    comparison = compare(before, after)
    judge = Judgement.of(after, comparison.after)
    remaining = MOST_LISTED
    for cause, gains in causes(comparison, comparison.gained):
        finding = privilege_added(cause, gains, judge, min(MOST_FACTS, remaining))
        remaining -= len(sequence(finding.facts["grants"]))
        yield finding


def roles_widened(before: State, after: State) -> Iterator[Finding]:
    """What roles newly allow that nobody in the manifests is bound to, by what brings it about.

    What also brings somebody a grant is reported as that alone.
    """
    comparison = compare(before, after)
    judge = Judgement.of(after, comparison.after)
    granting = {cause.identity for cause, _ in causes(comparison, comparison.gained)}
    for cause, gains in causes(comparison, comparison.latent):
        if cause.identity not in granting:
            yield role_widened(cause, gains, judge)


def grant_difference(before: State, after: State) -> GrantCounts:
    """How many single grants a change adds and removes."""
    comparison = compare(before, after)
    return GrantCounts(_count(comparison.gained), _count(comparison.lost))


def _count(gains: tuple[Gain, ...]) -> int:
    """How many grants these are; where there are very many, the same one may count twice."""
    boxes = {(gain.subject, gain.scope, gain.box): None for gain in gains}
    size = sum(box.size for _, _, box in boxes)
    if size > _MOST_COUNTED:
        return size
    return len({(who, scope, atom) for who, scope, box in boxes for atom in box.atoms()})
