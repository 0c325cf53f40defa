"""Flux's HelmReleases: roots of charts in this repository, and of remote charts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from bot.core.reading.yaml_texts import body_of, json_text, merged
from bot.core.rendering import Declared, Release
from bot.core.resource import Node, Resource
from bot.core.states.roots.charts import VALUES_NAME
from bot.core.states.roots.files import directory
from bot.core.values import Body, freeze, mapping, text
from bot.errors import UnbuildableError
from bot.kubernetes.gitops.flux_charts import ReferencedChart, chart_elsewhere
from bot.kubernetes.gitops.flux_sources import HELM_CHART, FluxObjects, clusters_of
from bot.kubernetes.gitops.parameters import set_text, set_value
from bot.kubernetes.gitops.tree_files import TreeFiles, within
from bot.kubernetes.gitops.unbuilt import unbuilt
from bot.kubernetes.gitops.unknowns import unknown
from bot.kubernetes.gitops.variables.substitution import FluxFinish, pairs_of
from bot.records import dataclass

_LONGEST_NAME: Final = 53
_HASH: Final = 12


@dataclass(frozen=True, slots=True)
class _Chart:
    """Where a HelmRelease takes its chart from: `node` names the chart, `spec` holds the source."""

    node: Node
    spec: Node
    namespace: str | None


def declared_by(resource: Resource, places: TreeFiles, flux: FluxObjects) -> Iterator[Declared]:
    """Yield the root that a HelmRelease declares, once for each cluster that it is applied to."""
    there = chart_elsewhere(resource, flux)
    if there is not None:
        declared = _of_elsewhere(resource, there, flux)
        for cluster in clusters_of(resource, flux):
            yield replace(declared, cluster=cluster)
        return
    chart = _chart(resource, flux)
    if chart is None or chart.node.text is None:
        yield from _unbuilt(resource, flux)
        return
    is_own = flux.source_is_own(chart.spec["sourceRef"], chart.namespace)
    place = within(chart.node.text)
    if is_own is False or place is None or (places.chart(place) is None and not is_own):
        yield from _unbuilt(resource, flux)
        return
    try:
        declared = _built(resource, chart, place, places, flux)
    except UnbuildableError as error:
        declared = Declared(chart.node, place, hindrances=(str(error),))
    for cluster in clusters_of(resource, flux):
        yield replace(declared, cluster=cluster)


def _unbuilt(resource: Resource, flux: FluxObjects) -> Iterator[Declared]:
    """Yield the root of a HelmRelease whose chart no object of this tree locates."""
    spec = resource.at("spec")
    chart, reference = spec["chart"], spec["chartRef"]
    template = chart["spec"]
    source = reference if reference.exists else template["sourceRef"]
    if not (chart.exists or reference.exists):
        return
    named = f"{source['kind'].text or 'source'}/{source['name'].text or ''}"
    name = f"chart {template['chart'].text}" if template["chart"].text else "chart"
    for cluster in clusters_of(resource, flux):
        declared = unbuilt(
            reference if reference.exists else template["chart"],
            f"{name} of {named}",
            f"{resource.key} takes it from a source that is not in this repository",
            spec.value,
            template["version"].text,
        )
        yield replace(declared, cluster=cluster)


def _chart(resource: Resource, flux: FluxObjects) -> _Chart | None:
    spec = resource.at("spec", "chart", "spec")
    if spec["chart"].exists:
        return _Chart(spec["chart"], spec, resource.namespace)
    reference = resource.at("spec", "chartRef")
    if reference["kind"].text != HELM_CHART.kind:
        return None
    space = reference["namespace"].text or resource.namespace
    charts = flux.named(resource, HELM_CHART, space, reference["name"].text)
    if len(charts) != 1:
        return None
    return _Chart(charts[0].at("spec", "chart"), charts[0].at("spec"), charts[0].namespace)


def _built(
    resource: Resource, chart: _Chart, place: str, places: TreeFiles, flux: FluxObjects
) -> Declared:
    if places.chart(place) is None:
        raise UnbuildableError(f"there is no chart at its path {chart.node.text!r}")
    release = _release(resource, flux)
    edits, inputs = _defaults(chart, place, places)
    return Declared(
        chart.node,
        place,
        namespace=release.namespace,
        release=release,
        edits=edits,
        inputs=inputs,
        finish=_finish(resource),
        edition=_edition(chart, place, places),
    )


def _edition(chart: _Chart, place: str, places: TreeFiles) -> str:
    """Return by what Flux tells one state of a chart in the tree from another one.

    It packs the chart again for another name or version, or for other settings of the HelmChart,
    unless each revision of the repository counts:
    https://fluxcd.io/flux/components/source/helmcharts/#reconcile-strategy
    """
    if chart.spec["reconcileStrategy"].text == "Revision":
        return ""
    body = places.body(places.chart(place) or "")
    name, version = text(body.get("name")), text(body.get("version"))
    return f"{name} {version} {json_text(chart.spec.value)}" if version else ""


def _of_elsewhere(resource: Resource, there: ReferencedChart, flux: FluxObjects) -> Declared:
    """Return the root of a remote chart."""
    place = directory(resource.source.path)
    node = there.chart.node
    try:
        release = _release(resource, flux)
    except UnbuildableError as error:
        return _hindered(resource, there, place, str(error))
    if there.takes_files:
        why = "its values files are in the chart, which lies elsewhere"
        return _hindered(resource, there, place, why)
    return Declared(
        node,
        place,
        namespace=release.namespace,
        release=release,
        finish=_finish(resource),
        chart=there.chart,
    )


def _hindered(resource: Resource, there: ReferencedChart, place: str, why: str) -> Declared:
    release = Release(_name(resource), resource.namespace or "default")
    node = there.chart.node
    return Declared(node, place, release=release, hindrances=(why,), chart=there.chart)


def _release(resource: Resource, flux: FluxObjects) -> Release:
    """Return how Flux installs the chart. Raises UnbuildableError where Fairlead cannot do that."""
    spec = resource.at("spec")
    if spec["postRenderers"].value:
        raise UnbuildableError("its post-renderers change what the chart gives")
    values = _values(resource, flux)
    return Release(
        name=_name(resource),
        namespace=spec["targetNamespace"].text or resource.namespace or "",
        values=(json_text(values),) if values else (),
        crds=spec["install"]["crds"].text != "Skip",
    )


def _finish(resource: Resource) -> FluxFinish | None:
    common = resource.at("spec", "commonMetadata")
    finish = FluxFinish(
        labels=pairs_of(common["labels"].value), annotations=pairs_of(common["annotations"].value)
    )
    return None if finish == FluxFinish() else finish


def _name(resource: Resource) -> str:
    """Return the release name.

    https://fluxcd.io/flux/components/helm/helmreleases/#release-name
    """
    spec = resource.at("spec")
    space = spec["targetNamespace"].text
    name = spec["releaseName"].text or (f"{space}-{resource.name}" if space else resource.name)
    if len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH]
    return f"{name[: _LONGEST_NAME - _HASH - 1]}-{digest}"


def _defaults(
    chart: _Chart, place: str, places: TreeFiles
) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Return the chart's defaults where `valuesFiles` replace them, and the files read for that.

    Flux writes the merged files into the chart; the chart's own `values.yaml` counts only if it is
    listed. https://fluxcd.io/flux/components/source/helmcharts/#values-files
    """
    named = [text(item.value) for item in chart.spec["valuesFiles"].items()]
    if not named:
        return {}, ()
    ignores = chart.spec["ignoreMissingValuesFiles"].value is True
    values: Body = {}
    inputs = []
    for name in named:
        path = within(name or "")
        if not path or path not in places.files:
            if ignores:
                continue
            raise UnbuildableError(f"its values file {name!r} is not in the tree")
        values = merged(values, places.body(path))
        inputs.append(path)
    target = f"{place}/{VALUES_NAME}" if place else VALUES_NAME
    return {target: json_text(values)}, tuple(inputs)


