"""The charts that kustomizations inflate: how kustomize would have Helm render each of them.

https://kubectl.docs.kubernetes.io/references/kustomize/builtins/#_helmchartinflationgenerator_
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from typing import Final

from bot.core import values
from bot.core.rendering import Release
from bot.core.resource import ListStep, Route
from bot.core.values import EMPTY, Body, Value, thaw
from bot.records import dataclass

_HOME: Final = "charts"
_GENERATED: Final = "release"


@dataclass(frozen=True, slots=True)
class InflatedChart:
    """A chart of the tree that a kustomization inflates: its directory, and how it is released.

    `route` leads to the entry in the kustomization; `files` are the values files that it names.
    """

    path: str
    release: Release
    route: Route

    @property
    def files(self) -> tuple[str, ...]:
        """The values files, by path in the tree."""
        return self.release.values_files


def inflated_charts(place: str, body: Body) -> Iterator[InflatedChart]:
    """Yield the charts that `helmCharts` of a kustomization in directory `place` names.

    A chart that is pulled lies in a directory of its version; both places are named.
    """
    home = values.text(values.mapping(body.get("helmGlobals")).get("chartHome")) or _HOME
    space = values.text(body.get("namespace")) or ""
    for index, entry in enumerate(values.sequence(body.get("helmCharts"))):
        chart = values.mapping(entry)
        name, version = values.text(chart.get("name")), values.text(chart.get("version"))
        if not name:
            continue
        release = _release(place, chart, space)
        route: Route = ("helmCharts", ListStep("", index))
        yield InflatedChart(_joined(place, home, name), release, route)
        if version:
            yield InflatedChart(_joined(place, home, f"{name}-{version}", name), release, route)


def chart_sources(charts: Value) -> tuple[str, ...]:
    """Return the repositories, names and versions of the charts that a field lists."""
    fields = ("repo", "name", "version", "chartRepo", "chartRepoUrl", "chartName", "chartVersion")
    return tuple(
        " ".join(filter(None, (values.text(values.mapping(chart).get(field)) for field in fields)))
        for chart in values.sequence(charts)
    )


def _release(place: str, chart: Body, space: str) -> Release:
    """Return the release of an entry; kustomize's namespace is set over that of the entry."""
    named = [values.text(chart.get("valuesFile")), *_texts(chart, "additionalValuesFiles")]
    inline = values.mapping(chart.get("valuesInline"))
    return Release(
        name=values.text(chart.get("releaseName")) or _GENERATED,
        namespace=space or values.text(chart.get("namespace")) or "default",
        values_files=tuple(_joined(place, file) for file in named if file),
        values=(json.dumps(thaw(inline), sort_keys=True),) if inline != EMPTY else (),
        kubernetes=values.text(chart.get("kubeVersion")),
        api_versions=_texts(chart, "apiVersions"),
        crds=chart.get("includeCRDs") is True,
        upgraded=False,
    )


def _texts(chart: Body, field: str) -> tuple[str, ...]:
    return tuple(item for item in values.sequence(chart.get(field)) if isinstance(item, str))


def _joined(*parts: str) -> str:
    path = posixpath.normpath(posixpath.join(*parts))
    return "" if path == "." else path
