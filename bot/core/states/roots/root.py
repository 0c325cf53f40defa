"""A root: a directory, kustomization or chart of a tree that is built as a unit.

Directories are read as they stand, and so are kustomizations that only list resources and set a
namespace. A root that needs more lists the reasons why, and a renderer has to build it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from bot.core.rendering import Build, BuildResult, Declared, Finish, Release, Renderer
from bot.core.states.roots.fetched_files import Remote
from bot.core.states.roots.kustomizations.kustomization import Kustomization
from bot.core.states.roots.paths import Paths
from bot.core.states.roots.reasons import Reason
from bot.core.tree import File
from bot.records import dataclass

RootKind: TypeAlias = Literal["directory", "kustomization", "chart"]
RootKey: TypeAlias = tuple[str, RootKind, str]
"""A root's directory, its kind, and which of several ways to build it this is."""

UPGRADE: Final = "upgrade"
"""The label of a root whose resources are those of an upgrade."""

_RENDERERS: Final[Mapping[RootKind, Renderer]] = MappingProxyType(
    {"kustomization": "kustomize", "chart": "helm"}
)


@dataclass(frozen=True, slots=True)
class Reruns:
    """Further builds of a chart whose output differs from build to build.

    `again` repeats the build. `upgrade` builds the chart as an upgrade and `upgrade_again` repeats
    that; both are None for a chart that is never upgraded.
    """

    again: BuildResult
    upgrade: BuildResult | None = None
    upgrade_again: BuildResult | None = None


@dataclass(frozen=True, slots=True)
class Root:
    """A directory, kustomization or chart that is built and applied as a unit.

    `path` is its directory. `files` are the files that it is built from, with modes and content
    ids, by the path at which a renderer sees them; `own_paths` maps those paths to the tree's where
    the two differ, through symlinks or dependencies of a chart. `read` are the files to read where
    other roots decide about some of its directory; None means all of `files`. `reasons` say why the
    root cannot be read as it stands; empty if it can.

    `namespace` is the namespace that everything in it is put into, or empty. `default_namespace` is
    that of resources that name none; empty means the environment's default. `variant` tells apart
    several builds of one directory, `place` is the path that decides its environment, and `cluster`
    the part of that path that belongs to one cluster.

    `release` says how a chart is installed, `edits` are texts that replace files, and `laid` are
    the edits of an owner before they name fetched sources. `finish` says what is done to each
    resource after the build. `built` is a renderer's result, None if no renderer was asked.

    `declared` is the declaration of the root, None if the root was inferred. `unlisted` means that
    nothing applies it: its files lie beside a kustomization that does not list them. `placed_by` is
    `base` for a root of head that is built as base's placements say where head's say otherwise.
    `kustomizations` are those of its build by directory, with its edits.
    """

    path: str
    kind: RootKind
    files: Mapping[str, File]
    reasons: tuple[Reason, ...] = ()
    namespace: str = ""
    read: Mapping[str, File] | None = None
    own_paths: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    variant: str = ""
    place: str = ""
    cluster: str = ""
    release: Release | None = None
    edits: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    laid: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    finish: Finish | None = None
    default_namespace: str = ""
    built: BuildResult | None = None
    reruns: Reruns | None = None
    label: str = ""
    declared: Declared | None = field(default=None, compare=False, repr=False)
    remotes: tuple[Remote, ...] = ()
    title: str = ""
    home: str = ""
    unlisted: bool = False
    placed_by: str = ""
    kustomizations: Mapping[str, Kustomization] = field(
        default_factory=lambda: MappingProxyType({}), compare=False, repr=False
    )

    @property
    def key(self) -> RootKey:
        """The identity of the root across base and head."""
        return (self.path, self.kind, self.variant)

    @property
    def name(self) -> str:
        """The name of the root in the sources of its resources."""
        parts = (self.placed_by, self.label, self.kind, self.path or ".", self.variant)
        return ":".join(part for part in parts if part)

    @property
    def owner(self) -> object | None:
        """The identity shared by the roots of one declaration; None if the root is inferred."""
        declared = self.declared
        if declared is None:
            return None
        return (declared.node.resource.key, declared.name, self.cluster)

    @property
    def is_variant(self) -> bool:
        """Whether it is a chart with one of several sets of values, which nothing installs."""
        whole = self.kind == "chart" and not self.cluster and not self.title
        return whole and self.place != self.path

    @property
    def inputs(self) -> object:
        """Everything that its resources depend on. Equal inputs give equal resources."""
        reasons = tuple((reason.path, reason.message, reason.refuses) for reason in self.reasons)
        references = tuple(remote.reference for remote in self.remotes)
        return (
            self.key,
            self.build_inputs,
            self.finish,
            self.default_namespace,
            reasons,
            references,
            *((self.declared.source, self.declared.filled_in) if self.declared is not None else ()),
        )

    @property
    def build_inputs(self) -> tuple[object, ...]:
        """Everything that the result of its build depends on."""
        files = tuple((path, file.mode, file.blob) for path, file in sorted(self.files.items()))
        return (self.path, self.kind, files, self.release, tuple(sorted(self.edits.items())))

    @property
    def spent(self) -> bool:
        """Whether it is not built because a limit of the review was reached."""
        return any(reason.spent for reason in self.reasons)

    @property
    def refusals(self) -> tuple[Reason, ...]:
        """The reasons against building it; empty where it may be built."""
        return tuple(reason for reason in self.reasons if reason.refuses)

    @property
    def build(self) -> Build | None:
        """The build of the root; None for a plain directory."""
        renderer = _RENDERERS.get(self.kind)
        if renderer is None:
            return None
        files = {path: file.blob for path, file in self.files.items()}
        return Build(renderer, self.path, files, self.edits, self.release)

    @property
    def tree_files(self) -> frozenset[str]:
        """The paths in the tree of the files it is made of."""
        return frozenset(self.own_paths.get(path, path) for path in self.files)

    @property
    def own_files(self) -> Mapping[str, File]:
        """The files that lie in it or are listed by it."""
        return self.files if self.read is None else self.read


def keyed(roots: Iterable[Root]) -> Mapping[RootKey, Root]:
    """The roots by key, ordered by key."""
    return {root.key: root for root in sorted(roots, key=lambda root: root.key)}


def resolved(closure: Mapping[str, str], paths: Paths) -> Mapping[str, File]:
    """The files of a closure, by the path at which a renderer sees them."""
    entries = ((seen, paths.file(own_path)) for seen, own_path in sorted(closure.items()))
    return {seen: file for seen, file in entries if file is not None}


def at_other_paths(closure: Mapping[str, str]) -> Mapping[str, str]:
    """The part of a closure that a renderer sees at other paths than those of the tree."""
    return {seen: own_path for seen, own_path in closure.items() if seen != own_path}
