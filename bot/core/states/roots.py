"""Roots: what is applied together, found in a tree. Nothing is read twice, nothing is guessed.

A root has a kind and a way to be read. Directories are read as they stand, and so are
kustomizations that only list resources and set a namespace; whatever has reasons against that is
not read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, Protocol, TypeAlias

from bot.core.manifest import Manifest
from bot.core.rendering import Build, Built, Finish, Release, Renderer
from bot.core.states.charts import Naming, charts_of
from bot.core.states.files import KUSTOMIZATION_NAMES, Files, base_name, directory
from bot.core.states.kustomization import Kustomization, Reason, parse_kustomization
from bot.core.tree import File

RootKind: TypeAlias = Literal["directory", "kustomization", "chart"]
RootKey: TypeAlias = tuple[str, RootKind, str]
"""A root's directory, its kind, and which of several ways to build it this is."""

_RENDERERS: Final[Mapping[RootKind, Renderer]] = MappingProxyType(
    {"kustomization": "kustomize", "chart": "helm"}
)

# https://argo-cd.readthedocs.io/en/stable/user-guide/parameters/ merges these into the source.
_OVERRIDES: Final = ".argocd-source"

# kustomizations listing kustomizations: far beyond what people write, far below the stack.
_DEEPEST: Final = 64


class Manifests(Protocol):
    """What the files of a tree hold, by content: whoever answers reads each content once."""

    def manifest(self, file: File) -> Manifest:
        """Both readings of a file."""

    def kustomization(self, file: File) -> Manifest:
        """Both readings of a kustomization's file, which need not say its own kind."""

    def link(self, file: File) -> str:
        """Where a symlink points. Raises KeyError where that cannot be said."""


@dataclass(frozen=True, slots=True)
class Root:
    """What is applied together.

    `path` is its directory, `files` those that it is made of, with their modes and content ids;
    `reasons` say why it cannot be read as it stands, empty where it can. `namespace` is the one
    that everything in it is put into, empty where there is no such one. `read` are those of its
    files that lie in it, where others decide about it as well; None where these are all.

    `variant` tells apart the ways in which one directory is built, `place` is the path by which its
    environment is found. `release` is how a chart is installed, `edits` are texts laid over the
    files. `finish` is what becomes of each object after the build, `default_namespace` what objects
    without one get, empty for the environment's own. `built` is what a renderer gave, None where
    none was asked.
    """

    path: str
    kind: RootKind
    files: Mapping[str, File]
    reasons: tuple[Reason, ...] = ()
    namespace: str = ""
    read: Mapping[str, File] | None = None
    variant: str = ""
    place: str = ""
    release: Release | None = None
    edits: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    finish: Finish | None = None
    default_namespace: str = ""
    built: Built | None = None

    @property
    def key(self) -> RootKey:
        """What makes it that root at base and at head."""
        return (self.path, self.kind, self.variant)

    @property
    def name(self) -> str:
        """What the sources of its resources name it."""
        return ":".join(part for part in (self.kind, self.path or ".", self.variant) if part)

    @property
    def inputs(self) -> object:
        """All that its resources depend on: the same inputs give the same resources."""
        files = tuple((path, file.mode, file.blob) for path, file in sorted(self.files.items()))
        return (self.key, files, self.release, tuple(sorted(self.edits.items())), self.reasons)

    @property
    def refusals(self) -> tuple[Reason, ...]:
        """Why no renderer is given it; empty where one may be."""
        return tuple(reason for reason in self.reasons if reason.refuses)

    @property
    def build(self) -> Build | None:
        """What a renderer is asked for; None for what none could be asked for."""
        renderer = _RENDERERS.get(self.kind)
        if renderer is None:
            return None
        files = {path: file.blob for path, file in self.files.items()}
        return Build(renderer, self.path, files, self.edits, self.release)

    @property
    def own_files(self) -> Mapping[str, File]:
        """The files that lie in it or are listed by it."""
        return self.files if self.read is None else self.read


@dataclass(frozen=True, slots=True)
class Roots:
    """The roots of a tree by key, and every kustomization in it by directory."""

    roots: Mapping[RootKey, Root] = field(default_factory=dict)
    kustomizations: Mapping[str, Kustomization] = field(default_factory=dict)


