"""Declared charts: of the tree, of what was fetched, and those that are not built."""

from __future__ import annotations

from dataclasses import field, replace

from bot.core.fetching import FetchResult
from bot.core.rendering import Declared, Release, RemoteChart
from bot.core.states.roots.charts import Chart, chart_at
from bot.core.states.roots.closures import Manifests
from bot.core.states.roots.declared_root import declared_root
from bot.core.states.roots.fetched_files import MOST_OF_ONE, FetchedFiles, Remote
from bot.core.states.roots.paths import Paths
from bot.core.states.roots.reasons import Reason, without_credentials
from bot.core.states.roots.root import Root
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class DeclaredCharts:
    """Looks up the charts that objects of a tree declare."""

    paths: Paths
    manifests: Manifests
    fetched: FetchedFiles
    remotes: dict[str, list[Remote]] = field(default_factory=dict)

    def local(self, declaration: Declared) -> Root | None:
        """The root of a chart in the tree; None where there is none."""
        chart: Chart = chart_at(declaration.path, self.paths, self.manifests)
        if self.paths.file(chart.described) is None:
            return None
        why = Reason(chart.described, "it is a Helm chart", refuses=False)
        release = declaration.release
        files = {**chart.files}
        if release is not None:
            files.update(
                {path: path for path in release.values_files if path not in declaration.edits}
            )
        root = declared_root(declaration, "chart", files, (*chart.reasons, why), self.paths)
        return replace(root, remotes=chart.remotes)

    def remote(self, declaration: Declared) -> Root | None:
        """The root of a remote source; it is empty where that is not built."""
        if declaration.chart is None:
            return self._unbuilt(declaration, declaration.remote)
        return self._remote_chart(declaration, declaration.chart)

    def _remote_chart(self, declaration: Declared, chart: RemoteChart) -> Root | None:
        """The root of a remote chart."""
        fetched = self.fetched
        resolved = None
        if fetched.resolver is not None:
            resolved = fetched.resolver.chart(chart.repository, chart.name, chart.version)
        if resolved is None:
            return self._unresolved(declaration, chart)
        source = chart.node.resource.source
        holder = f"{source.path}\0{declaration.node.resource.key}\0{declaration.name}"
        others = self.remotes.setdefault(holder, [])
        remotes = others[: MOST_OF_ONE - 1]
        remote = fetched.remote(resolved, source, chart.node.route, remotes, holder)
        if remote not in others:
            others.append(remote)
        title = f"{resolved.title} of {resolved.name.removesuffix(f'/{resolved.title}')}"
        there = replace(declaration, path=remote.place)
        wanted_too = () if declaration.hindrances else (remote,)
        root = self.local(there) if fetched.holds(remote) else None
        if root is None:
            why = _missing(chart, title, fetched.answer(remote))
            reasons = (why,) if wanted_too else ()
            root = declared_root(there, "chart", {}, reasons, self.paths)
        return replace(
            root,
            remotes=(*wanted_too, *root.remotes),
            title=title,
            home=declaration.path,
            place="/".join(part for part in (root.cluster, declaration.path) if part),
        )

    def _unresolved(self, declaration: Declared, chart: RemoteChart) -> Root:
        """The root of a chart that is not fetched, or of which no exact version is named."""
        repository = without_credentials(chart.repository)
        title = f"chart {chart.name} of {repository}"
        why = "remote sources are not fetched"
        if self.fetched.resolver is not None:
            version = f"its version {chart.version!r} is" if chart.version else "it names"
            why = f"{version} no exact version, so what is installed is not known"
        release = declaration.release or Release("", "")
        source = f"{repository} {chart.name} {chart.version}"
        settings = (*release.values, source)
        hindered = replace(
            declaration,
            release=replace(release, values=settings),
            hindrances=(*declaration.hindrances, why),
            source=source,
        )
        return self._unbuilt(hindered, title)

    def _unbuilt(self, declaration: Declared, title: str) -> Root:
        """A root for a source that Fairlead does not build: it is empty, and says why."""
        root = declared_root(declaration, "directory", {}, (), self.paths)
        return replace(root, title=title, home=declaration.path)


def _missing(chart: RemoteChart, title: str, answer: FetchResult | None) -> Reason:
    """Why a remote chart was not fetched."""
    message = f": {answer.message}" if answer is not None and answer.message else ""
    if answer is not None and answer.status == "fetched":
        message = ": the fetched source is not a chart"
    source = chart.node.resource.source
    return Reason(
        source.path,
        f"the chart {title} is not in this repository{message}",
        source,
        chart.node.route,
        spent=answer is not None and answer.status == "limit",
        cause=f"{title} is not here",
    )
