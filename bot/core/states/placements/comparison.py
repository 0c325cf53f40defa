"""Comparisons: base's roots with head's content under one set of placements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from bot.core.rendering import Declared
from bot.core.states.roots.declared import is_replaced
from bot.core.states.roots.files import Files, base_name, directory
from bot.core.states.roots.kustomization import Kustomization
from bot.core.states.roots.root import Root, Roots

PlacementsOf: TypeAlias = Literal["head", "base"]
"""Whose placements say how head's content is built and where it goes."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Base's roots, and those that head's content makes under the placements of one side."""

    placements: PlacementsOf
    before: Roots
    after: Roots


def under_head(before: Roots, after: Roots) -> Comparison:
    """The comparison under head's own placements, in which linking and unlinking is a change.

    A root that one side only infers and the other side declares was not applied, or is not any
    more: in a repository that declares what it applies, lying there is not being applied. Where
    base declares nothing, what it holds is applied in some other way.
    """
    declares = any(root.declared is not None and not root.title for root in before.roots.values())
    if not declares:
        return Comparison("head", before, after)
    return Comparison("head", _without(before, after), _without(after, before))


def under_base(before: Roots, after: Roots, by_head: Roots) -> Comparison:
    """The comparison under base's placements. `by_head` are the roots by head's own.

    Roots that are the same under both are shared; the others carry base's mark in their names. A
    root whose directory head no longer has is taken as base has it: it moved, or head's own
    placements say that it is gone.
    """
    roots: dict[object, Root] = {}
    for key, root in after.roots.items():
        own = by_head.roots.get(key)
        same = own is not None and own.inputs == root.inputs
        roots[key] = own if own is not None and same else replace(root, placed_by="base")
    for key, root in before.roots.items():
        if key not in roots and not root.unlisted:
            roots[key] = root
    kept = {root.key: root for root in roots.values()}
    return Comparison("base", before, Roots(kept, after.kustomizations))


def differ(one: Iterable[Declared], other: Iterable[Declared]) -> bool:
    """Whether two sets of declarations place anything of the tree in different ways."""
    return _settings(one) != _settings(other)


def hidden_by_head(base: Files, kustomizations: Mapping[str, Kustomization]) -> frozenset[str]:
    """The kustomizations that only head has, in directories that base reads as they stand.

    With them go the patches and other inputs that they name, which are no resources. Base's
    placements build such a directory without them.
    """
    plain = {directory(path) for path in base.manifests} - set(base.kustomizations)
    return frozenset(
        path
        for place, kustomization in kustomizations.items()
        if place in plain
        for path in (kustomization.path, *_inputs(kustomization))
        if path not in base.all
    )


def _inputs(kustomization: Kustomization) -> Iterator[str]:
    for path in kustomization.referenced:
        if path not in kustomization.files and base_name(path):
            yield path


def _settings(declared: Iterable[Declared]) -> frozenset[object]:
    """How declarations place roots of the tree itself; a remote chart has nothing of it."""
    return frozenset(
        (
            held.node.resource.key,
            held.name,
            held.path,
            held.cluster,
            held.namespace,
            held.release,
            held.files,
            tuple(sorted(held.edits.items())),
            held.finish,
            held.hindrances,
        )
        for held in declared
        if held.chart is None
    )


def _without(side: Roots, other: Roots) -> Roots:
    """The roots of a side without inferred ones whose content the other side declares."""
    declared = [root for root in other.roots.values() if root.declared is not None]
    own = {root.key for root in side.roots.values() if root.declared is not None}
    added = [root for root in declared if root.key not in own]
    kept = {
        key: root
        for key, root in side.roots.items()
        if root.declared is not None or not is_replaced(root, added)
    }
    return replace(side, roots=kept) if len(kept) < len(side.roots) else side
