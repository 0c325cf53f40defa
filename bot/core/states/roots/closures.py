"""The closure of a root: every file that its build reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Final, Protocol

from bot.core.manifest import Manifest
from bot.core.states.roots.fetched_files import Remote, zone
from bot.core.states.roots.files import Files
from bot.core.states.roots.kustomizations.file import parse_kustomization
from bot.core.states.roots.kustomizations.kustomization import Base, Kustomization
from bot.core.states.roots.paths import Paths
from bot.core.states.roots.reasons import Reason
from bot.core.tree import File
from bot.records import dataclass

# kustomizations listing kustomizations: far beyond what people write, far below the stack.
_DEEPEST: Final = 64


class Manifests(Protocol):
    """The manifests of files, by content id. Implementations parse each content once."""

    def manifest(self, file: File) -> Manifest:
        """Both readings of a file."""

    def kustomization(self, file: File) -> Manifest:
        """Both readings of a kustomization's file, which need not say its own kind."""

    def link(self, file: File) -> str:
        """Where a symlink points. Raises KeyError where that cannot be said."""


@dataclass(frozen=True, slots=True)
class Closure:
    """The files that a build reads, by the path at which it finds each, and the tree's own path.

    `reasons` say why what is built of them is not simply what they list. `remotes` are exact
    versions of remote sources, `edits` the texts that name those which were fetched.
    """

    files: Mapping[str, str]
    reasons: tuple[Reason, ...] = ()
    remotes: tuple[Remote, ...] = ()
    edits: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def kustomizations_of(
    files: Files,
    paths: Paths,
    manifests: Manifests,
    read: Mapping[str, Kustomization] = MappingProxyType({}),
) -> Mapping[str, Kustomization]:
    """Every kustomization of a tree by directory, with the remote ones that they include.

    `read` are those of the same tree with fewer fetched files: what names no remote source
    stays as it is.

    What the policy ignores, and what lies in a directory whose name begins with a dot, is no root;
    that does not keep a root from being made of it.
    """
    return _parsed(list(files.kustomizations), files.kustomizations, paths, manifests, read)


def kustomizations_at(
    place: str, paths: Paths, manifests: Manifests
) -> Mapping[str, Kustomization]:
    """The kustomization of one directory, and those that it takes in."""
    return _parsed([place], {}, paths, manifests)


def _parsed(
    pending: list[str],
    named: Mapping[str, str],
    paths: Paths,
    manifests: Manifests,
    read: Mapping[str, Kustomization] = MappingProxyType({}),
) -> Mapping[str, Kustomization]:
    kustomizations: dict[str, Kustomization] = {}
    while pending:
        place = pending.pop()
        if place in kustomizations:
            continue
        kustomization = read.get(place)
        if kustomization is not None and not kustomization.remotes and not zone(place):
            kustomizations[place] = kustomization
            pending.extend(kustomization.below)
            continue
        path = named.get(place) or paths.kustomization(place)
        file = paths.file(path) if path is not None else None
        if path is None or file is None:
            continue
        manifest = manifests.kustomization(file)
        kustomization = parse_kustomization(path, file, manifest, paths, manifests.manifest)
        if kustomization is not None:
            kustomizations[place] = kustomization
            pending.extend(kustomization.below)
    return dict(sorted(kustomizations.items()))


class Closures:
    """The closures of the kustomizations of a tree, each computed once."""

    def __init__(self, kustomizations: Mapping[str, Kustomization]) -> None:
        self._known = kustomizations
        self._closed: dict[str, Closure] = {}

    def of(self, place: str, depth: int = 0) -> Closure:
        """Every file below a directory's kustomization, and every reason in it."""
        if place in self._closed:
            return self._closed[place]
        kustomization = self._known.get(place)
        if kustomization is None:
            return Closure({}, (Reason(place, f"{place or '.'} holds no kustomization"),))
        if depth > _DEEPEST:
            reason = Reason(
                kustomization.path, f"more than {_DEEPEST} kustomizations list one another"
            )
            return Closure({kustomization.path: kustomization.path}, (reason,))
        # What lists itself meets this: kustomize calls it a cycle.
        cycle = Reason(kustomization.path, "it lists itself, directly or through its bases")
        self._closed[place] = Closure({kustomization.path: kustomization.path}, (cycle,))
        self._closed[place] = self._closure(kustomization, depth)
        return self._closed[place]

    def _closure(self, kustomization: Kustomization, depth: int) -> Closure:
        paths = {
            kustomization.path,
            *kustomization.files,
            *kustomization.referenced,
            *kustomization.mentioned,
        }
        files = {**{path: path for path in paths}, **kustomization.seen}
        reasons = dict.fromkeys(kustomization.reasons)
        remotes = {remote.place: remote for remote in kustomization.remotes}
        edits = {kustomization.path: kustomization.text} if kustomization.text is not None else {}
        for below in kustomization.below:
            closure = self.of(below, depth + 1)
            files.update(closure.files)
            reasons.update(dict.fromkeys(closure.reasons))
            remotes.update({remote.place: remote for remote in closure.remotes})
            edits.update(closure.edits)
        for base in kustomization.linked:
            closure = self.of(base.path, depth + 1)
            files.update(_through(base, closure))
            if any(not _lies_in(path, base.path) for path in closure.files):
                reasons[base.reason] = None
        return Closure(files, tuple(reasons), tuple(remotes.values()), edits)


def listed_manifests(place: str, kustomizations: Mapping[str, Kustomization]) -> Iterator[str]:
    """The manifests that a kustomization lists, with its bases and components, each once."""
    seen: set[str] = set()
    pending = [place]
    listed: dict[str, None] = {}
    while pending:
        here = pending.pop()
        kustomization = kustomizations.get(here)
        if kustomization is not None and here not in seen:
            seen.add(here)
            listed.update(dict.fromkeys(kustomization.files))
            pending.extend(reversed(kustomization.with_resources))
    return iter(listed)


def _through(base: Base, closure: Closure) -> Iterator[tuple[str, str]]:
    """The files of a base at the paths at which a symlink shows them."""
    for path, own_path in closure.files.items():
        if _lies_in(path, base.path):
            rest = path[len(base.path) :].lstrip("/") if base.path else path
            yield f"{base.seen}/{rest}" if base.seen else rest, own_path


def _lies_in(path: str, place: str) -> bool:
    return not place or path.startswith(f"{place}/")
