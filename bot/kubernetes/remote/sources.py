"""The remote sources of a tree: bases, charts, repositories, plugins and functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core.resource import GroupKind, Resource
from bot.core.state import State
from bot.core.states.roots.kustomizations.references import is_remote
from bot.kubernetes.remote.addresses import SourceAddress, plain_address, shown
from bot.kubernetes.remote.object_sources import (
    OBJECT_READERS,
    RemoteSource,
    chart_source,
    git_source,
    version_text,
)
from bot.patterns import pattern

_LISTS: Final = ("resources", "bases", "components", "crds", "configurations")
_PLUGINS: Final = ("generators", "transformers", "validators")
_FUNCTIONS: Final = ("config.kubernetes.io/function", "config.k8s.io/function")
_IMAGE: Final = pattern(r"image['\"]?: *['\"]?(?P<image>[^\s'\",}]+)")
_BUILTIN: Final = "builtin"


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


def _kustomization(resource: Resource) -> Iterator[RemoteSource]:
    for name in (*_LISTS, *_PLUGINS):
        what = "remote plugin" if name in _PLUGINS else "remote base"
        for node in resource.at(name).items():
            if node.text is not None and is_remote(node.text) and "\n" not in node.text:
                yield git_source(node, what, node.text)
    for node in resource.at("helmCharts").items():
        repository = node["repo"].text
        if repository:
            at = node["version"] if node["version"].exists else node
            yield chart_source(
                at, repository, node["name"].text or "", version_text(node["version"])
            )
    for node in resource.at("helmChartInflationGenerator").items():
        repository = node["chartRepoUrl"].text
        if repository:
            at = node["chartVersion"] if node["chartVersion"].exists else node
            yield chart_source(
                at, repository, node["chartName"].text or "", version_text(node["chartVersion"])
            )


def _described(resource: Resource) -> Iterator[RemoteSource]:
    """Yield the remote dependencies of a chart."""
    for node in resource.at("dependencies").items():
        repository = node["repository"].text or ""
        if not repository or repository.startswith("file://"):
            continue
        at = node["version"] if node["version"].exists else node
        yield chart_source(at, repository, node["name"].text or "", version_text(node["version"]))


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


_OBJECTS: Final = tuple(OBJECT_READERS)
_READERS: Final[Mapping[GroupKind, Callable[[Resource], Iterator[RemoteSource]]]] = (
    MappingProxyType(
        {
            **OBJECT_READERS,
            GroupKind("kustomize.config.k8s.io", "Kustomization"): _kustomization,
            GroupKind("kustomize.config.k8s.io", "Plugin"): _plugin,
            GroupKind("helm.sh", "Chart"): _described,
        }
    )
)
SOURCE_KINDS: Final = frozenset(_READERS)
"""The kinds of objects that may name a remote source."""
