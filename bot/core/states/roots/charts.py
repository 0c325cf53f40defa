"""The charts of a tree: what Helm would be given of each, with each of its sets of values."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Final

import msgspec

from bot.core import values
from bot.core.fetching import FetchResult
from bot.core.globs import path_matches
from bot.core.policy.model import EnvironmentPolicy, RenderPolicy
from bot.core.rendering import Release
from bot.core.resource import ListStep, ResourceSource, Route
from bot.core.states.roots.closures import Manifests
from bot.core.states.roots.fetched_files import Remote
from bot.core.states.roots.files import CHART_NAME, Files, base_name, directory
from bot.core.states.roots.kustomization import Reason, without_credentials
from bot.core.states.roots.paths import Paths
from bot.core.values import EMPTY, Body, freeze
from bot.errors import UnbuildableError
from bot.patterns import pattern
from bot.records import dataclass

VALUES_NAME: Final = "values.yaml"
REQUIREMENTS: Final = "requirements.yaml"
_LOCKS: Final = {CHART_NAME: "Chart.lock", REQUIREMENTS: "requirements.lock"}
_FILE: Final = "file://"
# Charts whose dependencies are charts of the tree whose dependencies ...
_DEEPEST: Final = 8

# `values-production.yaml` beside `values.yaml` is how charts are written for several clusters.
_VARIANT: Final = pattern(r"values[-_.][\w.-]+\.ya?ml")

# https://helm.sh/docs/helm/helm_template/ refuses longer names.
_LONGEST_NAME: Final = 53
_NAMELESS: Final = "release"


def puts(environment: EnvironmentPolicy, path: str, place: str) -> bool:
    """Whether the policy puts the root of a directory into an environment.

    A chart has one root for each of its sets of values, whose `place` names the file of values. As
    these are for different clusters, it takes a glob that names the file, not one that holds the
    whole chart.
    """
    if path == place:
        return path_matches(path, environment.paths)
    globs = [glob for glob in environment.paths if not path_matches(path, (glob,))]
    return path_matches(place, globs)


@dataclass(frozen=True, slots=True)
class Naming:
    """What the policy says of roots: which there are, and how a chart of the tree is released.

    `namespace` is for what lies in no environment of the policy. `starts` are globs of the
    directories from which all declarations that count are reached; empty where all count.
    """

    environments: tuple[EnvironmentPolicy, ...] = ()
    namespace: str = "default"
    render: RenderPolicy = field(default_factory=RenderPolicy)
    starts: tuple[str, ...] = ()

    def starts_at(self, path: str) -> bool:
        """Whether the policy says that what is applied begins in a directory."""
        return path_matches(path, self.starts)

    def names(self, path: str) -> bool:
        """Whether the policy names a directory as a root."""
        return path_matches(path, self.render.roots) and not self.excludes(path)

    def excludes(self, path: str) -> bool:
        """Whether the policy says that a directory is never built by itself."""
        return path_matches(path, self.render.exclude)

    def release(self, path: str, place: str, values_files: tuple[str, ...]) -> Release:
        """The release of the chart in this directory, with these values."""
        environment = next(
            (
                inner_environment
                for inner_environment in self.environments
                if puts(inner_environment, path, place)
            ),
            None,
        )
        own_namespace = environment.default_namespace if environment is not None else "default"
        return Release(
            name=_name(path),
            namespace=self.namespace if own_namespace == "default" else own_namespace,
            values_files=values_files,
            kubernetes=environment.kubernetes if environment is not None else None,
        )


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: the files that Helm reads, by the path at which it finds each, and the tree's own.

    `described` is its own description's path; `library` says that it cannot be installed;
    `reasons` say why Helm is not given it. `remotes` are exact versions of what lies elsewhere.
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


@dataclass(frozen=True, slots=True)
class _Dependency:
    """A chart that another one needs, and where that is said."""

    name: str
    version: str
    repository: str
    source: ResourceSource
    route: Route
    locked: _Locked | None = None
    alias: str = ""

    def reason(self, message: str, *, spent: bool = False) -> Reason:
        return Reason(self.source.path, message, self.source, self.route, spent=spent)


@dataclass(frozen=True, slots=True)
class _Locked:
    """The version of a dependency that `helm dependency build` takes, and where that is said."""

    version: str
    source: ResourceSource
    route: Route


class _Collector:
    """Collects the files of one chart and of the charts that it is made of."""

    def __init__(self, paths: Paths, manifests: Manifests) -> None:
        self._paths = paths
        self._manifests = manifests
        self._reasons: list[Reason] = []
        self._remotes: list[Remote] = []
        self._taken: dict[str, list[_Dependency]] = {}

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
        for dependency in self._dependencies(path, paths):
            if self._is_vendored(dependency, path, paths):
                continue
            yield from self._dependency(dependency, path, shown, depth)

    def _dependency(
        self, dependency: _Dependency, path: str, shown: str, depth: int
    ) -> Iterator[tuple[str, str]]:
        """What `helm dependency build` would put into `charts/`, as far as the tree holds it."""
        name, shown_name = dependency.name, without_credentials(dependency.repository)
        if not dependency.repository.startswith(_FILE):
            yield from self._from_elsewhere(dependency, shown, depth)
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

    def _from_elsewhere(
        self, dependency: _Dependency, shown: str, depth: int
    ) -> Iterator[tuple[str, str]]:
        """A chart of which an exact version was brought, else why there is none."""
        fetched = self._paths.fetched
        try:
            remote = self._remote(dependency)
        except UnbuildableError as error:
            message = f"its dependency {dependency.name} is a remote source, {error}"
            self._reasons.append(dependency.reason(message))
            return
        if remote is None:
            self._reasons.append(_absent(dependency))
            return
        self._remotes.append(remote)
        if not fetched.holds(remote):
            self._reasons.append(_absent(dependency, fetched.answer(remote)))
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

    def _remote(self, dependency: _Dependency) -> Remote | None:
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

    def _dependencies(self, path: str, paths: Mapping[str, str]) -> Iterator[_Dependency]:
        """Those of `Chart.yaml`, and of the older `requirements.yaml`."""
        for name in (CHART_NAME, REQUIREMENTS):
            described = paths.get(_join(path, name))
            if described is None:
                continue
            body, source = self._body(described)
            locks = self._locks(path, paths, _LOCKS[name])
            for index, item in enumerate(values.sequence(body.get("dependencies"))):
                entry = values.mapping(item)
                if source is not None:
                    name_of = values.text(entry.get("name")) or ""
                    repository = values.text(entry.get("repository")) or ""
                    yield _Dependency(
                        name_of,
                        values.text(entry.get("version")) or "",
                        repository,
                        source,
                        ("dependencies", ListStep("", index)),
                        locks.get((index, name_of, repository)),
                        values.text(entry.get("alias")) or "",
                    )

    def _locks(
        self, path: str, paths: Mapping[str, str], name: str
    ) -> Mapping[tuple[int, str, str], _Locked]:
        """The versions that were resolved, by what they are of; Helm keeps the order."""
        locked = paths.get(_join(path, name))
        if locked is None:
            return {}
        body, source = self._body(locked)
        locks = {}
        for index, item in enumerate(values.sequence(body.get("dependencies"))):
            entry = values.mapping(item)
            version = values.text(entry.get("version"))
            if source is not None and version:
                key = (
                    index,
                    values.text(entry.get("name")) or "",
                    values.text(entry.get("repository")) or "",
                )
                route = ("dependencies", ListStep("", index), "version")
                locks[key] = _Locked(version, source, route)
        return locks

    def _is_vendored(self, needed: _Dependency, path: str, paths: Mapping[str, str]) -> bool:
        """Whether `charts/` holds a chart of this name: Helm looks at names, in archives too."""
        inside = f"{_join(path, 'charts')}/"
        archive = re.compile(rf"{re.escape(needed.name)}-v?\d[^/]*\.tgz")
        for seen, real in paths.items():
            if not seen.startswith(inside):
                continue
            rest = seen[len(inside) :]
            if archive.fullmatch(rest) or rest == f"{needed.name}/{CHART_NAME}":
                return True
            if rest.count("/") == 1 and base_name(rest) == CHART_NAME:
                body, _ = self._body(real)
                if values.text(body.get("name")) == needed.name:
                    return True
        return False

    def _body(self, path: str) -> tuple[Body, ResourceSource | None]:
        """A chart's description, which is no resource: read as leniently as a kustomization."""
        file = self._paths.file(path)
        documents = () if file is None else self._manifests.kustomization(file).kustomize.objects
        if file is None or not documents:
            return EMPTY, None
        document = documents[0]
        source = ResourceSource(path, file.blob, document.document, document.item, kustomize=True)
        return values.mapping(freeze(msgspec.json.decode(document.encoded))), source


def _absent(dependency: _Dependency, answer: FetchResult | None = None) -> Reason:
    """Why a dependency is not there: nobody put it there, and it was not brought."""
    address = without_credentials(dependency.repository)
    where = f" from {address}" if address else ""
    message = f": {answer.message}" if answer is not None and answer.message else ""
    return dependency.reason(
        f"its dependency {dependency.name} {dependency.version}{where} is not in its directory "
        f"charts/: `helm dependency build` puts it there{message}",
        spent=answer is not None and answer.status == "limit",
    )


def is_vendored(path: str, charts: frozenset[str]) -> bool:
    """Whether a chart lies in another one's `charts/`."""
    segments = path.split("/")
    return any(
        segments[depth] == "charts" and "/".join(segments[:depth]) in charts
        for depth in range(len(segments))
    )


def _join(path: str, name: str) -> str:
    return posixpath.join(path, name)


def _name(path: str) -> str:
    """A release's name, made of the directory's: what Kubernetes takes for a name."""
    name = re.sub(r"[^a-z0-9-]+", "-", base_name(path).lower()).strip("-")
    return name[:_LONGEST_NAME].strip("-") or _NAMELESS