def roots_of(
    files: Files, manifests: Manifests, naming: Naming, before: Roots | None = None
) -> Roots:
    """The roots of a tree. `naming` says how charts that nobody installs are released.

    `before` are base's: what was a root there stays one while it exists, so that nobody takes a
    directory out of the review by listing it from somewhere else.
    """
    known = _kustomizations(files, manifests)
    builds = _Builds(known, files)
    found = [builds.root(place) for place in builds.tops(before)]
    found += [
        Root(
            chart.path,
            "chart",
            chart.files,
            (Reason(chart.described, "it is a Helm chart", refuses=False),),
            variant=chart.variant,
            place=chart.place,
            release=chart.release,
            default_namespace=chart.release.namespace,
        )
        for chart in charts_of(files, naming)
    ]
    taken = builds.taken()
    plain: dict[str, dict[str, File]] = {}
    for path, file in files.manifests.items():
        if path not in taken or _was_plain(directory(path), before, known):
            plain.setdefault(directory(path), {})[path] = file
    found += [Root(path, "directory", held, place=path) for path, held in plain.items()]
    return Roots(keyed(found), known)


def keyed(roots: Iterable[Root]) -> Mapping[RootKey, Root]:
    """Roots by key, in its order."""
    return {root.key: root for root in sorted(roots, key=lambda root: root.key)}


def _was_plain(place: str, before: Roots | None, known: Mapping[str, Kustomization]) -> bool:
    """Whether a directory without a kustomization held manifests of its own at base."""
    return before is not None and (place, "directory", "") in before.roots and place not in known


def _kustomizations(files: Files, manifests: Manifests) -> Mapping[str, Kustomization]:
    found: dict[str, Kustomization] = {}
    for place, path in files.kustomizations.items():
        file = files.all[path]
        held = parse_kustomization(path, file, manifests.kustomization(file), files)
        if held is not None:
            found[place] = held
    return found


class _Builds:
    """The kustomizations of a tree, and what each takes in together with its bases."""

    def __init__(self, known: Mapping[str, Kustomization], files: Files) -> None:
        self._known = known
        self._files = files
        self._overrides: dict[str, list[str]] = {}
        for path in files.all:
            if base_name(path).startswith(_OVERRIDES):
                self._overrides.setdefault(directory(path), []).append(path)
        self._closed: dict[str, tuple[frozenset[str], tuple[Reason, ...]]] = {}

    def tops(self, before: Roots | None) -> list[str]:
        """The kustomizations that no other lists, and those that were such at base.

        Of some that only list one another, the first: whatever there is belongs to a root.
        """
        below = {
            place: (*held.bases, *_kustomizations_among(held))
            for place, held in self._known.items()
        }
        listed = {base for bases in below.values() for base in bases}
        kept = before.roots if before is not None else {}
        tops = [
            place
            for place in self._known
            if place not in listed or (place, "kustomization", "") in kept
        ]
        reached: set[str] = set()
        for place in (*tops, *self._known):
            if place in reached:
                continue
            if place not in tops:
                tops.append(place)
            left = [place]
            while left:
                found = left.pop()
                if found not in reached:
                    reached.add(found)
                    left.extend(below.get(found, ()))
        return tops

    def root(self, place: str) -> Root:
        """The root of a directory's kustomization."""
        paths, reasons = self._closure(place, 0)
        files = {path: self._files.all[path] for path in sorted(paths)}
        for override in self._overrides.get(place, ()):
            files[override] = self._files.all[override]
            reasons = (*reasons, Reason(override, "Argo CD applies the overrides of this file"))
        if self._known[place].component:
            own = self._known[place].path
            reasons = (*reasons, Reason(own, "it is a component that nothing here lists"))
        space = self._known[place].namespace
        return Root(place, "kustomization", files, reasons, space, place=place)

    def taken(self) -> frozenset[str]:
        """The files that are no manifests by themselves, because a kustomization takes them."""
        own = {path for held in self._known.values() for path in (held.path, *held.files)}
        return frozenset(own.union(*(held.referenced for held in self._known.values())))

    def _closure(self, place: str, depth: int) -> tuple[frozenset[str], tuple[Reason, ...]]:
        """Every file below a kustomization, and every reason in it."""
        if place in self._closed:
            return self._closed[place]
        held = self._known.get(place)
        if held is None:
            return frozenset(), ()
        if depth > _DEEPEST:
            reason = Reason(held.path, f"more than {_DEEPEST} kustomizations list one another")
            return frozenset((held.path,)), (reason,)
        # What lists itself meets this: kustomize calls it a cycle.
        cycle = Reason(held.path, "it lists itself, directly or through its bases")
        self._closed[place] = frozenset((held.path,)), (cycle,)
        paths = {held.path, *held.files, *held.referenced}
        reasons = dict.fromkeys(held.reasons)
        for base in (*held.bases, *_kustomizations_among(held)):
            more, why = self._closure(base, depth + 1)
            paths |= more
            reasons.update(dict.fromkeys(why))
        closed = frozenset(paths), tuple(reasons)
        self._closed[place] = closed
        return closed


def _kustomizations_among(held: Kustomization) -> Iterator[str]:
    """The directories of other kustomizations that a field names, such as components."""
    for path in sorted(held.referenced):
        if path != held.path and base_name(path) in KUSTOMIZATION_NAMES:
            yield directory(path)
