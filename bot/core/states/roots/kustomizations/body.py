"""The body of a kustomization into what it lists and takes in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from types import MappingProxyType
from typing import Final

from bot.core import values
from bot.core.manifest import Manifest
from bot.core.reading import read_manifest
from bot.core.resource import ResourceSource, Route
from bot.core.states.roots.fetched_files import Remote, zone
from bot.core.states.roots.files import CHART_NAME, directory
from bot.core.states.roots.kustomizations.entry_wording import ABSENT, not_fetched, not_taken
from bot.core.states.roots.kustomizations.fetched_entries import is_taken, relative, with_paths
from bot.core.states.roots.kustomizations.form import PLAIN_FIELDS, oddities, twins
from bot.core.states.roots.kustomizations.inflated import InflatedChart, inflated_charts
from bot.core.states.roots.kustomizations.kustomization import Base, Kustomization
from bot.core.states.roots.kustomizations.mentions import mentions
from bot.core.states.roots.kustomizations.plugins import builtin_plugins
from bot.core.states.roots.kustomizations.references import (
    KustomizationPath,
    Takes,
    is_fetched,
    is_inline,
    is_remote,
    references,
)
from bot.core.states.roots.paths import Paths
from bot.core.states.roots.reasons import Reason, without_credentials
from bot.core.tree import File
from bot.core.values import Body, Value
from bot.errors import UnbuildableError
from bot.records import dataclass

_DIRECTORIES: Final[Mapping[Takes, str]] = MappingProxyType(
    {"resource": "bases", "directory": "components", "config": "plugins"}
)
"""Where a directory is listed, by what its reference takes. A file's reference takes none."""


