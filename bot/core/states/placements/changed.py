"""Placements of base that head builds in another way: new declarations over existing roots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol

from bot.core.finding import FileLine
from bot.core.placement_change import PlacementChange
from bot.core.resource import ListStep, Node, Resource, Route
from bot.core.states.placements.applied import Applied
from bot.core.states.placements.comparison import IGNORE_FILES
from bot.core.states.placements.delivery import altering_fields
from bot.core.states.roots.files import Files, base_name, directory
from bot.core.states.roots.inferred import Roots
from bot.core.states.roots.kustomizations.kustomization import Kustomization
from bot.core.states.roots.replaced import is_replaced
from bot.core.states.roots.root import RootKey
from bot.core.tree import Blobs, File

_LARGEST: Final = 256 * 1024


class Compared(Protocol):
    """Base's and head's roots, and head's kustomizations as objects."""

    @property
    def base_roots(self) -> Roots:
        """Base's roots."""

    @property
    def head_roots(self) -> Roots:
        """Head's roots."""

    @property
    def head_inputs(self) -> tuple[Resource, ...]:
        """The kustomizations and charts of head as objects, each named by its path."""


def placements_changed(trees: Compared) -> tuple[PlacementChange, ...]:
    """The roots of base that head's new declarations or kustomizations alter."""
    before, after = trees.base_roots, trees.head_roots
    return (*_by_declarations(before, after), *_by_kustomizations(trees))


def no_longer_built(
    before: Mapping[RootKey, Applied],
    after: Mapping[RootKey, Applied],
    by_head: Mapping[RootKey, Applied],
) -> Iterator[PlacementChange]:
    """The declarations of head without which what base built cannot be built any more.

    `after` is head's content under base's placements: what it would give there is not known.
    """
    for key, applied in after.items():
        old = before.get(key)
        if not applied.root.placed_by or applied.status != "failed" or old is None or old.reasons:
            continue
        place = (applied.root.path, applied.root.kind)
        for new in by_head.values():
            declared = new.root.declared
            if (new.root.path, new.root.kind) == place and declared and new.status == "rendered":
                yield PlacementChange(declared.node, applied.root.path, new.root.key, unbuilt=True)
                break


def selections_changed(base: Files, head: Files, blobs: Blobs) -> Iterator[PlacementChange]:
    """The files that newly leave something out of a source, each at the first line that does."""
    for path in sorted(head.all):
        if base_name(path) not in IGNORE_FILES or base.all.get(path) == head.all[path]:
            continue
        known = set(_lines(base.all.get(path), blobs))
        for number, line in enumerate(_lines(head.all[path], blobs), start=1):
            if line and not line.startswith("#") and line not in known:
                yield PlacementChange(FileLine(path, number), directory(path), None)
                break


def _lines(file: File | None, blobs: Blobs) -> list[str]:
    if file is None or file.size > _LARGEST:
        return []
    try:
        return [
            line.strip() for line in blobs.data(file.blob).decode("utf-8", "replace").split("\n")
        ]
    except KeyError:
        return []


def _by_declarations(before: Roots, after: Roots) -> Iterator[PlacementChange]:
    """The declarations that replace the reading of a root which base only infers."""
    inferred = [
        root
        for root in before.roots.values()
        if root.declared is None and not root.unlisted and root.key not in after.roots
    ]
    for root in after.roots.values():
        declared = root.declared
        if declared is None or root.title:
            continue
        replaced = next((held for held in inferred if is_replaced(held, (root,))), None)
        if replaced is not None:
            field = next(altering_fields(declared.node.resource), None)
            alters = field is not None
            node = field or declared.node
            yield PlacementChange(node, replaced.path, root.key, alters=alters)


def _by_kustomizations(trees: Compared) -> Iterator[PlacementChange]:
    """What a kustomization alters that newly takes in one which base built by itself."""
    before, after = trees.base_roots, trees.head_roots
    for place, kustomization in after.kustomizations.items():
        known = before.kustomizations.get(place)
        listed = {target for target, _ in known.entries} if known is not None else set()
        for target, route in kustomization.entries:
            was = before.roots.get((target, "kustomization", ""))
            if target in listed or was is None or not _alters(kustomization):
                continue
            node = _node(trees.head_inputs, kustomization.path, route)
            if node is not None:
                yield PlacementChange(node, target, (place, "kustomization", ""))


def _alters(kustomization: Kustomization) -> bool:
    """Whether it does more than to list: it has fields that change or leave out resources."""
    return any(
        reason.route[:1] not in {("resources",), ("bases",)} for reason in kustomization.reasons
    )


def _node(inputs: Iterable[Resource], path: str, route: Route) -> Node | None:
    """The node of a kustomization's entry."""
    resource = next((held for held in inputs if held.source.path == path), None)
    if resource is None:
        return None
    node = resource.root
    for step in route:
        if isinstance(step, ListStep):
            items = list(node.items())
            if step.index >= len(items):
                return None
            node = items[step.index]
        else:
            node = node[step]
    return node
