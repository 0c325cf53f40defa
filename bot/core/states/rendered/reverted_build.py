"""Builds of a root with other file texts, or with base's versions of remote sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from types import MappingProxyType
from typing import Final

from bot.core.rendering import Build, Declared
from bot.core.states.roots.charts import chart_at
from bot.core.states.roots.closures import Closures, Manifests, kustomizations_at
from bot.core.states.roots.fetched_files import DEEPEST, FetchedFiles, Remote, with_fetched
from bot.core.states.roots.overlay import Overlay
from bot.core.states.roots.paths import Paths
from bot.core.states.roots.reasons import Reason
from bot.core.states.roots.root import Root
from bot.core.tree import Tree
from bot.records import dataclass

_NO_TEXTS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PutBack:
    """Builds of one root of head.

    `tree` is head's, without fetched files; `fetched` has the answers for base and head;
    `old` are base's references of this root.
    """

    root: Root
    tree: Tree
    manifests: Manifests
    fetched: FetchedFiles
    old: tuple[Remote, ...] = ()

    def with_declaration(self, declared: Declared | None) -> PutBack:
        """The same where another declaration says which texts are laid over the tree."""
        if declared is None:
            return self
        return replace(self, root=replace(self.root, laid=declared.edits, release=declared.release))

    def texts(self, texts: Mapping[str, str]) -> Build | None:
        """The build where files of the tree have these texts; None where it cannot be built.

        A remote source is the version that such a text names, be it head's or base's.
        """
        return self._built(texts, self.root.remotes[:1] if self.root.title else ())

    def version(self) -> Build | None:
        """The build with base's versions of all remote sources, and with nothing else of base."""
        answers = dict(self.fetched.answers)
        old = {remote.place: remote.reference for remote in self.old}
        for remote in self.root.remotes:
            if remote.place in old:
                answers[remote.reference] = self.fetched.answers[old[remote.place]]
        other = replace(self, fetched=replace(self.fetched, answers=answers))
        return other.texts(_NO_TEXTS)

    def _built(self, texts: Mapping[str, str], remotes: tuple[Remote, ...]) -> Build | None:
        laid = self.root.laid
        overlay = Overlay.of(self.tree, {**texts, **laid}, self.manifests)
        tree, fetched = with_fetched(overlay.tree, remotes, self.fetched)
        made_of = _contents_of(self.root, Paths(tree, overlay.link, fetched), overlay)
        for _ in range(DEEPEST):
            tree, latest = with_fetched(overlay.tree, (*remotes, *made_of.remotes), fetched)
            if latest.placed == fetched.placed:
                break
            fetched = latest
            made_of = _contents_of(self.root, Paths(tree, overlay.link, fetched), overlay)
        return self._build(made_of, texts, laid, Paths(tree, overlay.link, fetched))

    def _build(
        self, made_of: _Made, texts: Mapping[str, str], laid: Mapping[str, str], paths: Paths
    ) -> Build | None:
        build = self.root.build
        if build is None or any(reason.refuses for reason in made_of.reasons):
            return None
        files: dict[str, str] = {}
        edits = dict(laid)
        for seen, own_path in made_of.files.items():
            file = paths.file(own_path)
            if own_path in texts:
                edits[seen] = texts[own_path]
            elif file is not None and seen not in laid:
                files[seen] = file.blob
        values = self.root.release.values_files if self.root.release is not None else ()
        for path in values:
            if path in texts:
                edits[path] = texts[path]
            elif path in build.files:
                files[path] = build.files[path]
        return replace(build, files=files, edits={**edits, **made_of.edits})


@dataclass(frozen=True, slots=True)
class _Made:
    """What a root is made of."""

    files: Mapping[str, str]
    reasons: Iterable[Reason]
    remotes: tuple[Remote, ...]
    edits: Mapping[str, str] = field(default_factory=lambda: _NO_TEXTS)


def _contents_of(root: Root, paths: Paths, overlay: Overlay) -> _Made:
    if root.kind == "chart":
        chart = chart_at(root.path, paths, overlay)
        return _Made(chart.files, chart.reasons, chart.remotes)
    kustomizations = kustomizations_at(root.path, paths, overlay)
    closure = Closures(kustomizations).of(root.path)
    return _Made(closure.files, closure.reasons, closure.remotes, closure.edits)
