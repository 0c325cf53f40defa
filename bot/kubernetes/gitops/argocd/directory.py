"""Argo CD's plain directories: how Argo CD tells them from others, and which files it applies."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal, TypeAlias

import msgspec

from bot.core.reading.read import SKIP_MARK
from bot.core.rendering import Declared
from bot.core.resource import Node
from bot.core.states.roots.files import (
    CHART_NAME,
    KUSTOMIZATION_NAMES,
    MANIFEST_SUFFIXES,
    base_name,
)
from bot.core.values import EMPTY, Body, mapping, sequence, text
from bot.errors import UnbuildableError
from bot.kubernetes.gitops.argocd.jsonnet import read_by
from bot.kubernetes.gitops.argocd.source import ArgoSource
from bot.kubernetes.gitops.globs import matches
from bot.kubernetes.gitops.tree_files import TreeFiles, within

SourceType: TypeAlias = Literal["kustomize", "helm", "directory", "plugin"]

_SUFFIXES: Final = (".yaml", ".yml", ".json", ".jsonnet")
_JSONNET: Final = ".jsonnet"


def discovered_type(place: str, places: TreeFiles) -> SourceType:
    """Return how Argo CD builds a directory for which the source names no tool.

    The last file in path order decides, and any name that ends in `Chart.yaml` makes it a chart:
    https://github.com/argoproj/argo-cd/blob/master/util/app/discovery/discovery.go
    """
    found: SourceType = "directory"
    for path in sorted((*places.directly_in(place), *places.links_in(place))):
        name = base_name(path)
        if name in KUSTOMIZATION_NAMES:
            found = "kustomize"
        elif name.endswith(CHART_NAME):
            found = "helm"
    return found


def plain_directory(source: ArgoSource, node: Node, cluster: str, namespace: str) -> Declared:
    """Return the root of a directory that Argo CD applies without a renderer.

    Raises UnbuildableError where Argo CD refuses the directory.
    """
    options = mapping(source.body.get("directory")) or EMPTY
    files, left_out = _listed_files(source, options)
    programs = [path for path in files if path.endswith(_JSONNET)]
    if programs:
        read = read_by(programs, _libraries(source, options), source.places)
        why = ("it holds Jsonnet, which is not rendered",)
        root = Declared(node, source.place, cluster, files=files, inputs=read, hindrances=why)
        return replace(root, left_out=left_out)
    for path in files:
        if path.endswith(".json"):
            _check_json(path, source.places)
    return Declared(node, source.place, cluster, namespace, files=files, left_out=left_out)


def _libraries(source: ArgoSource, options: Body) -> Sequence[str]:
    """Return the directories in which Jsonnet looks for what it imports."""
    named = sequence(mapping(options.get("jsonnet")).get("libs"))
    places = (within(name) for name in named if isinstance(name, str))
    return (source.place, *(place for place in places if place is not None))


def _check_json(path: str, places: TreeFiles) -> None:
    """Refuse a JSON file that is not one object with a kind: Argo CD then applies nothing at all.

    https://github.com/argoproj/argo-cd/blob/master/reposerver/repository/repository.go
    """
    data = places.data(path).removeprefix(BOM_UTF8)
    if SKIP_MARK in data:
        return
    try:
        content = msgspec.json.decode(data)
    except msgspec.DecodeError:
        content = None
    if not isinstance(content, dict):
        raise UnbuildableError(f"{path!r} is not a single JSON object, which Argo CD refuses")
    if not text(content.get("kind")):
        raise UnbuildableError(f"{path!r} is an object without a kind, which Argo CD refuses")


def _listed_files(source: ArgoSource, options: Body) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the files of a directory that Argo CD applies, and the manifests that it leaves out.

    Both are sorted.
    """
    places, start = source.places, len(source.place) + 1 if source.place else 0
    recurse = options.get("recurse") is True
    paths = places.below(source.place) if recurse else places.directly_in(source.place)
    include, exclude = text(options.get("include")), text(options.get("exclude"))
    every = options.get("disableExtensionFilter") is True
    listed_paths, left_out = [], []
    for path in paths:
        relative = path[start:]
        if not every and not path.endswith(_SUFFIXES):
            continue
        excluded = exclude and matches(exclude, relative, "text")
        if not excluded and (not include or matches(include, relative, "text")):
            listed_paths.append(path)
        elif path.endswith(MANIFEST_SUFFIXES):
            left_out.append(path)
    return tuple(sorted(listed_paths)), tuple(sorted(left_out))
