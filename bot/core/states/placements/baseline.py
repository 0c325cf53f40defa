"""A baseline for roots that could be rendered at head but not at base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.core.states.placements.applied import Applied
from bot.core.states.roots.files import KUSTOMIZATION_NAMES, base_name
from bot.core.states.roots.root import Root, RootKey


def with_baselines(
    before: Mapping[RootKey, Applied], after: Mapping[RootKey, Applied]
) -> Mapping[RootKey, Applied]:
    """Base's roots, those that were not rendered with what head has of files that are the same.

    Only where everything that changed is a file that resources are written in: what a changed
    patch, value or kustomization did to the others cannot be told. Such a root stays one that was
    not rendered, and is reported as that.
    """
    applied = dict(before)
    for key, current_applied in before.items():
        new_applied = after.get(key)
        if (
            new_applied is not None
            and current_applied.reasons
            and new_applied.status == "rendered"
            and not current_applied.resources
        ):
            applied[key] = _with_baseline(current_applied, new_applied)
    return applied


def _with_baseline(applied: Applied, new_applied: Applied) -> Applied:
    changed = _changed(applied.root, new_applied.root)
    if changed is None or not changed <= {
        resource.source.path for resource in new_applied.resources
    }:
        return applied
    same = tuple(
        resource for resource in new_applied.resources if resource.source.path not in changed
    )
    if new_applied.upgrade is None:
        return replace(applied, resources=same)
    kept = tuple(
        resource
        for resource in new_applied.upgrade.resources
        if resource.source.path not in changed
    )
    return replace(applied, resources=same, upgrade=replace(new_applied.upgrade, resources=kept))


def _changed(old: Root, new: Root) -> set[str] | None:
    """The files that differ, by their paths in the tree; None where anything else differs."""
    if (old.edits, old.release, old.finish) != (new.edits, new.release, new.finish):
        return None
    seen = {path for path in {*old.files, *new.files} if old.files.get(path) != new.files.get(path)}
    if any(base_name(path) in KUSTOMIZATION_NAMES for path in seen):
        return None
    return {new.own_paths.get(path, path) for path in seen}
