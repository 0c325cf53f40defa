"""Roots: the directories, kustomizations and charts of a tree that are built as a unit.

A root has a kind and a way to be read. Directories are read as they stand, and so are
kustomizations that only list resources and set a namespace; whatever has reasons against that is
not read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from bot.core.rendering import Build, BuildResult, Declared, Finish, Release, Renderer
from bot.core.states.roots.charts import Chart, Naming, chart_at, charts_of, variant_place
from bot.core.states.roots.closures import Closures, Manifests, kustomizations_of
from bot.core.states.roots.fetched_files import NOTHING, FetchedFiles, Remote, zone
from bot.core.states.roots.files import Files, base_name, directory
from bot.core.states.roots.kustomization import Kustomization, Reason
from bot.core.states.roots.paths import Paths
from bot.core.tree import File
from bot.records import dataclass

__all__ = ["UPGRADE", "Manifests", "Reruns", "Root", "RootKey", "Roots", "keyed", "roots_of"]

RootKind: TypeAlias = Literal["directory", "kustomization", "chart"]
RootKey: TypeAlias = tuple[str, RootKind, str]
"""A root's directory, its kind, and which of several ways to build it this is."""

UPGRADE: Final = "upgrade"
"""What marks a root whose resources are those of an upgrade."""

_RENDERERS: Final[Mapping[RootKind, Renderer]] = MappingProxyType(
    {"kustomization": "kustomize", "chart": "helm"}
)

# https://argo-cd.readthedocs.io/en/stable/user-guide/parameters/ merges these into the source.
_OVERRIDES: Final = ".argocd-source"


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
    what was brought. `finish` is what becomes of each object
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


@dataclass(frozen=True, slots=True)
class Roots:
    """The roots of a tree by key, and every kustomization in it by directory.

    `taken` are the files that kustomizations take in, and `builds` what each of these is made of.
    `fetched` are what the tree had of what lies elsewhere.
    """

    roots: Mapping[RootKey, Root] = field(default_factory=dict)
    kustomizations: Mapping[str, Kustomization] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()
    builds: _Builds | None = field(default=None, compare=False, repr=False)
    fetched: FetchedFiles = field(default=NOTHING, compare=False, repr=False)

    @property
    def remotes(self) -> tuple[Remote, ...]:
        """The exact versions of what lies elsewhere that its roots are made of, each once."""
        remotes = {remote.place: remote for root in self.roots.values() for remote in root.remotes}
        return tuple(remotes.values())


def roots_of(  # noqa: PLR0913 - a tree, how it is read, and what is known of it before
    files: Files,
    manifests: Manifests,
    naming: Naming,
    before: Roots | None = None,
    *,
    fetched: FetchedFiles = NOTHING,
    read: Mapping[str, Kustomization] = MappingProxyType({}),
) -> Roots:
    """The roots of a tree. `naming` says how charts that nobody installs are released.

    `before` are base's: what was a root there stays one while it exists, so that nobody takes a
    directory out of the review by listing it from somewhere else. `fetched` are the fetched files
    of the tree, `read` its kustomizations as parsed when fewer of those were there.
    """
    paths = Paths(files.tree, manifests.link, fetched)
    kustomizations = kustomizations_of(files, paths, manifests, read)
    builds = _Builds(kustomizations, files, paths)
    roots = [builds.root(place) for place in builds.tops(naming, before)]
    inflated = {chart.path: chart for found in kustomizations.values() for chart in found.charts}
    for chart in charts_of(files, paths, manifests, naming):
        was_root = before is not None and (chart.path, "chart", "") in before.roots
        if not chart.library and (chart.path not in inflated or was_root):
            roots += _installed(chart, naming, paths)
    roots += _inflated(kustomizations, paths, manifests)
    taken = builds.taken()
    plain: dict[str, dict[str, File]] = {}
    for path, file in files.manifests.items():
        place = directory(path)
        beside = place in kustomizations
        if path not in taken and not beside and _was_taken(path, file, before, kustomizations):
            continue
        if path not in taken or _was_plain(path, before, kustomizations):
            plain.setdefault(place, {})[path] = file
    roots += [
        Root(place, "directory", entries, place=place, unlisted=place in kustomizations)
        for place, entries in plain.items()
    ]
    known = before.roots if before is not None else {}
    return Roots(_shared(keyed(roots), known), kustomizations, taken, builds, fetched)


def _shared(roots: Mapping[RootKey, Root], known: Mapping[RootKey, Root]) -> Mapping[RootKey, Root]:
    """The same roots, those that base has as well as base's own: what they hold is read once."""
    return {key: known[key] if known.get(key) == root else root for key, root in roots.items()}


def keyed(roots: Iterable[Root]) -> Mapping[RootKey, Root]:
    """Roots by key, in its order."""
    return {root.key: root for root in sorted(roots, key=lambda root: root.key)}


def _was_taken(
    path: str, file: File, before: Roots | None, kustomizations: Mapping[str, Kustomization]
) -> bool:
    """Whether a kustomization took this very file at base, so that nothing applies it newly.

    Where the directory's own kustomization is gone, its files may well be applied as they stand.
    """
    if before is None or before.builds is None or path not in before.taken:
        return False
    place = directory(path)
    same = (place in kustomizations) == (place in before.kustomizations)
    return same and before.builds.holds(path, file)


def _was_plain(
    path: str, before: Roots | None, kustomizations: Mapping[str, Kustomization]
) -> bool:
    """Whether a file belongs to a directory that held manifests of its own at base.

    What a kustomization took in at base already is its own at head as well.
    """
    place = directory(path)
    return (
        before is not None
        and path not in before.taken
        and (place, "directory", "") in before.roots
        and place not in kustomizations
    )


