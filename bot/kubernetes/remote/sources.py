"""The remote sources of a tree: bases, charts, repositories, plugins and functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bot.core.resource import GroupKind, Node, Resource
from bot.core.state import State
from bot.core.states.roots.references import is_remote
from bot.kubernetes import kinds
from bot.kubernetes.gitops.argocd_source import source_nodes
from bot.kubernetes.remote.addresses import (
    SourceAddress,
    follows_charts,
    follows_git,
    git_address,
    plain_address,
    shown,
)

_GROUP: Final = "source.toolkit.fluxcd.io"
_LISTS: Final = ("resources", "bases", "components", "crds", "configurations")
_PLUGINS: Final = ("generators", "transformers", "validators")
_FUNCTIONS: Final = ("config.kubernetes.io/function", "config.k8s.io/function")
_IMAGE: Final = re.compile(r"image['\"]?: *['\"]?(?P<image>[^\s'\",}]+)")
_BUILTIN: Final = "builtin"


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


def remote_sources(resources: Iterable[Resource]) -> Iterator[RemoteSource]:
    """Yield the remote sources of these resources."""
    for resource in resources:
        if resource.group_kind in _READERS:
            yield from resource.derived(_sources)


def _sources(resource: Resource) -> tuple[RemoteSource, ...]:
    """Return the sources of one resource; computed once, as each environment asks for it."""
    return tuple(_READERS[resource.group_kind](resource))


def taken_in(state: State) -> tuple[RemoteSource, ...]:
    """Return the remote sources of an environment. For `State.derived`."""
    return tuple(remote_sources((*state.inputs, *state.of(*_OBJECTS))))


def _git(node: Node, what: str, url: str, version: str | None = None) -> RemoteSource:
    address = git_address(url)
    revision = version if version is not None else address.version
    return RemoteSource(node, what, address, revision, follows_git(revision))


def _chart(node: Node, repository: str, chart: str, version: str) -> RemoteSource:
    address = SourceAddress(plain_address(repository).place, shown(chart))
    return RemoteSource(node, "chart", address, version, follows_charts(version))


def _kustomization(resource: Resource) -> Iterator[RemoteSource]:
    for name in (*_LISTS, *_PLUGINS):
        what = "remote plugin" if name in _PLUGINS else "remote base"
        for node in resource.at(name).items():
            if node.text is not None and is_remote(node.text) and "\n" not in node.text:
                yield _git(node, what, node.text)
    for node in resource.at("helmCharts").items():
        repository = node["repo"].text
        if repository:
            at = node["version"] if node["version"].exists else node
            yield _chart(at, repository, node["name"].text or "", _text(node["version"]))
    for node in resource.at("helmChartInflationGenerator").items():
        repository = node["chartRepoUrl"].text
        if repository:
            at = node["chartVersion"] if node["chartVersion"].exists else node
            yield _chart(at, repository, node["chartName"].text or "", _text(node["chartVersion"]))


def _described(resource: Resource) -> Iterator[RemoteSource]:
    """Yield the remote dependencies of a chart."""
    for node in resource.at("dependencies").items():
        repository = node["repository"].text or ""
        if not repository or repository.startswith("file://"):
            continue
        at = node["version"] if node["version"].exists else node
        yield _chart(at, repository, node["name"].text or "", _text(node["version"]))


def _plugin(resource: Resource) -> Iterator[RemoteSource]:
    for name in _FUNCTIONS:
        node = resource.at("metadata", "annotations", name)
        match = _IMAGE.search(node.text or "")
        if match is not None:
            place, version = map(shown, _image(match["image"]))
            follows = version in ("", "latest")
            yield RemoteSource(node, "function", plain_address(place), version, follows)
        elif node.exists:
            yield RemoteSource(node, "function", SourceAddress(resource.name), "", follows=False)
    group = resource.at("apiVersion")
    if group.text and group.text != _BUILTIN:
        address = SourceAddress(shown(f"{group.text}/{resource.at('kind').text or ''}"))
        yield RemoteSource(group, "plugin", address, "", follows=False)


def _image(text: str) -> tuple[str, str]:
    """Split an image into its name and its digest or else its tag."""
    name, _, digest = text.partition("@")
    head, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        head, tag = name, ""
    return head, digest or tag


def _application(spec: Node) -> Iterator[RemoteSource]:
    for source in source_nodes(spec):
        url = source["repoURL"].text
        if not url:
            continue
        revision = source["targetRevision"]
        at = revision if revision.exists else source["repoURL"]
        chart = source["chart"].text
        if chart:
            yield _chart(at, url, chart, _text(revision))
        elif url.startswith("oci://"):
            yield _registry(at, url, _text(revision))
        else:
            yield _git(at, "repository", url, _text(revision))


def _applications(resource: Resource) -> Iterator[RemoteSource]:
    yield from _application(resource.at("spec"))


def _set(resource: Resource) -> Iterator[RemoteSource]:
    yield from _application(resource.at("spec", "template", "spec"))
    for generator in resource.at("spec", "generators").items():
        git = generator["git"]
        url = git["repoURL"].text
        if url:
            at = git["revision"] if git["revision"].exists else git["repoURL"]
            yield _git(at, "repository", url, _text(git["revision"]))


def _git_repository(resource: Resource) -> Iterator[RemoteSource]:
    url, ref = resource.at("spec", "url"), resource.at("spec", "ref")
    if not url.text:
        return
    # https://fluxcd.io/flux/components/source/gitrepositories/#reference: the first that is set.
    named = next((ref[key] for key in ("commit", "name", "semver", "tag") if ref[key].text), None)
    if named is None:
        at = ref["branch"] if ref["branch"].text else url
        yield RemoteSource(
            at, "repository", git_address(url.text), _text(ref["branch"]), follows=True
        )
        return
    field = named.route[-1]
    moves = {"commit": False, "tag": False, "semver": follows_charts(_text(named))}
    follows = moves.get(str(field), follows_git(_text(named)))
    yield RemoteSource(named, "repository", git_address(url.text), _text(named), follows)


def _oci_repository(resource: Resource) -> Iterator[RemoteSource]:
    url, ref = resource.at("spec", "url"), resource.at("spec", "ref")
    if url.text:
        named = next((ref[key] for key in ("digest", "semver", "tag") if ref[key].text), url)
        version = "" if named is url else _text(named)
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
    follows = follows_charts(_text(version))
    address = SourceAddress(place, shown(chart))
    yield RemoteSource(at, "chart", address, _text(version), follows, owned=False)


def _text(node: Node) -> str:
    """Return the node's value as text; a version may be written as a number."""
    return shown(node.text or (str(node.value) if isinstance(node.value, int | float) else ""))


_OBJECT_READERS: Final[Mapping[GroupKind, Callable[[Resource], Iterator[RemoteSource]]]] = (
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
_OBJECTS: Final = tuple(_OBJECT_READERS)
_READERS: Final[Mapping[GroupKind, Callable[[Resource], Iterator[RemoteSource]]]] = (
    MappingProxyType(
        {
            **_OBJECT_READERS,
            GroupKind("kustomize.config.k8s.io", "Kustomization"): _kustomization,
            GroupKind("kustomize.config.k8s.io", "Plugin"): _plugin,
            GroupKind("helm.sh", "Chart"): _described,
        }
    )
)
