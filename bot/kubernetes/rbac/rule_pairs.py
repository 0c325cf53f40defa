"""Which rule of a role at base became which rule at head."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from bot.kubernetes.rbac.rule_sets import Box
from bot.kubernetes.rbac.rules import RbacRule

_MOST_PAIRS: Final = 250_000
"""Edited rules of one role beyond which each counts as added: it only places the finding."""


def within(box: Box, field: str, item: str | None) -> Box | None:
    """The part of a box that comes from one item of a rule's list; None where no part does."""
    if field == "verbs":
        return Box((item,), box.targets, box.names) if item in box.verbs else None
    if field == "resourceNames":
        return Box(box.verbs, box.targets, (item,)) if item in box.names else None
    place = 0 if field == "apiGroups" else 1
    targets = tuple(target for target in box.targets if target[place] == item)
    return Box(box.verbs, targets, box.names) if targets else None


@lru_cache(maxsize=4096)
def paired(old: tuple[RbacRule, ...], new: tuple[RbacRule, ...]) -> dict[int, int]:
    """For each edited rule at head, the index of the rule at base that it was edited from.

    Rules that exist on both sides are not edited. Of the rest, those that share the most are
    paired; rules at head without a partner are new.
    """
    kept = {*old} & {*new}
    gone = [place for place, rule in enumerate(old) if rule not in kept]
    come = [place for place, rule in enumerate(new) if rule not in kept]
    if len(gone) * len(come) > _MOST_PAIRS:
        return {}
    scores = sorted(
        (-_likeness(old[there], new[here]), here, there) for here in come for there in gone
    )
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for score, here, there in scores:
        if score < 0 and here not in pairs and there not in taken:
            pairs[here] = there
            taken.add(there)
    return pairs


def _likeness(old: RbacRule, new: RbacRule) -> float:
    """How much two rules share; 0 where they have no target or no verb in common."""
    targets = _overlap(old.resources, new.resources) + _overlap(old.urls, new.urls)
    verbs = _overlap(old.verbs, new.verbs)
    if not targets and not (verbs and bool(old.urls) == bool(new.urls)):
        return 0.0
    return 2 * targets + verbs + _overlap(old.groups, new.groups) + _overlap(old.names, new.names)


def _overlap(old: tuple[str, ...], new: tuple[str, ...]) -> float:
    shared, every = set(old) & set(new), {*old, *new}
    return len(shared) / len(every) if every else 0.0