def _values(resource: Resource, flux: FluxObjects) -> Body:
    """Return the release's values: `valuesFrom` in order, then the inline values.

    https://fluxcd.io/flux/components/helm/helmreleases/#values-references
    """
    inline = resource.at("spec", "values").mapping
    values: Body = {}
    for reference in resource.at("spec", "valuesFrom").items():
        key = reference["valuesKey"].text or VALUES_NAME
        name = reference["name"].text
        content = None
        if reference["kind"].text == "ConfigMap":
            texts = flux.texts(resource, name)
            if texts is not None and key not in texts:
                if reference["optional"].value is True:
                    continue
                raise UnbuildableError(
                    f"ConfigMap {name!r}, of which it takes values, has no {key!r}"
                )
            content = None if texts is None else texts[key]
        if reference["targetPath"].text:
            values = _set(merged(values, inline), reference, content)
        elif content is None:
            raise UnbuildableError(
                f"it takes values from {reference['kind'].text} {name!r}, which is not in the tree"
            )
        else:
            values = merged(values, body_of(content.encode()))
    return merged(values, inline)


def _set(values: Body, reference: Node, content: str | None) -> Body:
    """Return values with one value set by a path; a value that only the cluster has is unknown."""
    path = reference["targetPath"].text or ""
    name = reference["name"].text or ""
    shown = unknown(str(reference.resource.key), name, path) if content is None else content
    thawed: dict[str, Any] = msgspec.json.decode(json_text(values))
    if reference["literal"].value is True:
        set_text(thawed, path, shown)
    else:
        quoted = len(shown) > 1 and shown[0] in "'\"" and shown[-1] == shown[0]
        set_value(thawed, path, shown.strip("'\"") if quoted else shown, as_text=quoted)
    return mapping(freeze(thawed))
