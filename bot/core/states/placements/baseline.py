"""What base is taken to have held of a root that could not be rendered there and can be at head."""

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
    found = dict(before)
    for key, held in before.items():
        now = after.get(key)
        if now is not None and held.reasons and now.status == "rendered" and not held.resources:
            found[key] = _with_baseline(held, now)
    return found


def _with_baseline(held: Applied, now: Applied) -> Applied:
    changed = _changed(held.root, now.root)
    if changed is None or not changed <= {one.source.path for one in now.resources}:
        return held
    same = tuple(one for one in now.resources if one.source.path not in changed)
    if now.upgrade is None:
        return replace(held, resources=same)
    kept = tuple(one for one in now.upgrade.resources if one.source.path not in changed)
    return replace(held, resources=same, upgrade=replace(now.upgrade, resources=kept))


def _changed(old: Root, new: Root) -> set[str] | None:
    """The files that differ, by the tree's own paths; None where something else does."""
    if (old.edits, old.release, old.finish) != (new.edits, new.release, new.finish):
        return None
    seen = {path for path in {*old.files, *new.files} if old.files.get(path) != new.files.get(path)}
    if any(base_name(path) in KUSTOMIZATION_NAMES for path in seen):
        return None
    return {new.own_paths.get(path, path) for path in seen}
