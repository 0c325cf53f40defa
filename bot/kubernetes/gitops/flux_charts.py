"""Remote charts of Flux's HelmReleases, and the nodes that name their versions."""

from __future__ import annotations

from typing import Final

from bot.core.rendering import RemoteChart
from bot.core.resource import GroupKind, Node, Resource
from bot.kubernetes.gitops.flux_sources import HELM_CHART, FluxObjects
from bot.records import dataclass

_GROUP: Final = "source.toolkit.fluxcd.io"
_HELM_REPOSITORY: Final = GroupKind(_GROUP, "HelmRepository")
_OCI_REPOSITORY: Final = GroupKind(_GROUP, "OCIRepository")
_OCI: Final = "oci://"


@dataclass(frozen=True, slots=True)
class ReferencedChart:
    """A remote chart; `takes_files` says that value files inside it replace its default values."""

    chart: RemoteChart
    takes_files: bool = False


def chart_elsewhere(resource: Resource, flux: FluxObjects) -> ReferencedChart | None:
    """Return the remote chart of a HelmRelease; None if no object of this tree names one.

    https://fluxcd.io/flux/components/helm/helmreleases/#chart-template and #chart-reference
    """
    spec = resource.at("spec", "chart", "spec")
    if spec["chart"].exists:
        return _of_repository(resource, spec, flux)
    reference = resource.at("spec", "chartRef")
    space = reference["namespace"].text or resource.namespace
    name = reference["name"].text
    if reference["kind"].text == HELM_CHART.kind:
        sources = flux.named(resource, HELM_CHART, space, name)
        return (
            _of_repository(sources[0], sources[0].at("spec"), flux) if len(sources) == 1 else None
        )
    if reference["kind"].text == _OCI_REPOSITORY.kind:
        sources = flux.named(resource, _OCI_REPOSITORY, space, name)
        return _of_artifact(sources[0]) if len(sources) == 1 else None
    return None


def _of_repository(resource: Resource, spec: Node, flux: FluxObjects) -> ReferencedChart | None:
    """Return a chart of a HelmRepository, which is a Helm repository or a registry."""
    reference, chart = spec["sourceRef"], spec["chart"].text
    if reference["kind"].text != _HELM_REPOSITORY.kind or not chart:
        return None
    space = reference["namespace"].text or resource.namespace
    repositories = flux.named(resource, _HELM_REPOSITORY, space, reference["name"].text)
    url = repositories[0].at("spec", "url").text if len(repositories) == 1 else None
    if not url:
        return None
    version = spec["version"]
    node = version if version.exists else spec["chart"]
    files = bool(spec["valuesFiles"].value)
    return ReferencedChart(RemoteChart(url, chart, version.text or "", node), files)


def _of_artifact(resource: Resource) -> ReferencedChart | None:
    """Return the chart of an OCIRepository; the first field that names a version wins.

    https://fluxcd.io/flux/components/source/ocirepositories/#reference
    """
    url, ref = resource.at("spec", "url"), resource.at("spec", "ref")
    named = next((ref[key] for key in ("digest", "semver", "tag") if ref[key].text), None)
    if named is None or not (url.text or "").startswith(_OCI):
        return None
    place, _, name = (url.text or "").rstrip("/").rpartition("/")
    return ReferencedChart(RemoteChart(place, name, named.text or "", named))
