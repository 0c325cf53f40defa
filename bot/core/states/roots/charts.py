"""The charts of a tree: what Helm would be given of each, with each of its sets of values."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from bot.core import values
from bot.core.resource import ResourceSource
from bot.core.states.roots.chart_dependencies import (
    Dependency,
    absent,
    dependencies,
    is_in_charts,
)
from bot.core.states.roots.closures import Manifests
from bot.core.states.roots.fetched_files import Remote
from bot.core.states.roots.files import CHART_NAME, Files, base_name, directory
from bot.core.states.roots.naming import Naming
from bot.core.states.roots.paths import Paths
from bot.core.states.roots.reasons import Reason, without_credentials
from bot.core.values import EMPTY, Body, freeze
from bot.errors import UnbuildableError
from bot.patterns import pattern
from bot.records import dataclass

VALUES_NAME: Final = "values.yaml"
_FILE: Final = "file://"
# Charts whose dependencies are charts of the tree whose dependencies ...
_DEEPEST: Final = 8

# `values-production.yaml` beside `values.yaml` is how charts are written for several clusters.
_VARIANT: Final = pattern(r"values[-_.][\w.-]+\.ya?ml")


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: the files that Helm reads, by the path at which it finds each, and the tree's own.

    `described` is its own description's path; `library` says that it cannot be installed;
    `reasons` say why Helm is not given it. `remotes` are exact versions of remote sources.
    """

    path: str
    described: str
    files: Mapping[str, str]
    library: bool = False
    reasons: tuple[Reason, ...] = ()
    remotes: tuple[Remote, ...] = ()

    @property
    def variants(self) -> tuple[str, ...]:
        """The names of the files of values beside its own."""
        names = (base_name(path) for path in self.files if directory(path) == self.path)
        return tuple(sorted(name for name in names if _VARIANT.fullmatch(name)))


def charts_of(files: Files, paths: Paths, manifests: Manifests, naming: Naming) -> Iterator[Chart]:
    """The charts that are no part of another one, and those that the policy names."""
    charts = frozenset(files.charts)
    for path in files.charts:
        if not naming.excludes(path) and (naming.names(path) or not is_vendored(path, charts)):
            yield chart_at(path, paths, manifests)


def chart_at(path: str, paths: Paths, manifests: Manifests) -> Chart:
    """The chart in a directory."""
    described = f"{path}/{CHART_NAME}" if path else CHART_NAME
    return _Collector(paths, manifests).chart(path, described)


def variant_place(chart: Chart, variant: str) -> str:
    """Where a chart with one set of values belongs among the environments.

    No two sets of values of one chart are ever in the same: they are for different clusters.
    """
    if not chart.variants:
        return chart.path
    inner = variant or VALUES_NAME
    return f"{chart.path}/{inner}" if chart.path else inner


