"""Head's roots, with values that change on every Helm build replaced by base's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.core.states.placements.applied import Applied
from bot.core.states.rendered.renditions import steadied
from bot.core.states.roots.root import RootKey


def with_steady(
    before: Mapping[RootKey, Applied], after: Mapping[RootKey, Applied]
) -> Mapping[RootKey, Applied]:
    """Head's roots, with base's values where a chart gives another value each time."""
    return {key: _steady(before.get(key), applied) for key, applied in after.items()}


def _steady(old: Applied | None, applied: Applied) -> Applied:
    if old is None or old is applied or not (old.volatile or old.upgrade or applied.upgrade):
        return applied
    rendition = steadied(old.rendition, applied.rendition)
    upgrade = (
        steadied(old.as_upgrade, applied.as_upgrade) if old.upgrade or applied.upgrade else None
    )
    return replace(
        applied, resources=rendition.resources, volatile=rendition.volatile, upgrade=upgrade
    )
