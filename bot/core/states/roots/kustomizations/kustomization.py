"""A kustomization: what it lists, what else it takes in, and whether listing is all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Final

from bot.core.resource import ResourceSource, Route
from bot.core.states.roots.fetched_files import Remote
from bot.core.states.roots.kustomizations.inflated import InflatedChart
from bot.core.states.roots.reasons import Reason
from bot.records import dataclass

GROUP: Final = "kustomize.config.k8s.io"


@dataclass(frozen=True, slots=True)
class Base:
    """A directory that a kustomization takes in through a symlink.

    `seen` is the path by which it does, `reason` why that is refused where the kustomization there
    reaches out of its own directory: kustomize would start from where the symlink leads.
    """

    path: str
    seen: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Kustomization:
    """One directory's kustomization.

    `files` are listed manifests, `bases` listed directories, `components` those of components,
    `plugins` those with settings of generators and the like, `referenced` every other file of the
    tree that it takes in, `mentioned` those that it only may. `seen` are the paths of files that it
    names through symlinks, with what they lead to. `entries` are the paths of listed files and
    directories, each with the route of its entry, and `source` is where the kustomization is
    written. `charts` are those of the tree that it inflates.
    `reasons` say why its output is not simply what it lists. `remotes` are exact versions of what
    is remote; where any of them was fetched, `text` is the file with the paths of those in it.
    """

    path: str
    files: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    namespace: str = ""
    referenced: frozenset[str] = frozenset()
    component: bool = False
    reasons: tuple[Reason, ...] = ()
    components: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    linked: tuple[Base, ...] = ()
    mentioned: frozenset[str] = frozenset()
    seen: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    remotes: tuple[Remote, ...] = ()
    text: str | None = None
    entries: tuple[tuple[str, Route], ...] = ()
    source: ResourceSource | None = None
    charts: tuple[InflatedChart, ...] = ()

    @property
    def with_resources(self) -> tuple[str, ...]:
        """Every directory of another kustomization whose resources it takes in, in order."""
        return (*self.bases, *self.components)

    @property
    def below(self) -> tuple[str, ...]:
        """Every directory of another kustomization that it takes in."""
        return (*self.with_resources, *self.plugins)