class _Collector:
    """Collects the files of one chart and of the charts that it is made of."""

    def __init__(self, paths: Paths, manifests: Manifests) -> None:
        self._paths = paths
        self._manifests = manifests
        self._reasons: list[Reason] = []
        self._remotes: list[Remote] = []
        self._taken: dict[str, list[Dependency]] = {}

    def chart(self, path: str, described: str) -> Chart:
        files = dict(self._files(path, path, described, 0))
        body, _ = self._body(described)
        library = values.text(body.get("type")) == "library"
        reasons = tuple(dict.fromkeys(self._reasons))
        return Chart(path, described, files, library, reasons, tuple(self._remotes))

    def _files(
        self, path: str, shown: str, described: str, depth: int
    ) -> Iterator[tuple[str, str]]:
        """A chart's files as they are put at another path, and its dependencies' beside them."""
        try:
            paths = dict(self._paths.below(path))
        except UnbuildableError as error:
            self._reasons.append(Reason(described, f"it holds a path {error}"))
            return
        for seen, real in paths.items():
            yield f"{shown}{seen[len(path) :]}" if path else _join(shown, seen), real
        for dependency in dependencies(path, paths, self._body):
            if is_in_charts(dependency, path, paths, self._body):
                continue
            yield from self._dependency(dependency, path, shown, depth)

    def _dependency(
        self, dependency: Dependency, path: str, shown: str, depth: int
    ) -> Iterator[tuple[str, str]]:
        """What `helm dependency build` would put into `charts/`, as far as the tree holds it."""
        name, shown_name = dependency.name, without_credentials(dependency.repository)
        if not dependency.repository.startswith(_FILE):
            yield from self._remote_chart(dependency, shown, depth)
            return
        try:
            local = self._paths.local(path, dependency.repository.removeprefix(_FILE))
            own_path = self._paths.real(local)
        except UnbuildableError as error:
            self._reasons.append(
                dependency.reason(f"its dependency {name} is at {shown_name}, {error}")
            )
            return
        described = _join(own_path, CHART_NAME)
        if self._paths.file(described) is None or depth >= _DEEPEST:
            self._reasons.append(
                dependency.reason(
                    f"its dependency {name} is at {shown_name}, where there is no chart"
                )
            )
            return
        yield from self._files(own_path, _join(shown, f"charts/{name}"), described, depth + 1)

    def _remote_chart(
        self, dependency: Dependency, shown: str, depth: int
    ) -> Iterator[tuple[str, str]]:
        """A chart that was fetched in an exact version, else why there is none."""
        fetched = self._paths.fetched
        try:
            remote = self._remote(dependency)
        except UnbuildableError as error:
            message = f"its dependency {dependency.name} is a remote source, {error}"
            self._reasons.append(dependency.reason(message))
            return
        if remote is None:
            self._reasons.append(absent(dependency))
            return
        self._remotes.append(remote)
        if not fetched.holds(remote):
            self._reasons.append(absent(dependency, fetched.answer(remote)))
            return
        described = _join(remote.place, CHART_NAME)
        if self._paths.file(described) is None or depth >= _DEEPEST:
            self._reasons.append(
                dependency.reason(f"its dependency {dependency.name} is not a chart")
            )
            return
        number = sum(
            inner_dependency.name == dependency.name
            for inner_dependency in self._taken.setdefault(shown, [])
        )
        self._taken[shown].append(dependency)
        folder = f"charts/{dependency.name}-{number}" if number else f"charts/{dependency.name}"
        yield from self._files(remote.place, _join(shown, folder), described, depth + 1)

    def _remote(self, dependency: Dependency) -> Remote | None:
        """The exact version of a dependency, or else the one that its range was resolved to."""
        fetched, locked = self._paths.fetched, dependency.locked
        if fetched.resolver is None:
            return None
        repository, name = dependency.repository, dependency.name
        source, route = dependency.source, (*dependency.route, "version")
        resolved = fetched.resolver.chart(repository, name, dependency.version)
        if resolved is None and locked is not None:
            source, route = locked.source, locked.route
            resolved = fetched.resolver.chart(repository, name, locked.version)
        if resolved is None:
            return None
        if dependency.alias:
            return fetched.remote(resolved, source, route, (), f"{source.path}\0{dependency.alias}")
        return fetched.remote(resolved, source, route, self._remotes)

    def _body(self, path: str) -> tuple[Body, ResourceSource | None]:
        """A chart's description, which is no resource: read as leniently as a kustomization."""
        file = self._paths.file(path)
        documents = () if file is None else self._manifests.kustomization(file).kustomize.objects
        if file is None or not documents:
            return EMPTY, None
        document = documents[0]
        source = ResourceSource(path, file.blob, document.document, document.item, kustomize=True)
        return values.mapping(freeze(msgspec.json.decode(document.encoded))), source


def is_vendored(path: str, charts: frozenset[str]) -> bool:
    """Whether a chart lies in another one's `charts/`."""
    segments = path.split("/")
    return any(
        segments[depth] == "charts" and "/".join(segments[:depth]) in charts
        for depth in range(len(segments))
    )


def _join(path: str, name: str) -> str:
    return posixpath.join(path, name)
