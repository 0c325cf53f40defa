"""The table of placements: each root, how it is built, where it goes, and who says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Final, Literal, TypeAlias

from bot.core.rendering import Declared
from bot.core.resource import Node, ResourceKey, route_text
from bot.core.states.environments import Environments, environments_of
from bot.core.states.placements.delivery import altering_fields
from bot.core.states.roots.inferred import Roots
from bot.core.states.roots.root import Root, RootKind
from bot.records import dataclass

SaidBy: TypeAlias = Literal["policy", "base", "head", "inferred"]

_TOOLS: Final = {
    "Application": "Argo CD",
    "ApplicationSet": "Argo CD",
    "Kustomization": "Flux",
    "HelmRelease": "Flux",
}
_BY_HAND: Final = {"directory": "kubectl", "kustomization": "kustomize", "chart": "Helm"}


@dataclass(frozen=True, slots=True)
class Placement:
    """A root, built in one way and applied to environments by one tool.

    `settings` are what the object that declares it sets, by name; `owner` is that object's key and
    `node` the field that names the root, empty and None where nothing declares it. `applied` is
    false for files that nothing applies.
    """

    root: str
    kind: RootKind
    environments: tuple[str, ...]
    tool: str
    said_by: SaidBy
    settings: tuple[tuple[str, str], ...] = ()
    owner: str = ""
    applied: bool = True
    node: Node | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class PlacementTable:
    """The placements of one tree; `owners` are the objects of base that declare any."""

    roots: Roots
    environments: Environments = field(default_factory=lambda: environments_of(()))
    owners: frozenset[ResourceKey] = frozenset()

    def rows(self) -> Iterator[Placement]:
        """The placements, in the order of their roots."""
        for root in self.roots.roots.values():
            declared = root.declared
            yield Placement(
                root.title or root.path or ".",
                root.kind,
                tuple(sorted(self.environments.homes(root))),
                _tool(root) if not root.unlisted else "none",
                self._said_by(root),
                tuple(_settings(declared)) if declared is not None else (),
                str(declared.node.resource.key) if declared is not None else "",
                not root.unlisted,
                declared.node if declared is not None else None,
            )

    def _said_by(self, root: Root) -> SaidBy:
        if root.declared is not None:
            return "base" if root.declared.node.resource.key in self.owners else "head"
        return "policy" if self.environments.is_named(root) else "inferred"


NO_PLACEMENTS: Final = PlacementTable(Roots())


def owners_in(roots: Roots) -> frozenset[ResourceKey]:
    """The objects that declare roots."""
    return frozenset(
        root.declared.node.resource.key
        for root in roots.roots.values()
        if root.declared is not None
    )


def _tool(root: Root) -> str:
    if root.declared is None:
        return _BY_HAND[root.kind]
    return _TOOLS.get(root.declared.node.resource.key.kind, "unknown")


def _settings(declared: Declared) -> Iterator[tuple[str, str]]:
    """The settings of a declaration in short; what they hold is not shown, as it may be secret."""
    for name, value in (
        ("cluster", declared.cluster),
        ("namespace", declared.namespace),
        ("release", declared.release.name if declared.release is not None else ""),
        ("prune", _prune(declared.node)),
        ("alters", ", ".join(_altered(declared))),
        ("files", "" if declared.files is None else str(len(declared.files))),
        ("not built", "; ".join(declared.hindrances)),
    ):
        if value:
            yield name, value


def _altered(declared: Declared) -> Iterator[str]:
    yield from dict.fromkeys(
        route_text(node.route) for node in altering_fields(declared.node.resource)
    )


def _prune(node: Node) -> str:
    spec = node.resource.at("spec")
    for field_ in (spec["prune"], spec.at("syncPolicy", "automated", "prune")):
        if field_.boolean is not None:
            return "true" if field_.boolean else "false"
    return ""