@dataclass(frozen=True, slots=True)
class KustomizationBody:
    """One reading of one kustomization's body; `read` gives the manifests of other files."""

    path: str
    source: ResourceSource
    body: Body
    paths: Paths
    read: Callable[[File], Manifest]
    _listed: dict[str, list[str]] = field(
        default_factory=lambda: {name: [] for name in ("files", *_DIRECTORIES.values())},
        init=False,
    )
    _referenced: set[str] = field(default_factory=set, init=False)
    _mentioned: set[str] = field(default_factory=set, init=False)
    _seen: dict[str, str] = field(default_factory=dict, init=False)
    _linked: list[Base] = field(default_factory=list, init=False)
    _reasons: list[Reason] = field(default_factory=list, init=False)
    _remotes: list[Remote] = field(default_factory=list, init=False)
    _local: list[tuple[Route, str]] = field(default_factory=list, init=False)
    _entries: list[tuple[str, Route]] = field(default_factory=list, init=False)

    @property
    def _place(self) -> str:
        return directory(self.path)

    def kustomization(self, *, several: bool) -> Kustomization:
        """The kustomization; `several` says that its file holds further documents."""
        self._note_form()
        if several:
            self._refuse((), "the file holds more than one document")
        for reference in references(self.body):
            self._take(reference)
        space = self.body.get("namespace")
        if space is not None and not isinstance(space, str):
            self._refuse(("namespace",), "the field 'namespace' is not a string")
        self._mention({k: value for k, value in self.body.items() if k not in PLAIN_FIELDS})
        charts = tuple(self._charts())
        return Kustomization(
            self.path,
            tuple(self._listed["files"]),
            tuple(self._listed["bases"]),
            values.text(space) or "",
            frozenset((self.path, *self._referenced)),
            self.body.get("kind") == "Component",
            tuple(self._reasons),
            tuple(self._listed["components"]),
            tuple(self._listed["plugins"]),
            tuple(self._linked),
            frozenset(self._mentioned),
            MappingProxyType(self._seen),
            tuple(self._remotes),
            with_paths(self.body, self._local) if self._local else None,
            tuple(self._entries),
            self.source,
            charts,
        )

    def _charts(self) -> Iterator[InflatedChart]:
        """The charts of the tree that it inflates; their files are taken in."""
        for chart in inflated_charts(self._place, self.body):
            if self.paths.file(f"{chart.path}/{CHART_NAME}") is not None:
                self._mentioned.update(path for path, _ in self.paths.below(chart.path))
                self._mentioned.update(path for path in chart.files if self.paths.file(path))
                yield chart

    def _note_form(self) -> None:
        """Note what kustomize may refuse of the file, and what is more than a list."""
        others = twins(self.path, self.paths)
        if others:
            self._referenced.update(others)
            self._refuse((), "its directory has more than one kustomization file", refuses=False)
        for oddity in oddities(self.body):
            self._refuse(oddity.route, oddity.message, refuses=oddity.refuses)
            self._reasons[-1] = replace(self._reasons[-1], sources=oddity.sources)

    def _take(self, reference: KustomizationPath) -> None:
        """Take in what a reference leads to, or note why that cannot be."""
        try:
            self._follow(reference)
        except UnbuildableError as error:
            self._refuse(reference.route, not_taken(reference, error))

    def _follow(self, reference: KustomizationPath) -> None:
        text = reference.text
        if text is None:
            raise UnbuildableError("which is no path")
        if reference.takes == "config" and is_inline(text):
            self._take_plugins(read_manifest(text.encode()))
            return
        if is_fetched(text):
            self._follow_remote(reference, text)
            return
        try:
            place = self.paths.local(self._place, text)
            own_path = self.paths.real(place)
        except UnbuildableError:
            if is_remote(text):
                self._follow_remote(reference, text)
                return
            raise
        file = self.paths.file(own_path)
        if file is not None and reference.takes != "directory":
            self._take_file(reference, place, own_path, file)
        elif is_remote(text):
            self._follow_remote(reference, text)
        else:
            self._take_directory(reference, place, own_path)

    def _follow_remote(self, reference: KustomizationPath, text: str) -> None:
        """Include what an address leads to, if an exact version of it was fetched."""
        fetched = self.paths.fetched
        resolved = fetched.resolver.base(text) if fetched.resolver is not None else None
        if resolved is None or not is_taken(reference, text, resolved):
            raise UnbuildableError("which is outside this repository")
        remote = fetched.remote(resolved, self.source, reference.route, self._remotes)
        self._remotes.append(remote)
        if not fetched.holds(remote):
            answer = fetched.answer(remote)
            spent = answer is not None and answer.status == "limit"
            self._refuse(reference.route, not_fetched(reference, answer), spent=spent)
            return
        place = self.paths.local(remote.place, resolved.part or ".")
        own_path = self.paths.real(place)
        file = self.paths.file(own_path)
        if resolved.reference.kind == "file" and file is not None:
            self._take_file(reference, place, own_path, file)
        else:
            self._take_directory(reference, place, own_path)
        self._local.append((reference.route, relative(self._place, place)))
        message = f"it takes in {without_credentials(text)!r}"
        self._refuse(reference.route, message, refuses=False)

    def _take_directory(self, reference: KustomizationPath, place: str, own_path: str) -> None:
        if reference.takes == "file" or self.paths.kustomization(own_path) is None:
            raise UnbuildableError(ABSENT[reference.takes])
        self._entries.append((own_path, reference.route))
        self._listed[_DIRECTORIES[reference.takes]].append(own_path)
        if place != own_path:
            message = (
                f"it names {reference.text!r}, a symlink to a kustomization that takes in what "
                "lies outside its own directory"
            )
            reason = Reason(self.path, message, self.source, reference.route)
            self._linked.append(Base(own_path, place, reason))

    def _take_file(
        self, reference: KustomizationPath, place: str, own_path: str, file: File
    ) -> None:
        if place != own_path:
            self._seen[place] = own_path
        if reference.takes == "resource":
            self._entries.append((own_path, reference.route))
            self._listed["files"].append(own_path)
            return
        self._referenced.add(own_path)
        if reference.takes == "config":
            self._take_plugins(self.read(file))

    def _take_plugins(self, manifest: Manifest) -> None:
        """Take in what kustomize's own plugins name, as far as it is here."""
        for body in builtin_plugins(manifest):
            self._mention(body)

    def _mention(self, body: Mapping[str, Value]) -> None:
        named = mentions(self._place, body, self.paths)
        self._mentioned.update(named.files)
        for entry in named.escapes:
            shown = without_credentials(entry)
            self._refuse((), f"it names {shown!r}, which is outside the repository that names it")

    def _refuse(
        self, route: Route, message: str, *, refuses: bool = True, spent: bool = False
    ) -> None:
        there = self.paths.fetched.placed.get(zone(self.path))
        where = f" (in {there.resolved.name} {there.resolved.version})" if there is not None else ""
        sentence = f"{message}{where}"
        self._reasons.append(Reason(self.path, sentence, self.source, route, refuses, spent))
