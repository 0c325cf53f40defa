"""Linking: the entry that newly includes an existing file, or that no longer does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Final

from bot.core.lines.leaves import changed_leaves
from bot.core.resource import Node, ResourceSource, Route
from bot.core.states.roots.closures import listed_manifests
from bot.core.states.roots.inferred import Roots
from bot.core.states.roots.kustomizations.kustomization import Kustomization
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A place that takes a file in: an entry of a kustomization, or what declares its root."""

    source: ResourceSource
    route: Route
    node: Node | None = None


@dataclass(frozen=True, slots=True)
class Linking:
    """The entries that newly include files at head, and those that no longer include files."""

    before: Roots = field(default_factory=Roots)
    after: Roots = field(default_factory=Roots)
    old: Mapping[str, Kustomization] = field(default_factory=lambda: MappingProxyType({}))
    new: Mapping[str, Kustomization] = field(default_factory=lambda: MappingProxyType({}))

    def added(self, path: str) -> Entry | None:
        """The entry at head that includes a file which no entry included at base."""
        return _listed(path, self.new, self.old) or _declared(path, self.after, self.before)

    def removed(self, path: str) -> Entry | None:
        """The entry at base that included a file, and that head no longer has."""
        return _listed(path, self.old, self.new) or _declared(path, self.before, self.after)


NO_LINKING: Final = Linking()


def _listed(
    path: str, here: Mapping[str, Kustomization], there: Mapping[str, Kustomization]
) -> Entry | None:
    """The entry of one side's kustomization that the other side's does not have."""
    for place, kustomization in here.items():
        other = there.get(place)
        if kustomization.source is None:
            continue
        if other is not None and other.entries == kustomization.entries:
            continue
        known = {target for target, _ in other.entries} if other is not None else set()
        for target, route in kustomization.entries:
            if target in known:
                continue
            if target == path or (target in here and path in set(listed_manifests(target, here))):
                return Entry(kustomization.source, route)
    return None


def _declared(path: str, here: Roots, there: Roots) -> Entry | None:
    """What declares a root with this file on one side, where the other side's root lacks it."""
    for key, root in here.roots.items():
        if root.declared is None or path not in root.tree_files:
            continue
        other = there.roots.get(key)
        if other is None:
            node = root.declared.node
        elif other.declared is not None and path not in other.tree_files:
            node = _changed(root.declared.node, other.declared.node)
        else:
            continue
        return Entry(node.resource.source, node.route, node)
    return None


def _changed(node: Node, other: Node) -> Node:
    """The first field in which the objects of two declarations differ; else the declaration."""
    return next(changed_leaves(node.resource, other.resource), node)