def _installed(chart: Chart, naming: Naming, paths: Paths) -> Iterator[Root]:
    """A chart as nothing in the tree installs it: once with each of its sets of values."""
    why = Reason(chart.described, "it is a Helm chart", refuses=False)
    for variant in ("", *chart.variants):
        own_path = f"{chart.path}/{variant}" if chart.path else variant
        place = variant_place(chart, variant)
        release = naming.release(chart.path, place, (own_path,) if variant else ())
        yield Root(
            chart.path,
            "chart",
            resolved(chart.files, paths),
            (*chart.reasons, why),
            own_paths=shown_elsewhere(chart.files),
            variant=variant,
            place=place,
            release=release,
            default_namespace=release.namespace,
            remotes=chart.remotes,
        )


def _inflated(
    kustomizations: Mapping[str, Kustomization], paths: Paths, manifests: Manifests
) -> Iterator[Root]:
    """The charts that kustomizations inflate, each as Helm renders it for one of them.

    What the kustomization then alters is unknown, and is a problem of its own.
    """
    for place, kustomization in kustomizations.items():
        for entry in kustomization.charts:
            chart = chart_at(entry.path, paths, manifests)
            name = entry.release.name
            why = Reason(kustomization.path, "it is a Helm chart", refuses=False)
            files = {**chart.files, **{path: path for path in entry.files}}
            yield Root(
                entry.path,
                "chart",
                resolved(files, paths),
                (*chart.reasons, why),
                own_paths=shown_elsewhere(files),
                variant=f"{place or '.'} {name}",
                place=place,
                release=entry.release,
                default_namespace=entry.release.namespace,
                remotes=chart.remotes,
            )


def resolved(closure: Mapping[str, str], paths: Paths) -> Mapping[str, File]:
    """The files of a closure, by the path at which a renderer finds them."""
    entries = ((seen, paths.file(own_path)) for seen, own_path in sorted(closure.items()))
    return {seen: file for seen, file in entries if file is not None}


def shown_elsewhere(closure: Mapping[str, str]) -> Mapping[str, str]:
    """Those of a closure that a renderer finds at another path than the tree has them at."""
    return {seen: own_path for seen, own_path in closure.items() if seen != own_path}


class _Builds:
    """The kustomizations of a tree, and what each takes in together with its bases."""

    def __init__(
        self, kustomizations: Mapping[str, Kustomization], files: Files, paths: Paths
    ) -> None:
        self._known = kustomizations
        self._files = files
        self._paths = paths
        self._overrides: dict[str, list[str]] = {}
        for path in files.all:
            if base_name(path).startswith(_OVERRIDES):
                self._overrides.setdefault(directory(path), []).append(path)
        self._closures = Closures(kustomizations)

    def tops(self, naming: Naming, before: Roots | None) -> list[str]:
        """The kustomizations that no other lists, those that were such at base, and named ones.

        Of some that only list one another, the first: whatever there is belongs to a root.
        """
        listed = {base for kustomization in self._known.values() for base in kustomization.below}
        kept = before.roots if before is not None else {}
        tops = [
            place
            for place in self._known
            if place not in listed or (place, "kustomization", "") in kept or naming.names(place)
        ]
        reached: set[str] = set()
        for place in (*tops, *self._known):
            if place in reached:
                continue
            if place not in tops:
                tops.append(place)
            pending = [place]
            while pending:
                reached_place = pending.pop()
                if reached_place not in reached:
                    reached.add(reached_place)
                    pending.extend(
                        self._known[reached_place].below if reached_place in self._known else ()
                    )
        return [
            place
            for place in tops
            if not zone(place)
            and not naming.excludes(place)
            and (naming.names(place) or not self._is_only_unlisted(place, before))
        ]

    def _is_only_unlisted(self, place: str, before: Roots | None) -> bool:
        """Whether all that became of a kustomization is that nothing lists it any more.

        Nothing applied it by itself at base, and it is what it was: nothing newly applies it.
        """
        if before is None or before.builds is None or place not in before.kustomizations:
            return False
        if (place, "kustomization", "") in before.roots:
            return False
        return before.builds.root(place).build_inputs == self.root(place).build_inputs

    def holds(self, path: str, file: File) -> bool:
        """Whether the tree has this very file at this path."""
        return self._files.all.get(path) == file

    def root(self, place: str) -> Root:
        """The root of a directory's kustomization."""
        closure = self._closures.of(place)
        files = dict(resolved(closure.files, self._paths))
        reasons = closure.reasons
        for override in self._overrides.get(place, ()):
            files[override] = self._files.all[override]
            reasons = (*reasons, Reason(override, "Argo CD applies the overrides of this file"))
        kustomization = self._known[place]
        if kustomization.component:
            reasons = (
                *reasons,
                Reason(kustomization.path, "it is a component that nothing here lists"),
            )
        return Root(
            place,
            "kustomization",
            files,
            reasons,
            kustomization.namespace,
            own_paths=shown_elsewhere(closure.files),
            place=place,
            edits=closure.edits,
            remotes=closure.remotes,
        )

    def taken(self) -> frozenset[str]:
        """The files that are no manifests by themselves, because a kustomization takes them."""
        paths = {
            path
            for kustomization in self._known.values()
            for path in (kustomization.path, *kustomization.files)
        }
        return frozenset(
            paths.union(*(kustomization.referenced for kustomization in self._known.values()))
        )
