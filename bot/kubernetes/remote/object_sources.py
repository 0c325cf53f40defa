"""The remote sources that objects of Argo CD and Flux name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core.resource import GroupKind, Node, Resource
from bot.kubernetes import kinds
from bot.kubernetes.gitops.argocd.source import source_nodes
from bot.kubernetes.remote.addresses import (
    SourceAddress,
    follows_charts,
    follows_git,
    git_address,
    plain_address,
    shown,
)
from bot.records import dataclass

_GROUP: Final = "source.toolkit.fluxcd.io"


@dataclass(frozen=True, slots=True)
class RemoteSource:
    """One remote source: `node` names it, `what` is its kind in words.

    `version` is the requested version, `follows` says that it can change by itself. `owned` is
    False where the address only names another object of the tree, which holds the real address.
    """

    node: Node
    what: str
    address: SourceAddress
    version: str
    follows: bool
    owned: bool = True

    @property
    def name(self) -> tuple[str, str, str]:
        """The source's identity without its version."""
        return (self.what, self.address.place.lower(), self.address.part)

    @property
    def words(self) -> str:
        """The source in words."""
        if not self.address.part:
            return f"the {self.what} {self.address.place}"
        if self.what == "chart":
            return f"the chart {self.address.part} of {self.address.place}"
        return f"the {self.what} {self.address.place}, {self.address.part},"


def git_source(node: Node, what: str, url: str, version: str | None = None) -> RemoteSource:
    """A git address as a source; without `version`, the revision that the address names."""
    address = git_address(url)
    revision = version if version is not None else address.version
    return RemoteSource(node, what, address, revision, follows_git(revision))


def chart_source(node: Node, repository: str, chart: str, version: str) -> RemoteSource:
    """A chart of a repository as a source."""
    address = SourceAddress(plain_address(repository).place, shown(chart))
    return RemoteSource(node, "chart", address, version, follows_charts(version))


def _application(spec: Node) -> Iterator[RemoteSource]:
    for source in source_nodes(spec):
        url = source["repoURL"].text
        if not url:
            continue
        revision = source["targetRevision"]
        at = revision if revision.exists else source["repoURL"]
        chart = source["chart"].text
        if chart:
            yield chart_source(at, url, chart, version_text(revision))
        elif url.startswith("oci://"):
            yield _registry(at, url, version_text(revision))
        else:
            yield git_source(at, "repository", url, version_text(revision))


def _applications(resource: Resource) -> Iterator[RemoteSource]:
    yield from _application(resource.at("spec"))


def _set(resource: Resource) -> Iterator[RemoteSource]:
    yield from _application(resource.at("spec", "template", "spec"))
    for generator in resource.at("spec", "generators").items():
        git = generator["git"]
        url = git["repoURL"].text
        if url:
            at = git["revision"] if git["revision"].exists else git["repoURL"]
            yield git_source(at, "repository", url, version_text(git["revision"]))


def _git_repository(resource: Resource) -> Iterator[RemoteSource]:
    url, ref = resource.at("spec", "url"), resource.at("spec", "ref")
    if not url.text:
        return
    # https://fluxcd.io/flux/components/source/gitrepositories/#reference: the first that is set.
    named = next((ref[key] for key in ("commit", "name", "semver", "tag") if ref[key].text), None)
    if named is None:
        at = ref["branch"] if ref["branch"].text else url
        yield RemoteSource(
            at, "repository", git_address(url.text), version_text(ref["branch"]), follows=True
        )
        return
    field = named.route[-1]
    moves = {"commit": False, "tag": False, "semver": follows_charts(version_text(named))}
    follows = moves.get(str(field), follows_git(version_text(named)))
    yield RemoteSource(named, "repository", git_address(url.text), version_text(named), follows)


def _oci_repository(resource: Resource) -> Iterator[RemoteSource]:
    url, ref = resource.at("spec", "url"), resource.at("spec", "ref")
    if url.text:
        named = next((ref[key] for key in ("digest", "semver", "tag") if ref[key].text), url)
        version = "" if named is url else version_text(named)
        yield _registry(named, url.text, version, exact=named.route[-1] == "semver")


def _registry(node: Node, url: str, version: str, *, exact: bool = False) -> RemoteSource:
    """Return an artifact of a registry: a tag is a version, except tags that always move."""
    follows = follows_charts(version) if exact else version in ("", "latest", "main", "master")
    follows = follows or any(sign in version for sign in "*<>^~ ")
    return RemoteSource(node, "artifact", plain_address(url), version, follows)


def _helm_repository(resource: Resource) -> Iterator[RemoteSource]:
    url = resource.at("spec", "url")
    if url.text:
        yield RemoteSource(url, "chart repository", plain_address(url.text), "", follows=False)


def _bucket(resource: Resource) -> Iterator[RemoteSource]:
    endpoint = resource.at("spec", "endpoint")
    if endpoint.text:
        name = resource.at("spec", "bucketName").text or ""
        place = plain_address(f"{endpoint.text}/{name}")
        yield RemoteSource(endpoint, "bucket", place, "", follows=True)


def _release(resource: Resource) -> Iterator[RemoteSource]:
    yield from _named_chart(resource.at("spec", "chart", "spec"))


def _helm_chart(resource: Resource) -> Iterator[RemoteSource]:
    yield from _named_chart(resource.at("spec"))


def _named_chart(spec: Node) -> Iterator[RemoteSource]:
    """Yield the chart of a HelmRepository; that object holds its address."""
    reference = spec["sourceRef"]
    chart = spec["chart"].text
    if not chart or reference["kind"].text != "HelmRepository":
        return
    space = reference["namespace"].text or spec.resource.namespace or ""
    place = shown(f"HelmRepository {space}/{reference['name'].text or ''}")
    version = spec["version"]
    at = version if version.exists else spec["chart"]
    follows = follows_charts(version_text(version))
    address = SourceAddress(place, shown(chart))
    yield RemoteSource(at, "chart", address, version_text(version), follows, owned=False)


def version_text(node: Node) -> str:
    """Return the node's value as text; a version may be written as a number."""
    return shown(node.text or (str(node.value) if isinstance(node.value, int | float) else ""))


OBJECT_READERS: Final[Mapping[GroupKind, Callable[[Resource], Iterator[RemoteSource]]]] = (
    MappingProxyType(
        {
            kinds.APPLICATION: _applications,
            kinds.APPLICATION_SET: _set,
            kinds.HELM_RELEASE: _release,
            GroupKind(_GROUP, "GitRepository"): _git_repository,
            GroupKind(_GROUP, "OCIRepository"): _oci_repository,
            GroupKind(_GROUP, "HelmRepository"): _helm_repository,
            GroupKind(_GROUP, "HelmChart"): _helm_chart,
            GroupKind(_GROUP, "Bucket"): _bucket,
        }
    )
)
