"""Charts that Flux's HelmReleases take from elsewhere, and where their versions are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.core.rendering import RemoteChart
from bot.core.resource import GroupKind, Node, Resource
from bot.kubernetes.gitops.flux_sources import HELM_CHART, FluxObjects

_GROUP: Final = "source.toolkit.fluxcd.io"
_HELM_REPOSITORY: Final = GroupKind(_GROUP, "HelmRepository")
_OCI_REPOSITORY: Final = GroupKind(_GROUP, "OCIRepository")
_OCI: Final = "oci://"


@dataclass(frozen=True, slots=True)
class ReferencedChart:
    """A chart from elsewhere; `takes_files` says that files of it stand in for its values."""

    chart: RemoteChart
    takes_files: bool = False


def chart_elsewhere(resource: Resource, flux: FluxObjects) -> ReferencedChart | None:
    """The chart of a HelmRelease that lies elsewhere; None where nothing of this tree says so.

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
    """A chart of a HelmRepository, be that one of charts or a registry."""
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
    """The chart that an OCIRepository is; of several fields that name a version, the first counts.

    https://fluxcd.io/flux/components/source/ocirepositories/#reference
    """
    url, ref = resource.at("spec", "url"), resource.at("spec", "ref")
    named = next((ref[key] for key in ("digest", "semver", "tag") if ref[key].text), None)
    if named is None or not (url.text or "").startswith(_OCI):
        return None
    place, _, name = (url.text or "").rstrip("/").rpartition("/")
    return ReferencedChart(RemoteChart(place, name, named.text or "", named))
