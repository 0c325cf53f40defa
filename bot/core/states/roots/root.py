"""A root: a directory, kustomization or chart of a tree that is built as a unit.

A root has a kind and a way to be read. Directories are read as they stand, and so are
kustomizations that only list resources and set a namespace; whatever has reasons against that is
not read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from bot.core.rendering import Build, BuildResult, Declared, Finish, Release, Renderer
from bot.core.states.roots.fetched_files import Remote
from bot.core.states.roots.paths import Paths
from bot.core.states.roots.reasons import Reason
from bot.core.tree import File
from bot.records import dataclass

RootKind: TypeAlias = Literal["directory", "kustomization", "chart"]
RootKey: TypeAlias = tuple[str, RootKind, str]
"""A root's directory, its kind, and which of several ways to build it this is."""

UPGRADE: Final = "upgrade"
"""What marks a root whose resources are those of an upgrade."""

_RENDERERS: Final[Mapping[RootKind, Renderer]] = MappingProxyType(
    {"kustomization": "kustomize", "chart": "helm"}
)


@dataclass(frozen=True, slots=True)
class Reruns:
    """What else comes of a chart that does not come out the same each time.

    `again` is the same build once more, `upgrade` the build as an upgrade and `upgrade_again` that
    once more; None where it is never upgraded.
    """

    again: BuildResult
    upgrade: BuildResult | None = None
    upgrade_again: BuildResult | None = None


@dataclass(frozen=True, slots=True)
class Root:
    """A directory, kustomization or chart that is built and applied as a unit.

    `path` is its directory, `files` those that it is made of, with their modes and content ids, by
    the path at which a renderer finds them; `own_paths` are the tree's own paths of those that it
    finds elsewhere, through symlinks or as a chart's dependency;
    `reasons` say why it cannot be read as it stands, empty where it can. `namespace` is the one
    that everything in it is put into, empty where there is no such one. `read` are those of its
    files that lie in it, where others decide about it as well; None where these are all.

    `variant` tells apart the ways in which one directory is built, `place` is the path by which its
    environment is found, `cluster` the part of it that is a cluster's own. `release` is how a chart
    is installed, `edits` are texts laid over the files, `laid` those of an owner, before they name
    what was fetched. `finish` is what becomes of each object
    after the build, `default_namespace` what objects without one get, empty for the environment's
    own. `built` is what a renderer gave, None where none was asked. `declared` is what declares it,
    None where it was inferred. `unlisted` says that nothing applies it: its files lie beside a
    kustomization that does not list them. `placed_by` is `base` for a root of head that is built as
    base's placements say, where head's say otherwise.
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

    @property
    def key(self) -> RootKey:
        """The identity of the root across base and head."""
        return (self.path, self.kind, self.variant)

    @property
    def name(self) -> str:
        """The name that the sources of its resources carry."""
        parts = (self.placed_by, self.label, self.kind, self.path or ".", self.variant)
        return ":".join(part for part in parts if part)

    @property
    def owner(self) -> object | None:
        """What several roots of one declaring object have in common; None where none declares."""
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
        """Everything that its resources depend on: equal inputs give equal resources."""
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
    """Roots by key, in its order."""
    return {root.key: root for root in sorted(roots, key=lambda root: root.key)}


def resolved(closure: Mapping[str, str], paths: Paths) -> Mapping[str, File]:
    """The files of a closure, by the path at which a renderer finds them."""
    entries = ((seen, paths.file(own_path)) for seen, own_path in sorted(closure.items()))
    return {seen: file for seen, file in entries if file is not None}


def at_other_paths(closure: Mapping[str, str]) -> Mapping[str, str]:
    """Those of a closure that a renderer finds at another path than the tree has them at."""
    return {seen: own_path for seen, own_path in closure.items() if seen != own_path}
