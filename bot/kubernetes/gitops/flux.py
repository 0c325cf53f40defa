"""Flux's Kustomizations: the root that each builds from this repository, and how."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from bot.core.reading.yaml_texts import json_text
from bot.core.rendering import Declared
from bot.core.resource import Node, Resource
from bot.core.states.roots.files import MANIFEST_SUFFIXES
from bot.core.values import Body, Value, mapping, sequence, text
from bot.errors import UnbuildableError
from bot.kubernetes.gitops.flux_sources import FluxObjects, clusters_of
from bot.kubernetes.gitops.kustomize_edits import (
    EMPTY_KUSTOMIZATION,
    with_flux_images,
    with_more,
)
from bot.kubernetes.gitops.source_ignore import SourceIgnore, source_ignore
from bot.kubernetes.gitops.tree_files import TreeFiles, within
from bot.kubernetes.gitops.unbuilt import unbuilt
from bot.kubernetes.gitops.variables.substitution import FluxFinish, Variables, pairs_of

_TEXTS: Final = (
    ("targetNamespace", "namespace"),
    ("namePrefix", "namePrefix"),
    ("nameSuffix", "nameSuffix"),
)
_LISTS: Final = ("patches", "patchesStrategicMerge", "patchesJson6902", "components", "images")


def declared_by(resource: Resource, places: TreeFiles, flux: FluxObjects) -> Iterator[Declared]:
    """Yield the root that a Kustomization declares, once for each cluster that it is applied to."""
    spec = resource.at("spec")
    located = flux.located(resource)
    is_own, place = located.is_own, located.path
    named = spec["path"].text or "."
    node = spec["path"] if spec["path"].exists else spec
    if is_own is False or place is None or (is_own is None and not places.has(place)):
        if not spec["sourceRef"]["name"].text:
            return
        for cluster in clusters_of(resource, flux):
            yield replace(_unbuilt(resource, node, is_own=is_own), cluster=cluster)
        return
    if not places.has(place):
        if is_own:
            missing = (f"its path {named!r} is not in the tree",)
            for cluster in clusters_of(resource, flux):
                yield Declared(node, place, cluster, hindrances=missing)
        return
    try:
        declared = _built(node, place, places, flux)
    except UnbuildableError as error:
        declared = Declared(node, place, hindrances=(str(error),))
    for cluster in clusters_of(resource, flux):
        yield replace(declared, cluster=cluster)


def _unbuilt(resource: Resource, node: Node, *, is_own: bool | None) -> Declared:
    """Return the root of a Kustomization whose source is not this repository, or may not be."""
    reference = resource.at("spec", "sourceRef")
    source = f"{reference['kind'].text or 'GitRepository'}/{reference['name'].text or ''}"
    reason = (
        "a source that is not this repository and is not fetched"
        if is_own is False
        else f"{source}, which is not fetched, and this repository has no such path"
    )
    return unbuilt(
        node,
        f"path {resource.at('spec', 'path').text or '.'} of {source}",
        f"{resource.key} takes it from {reason}",
        resource.at("spec").value,
    )


def _built(node: Node, place: str, places: TreeFiles, flux: FluxObjects) -> Declared:
    spec = node.resource.at("spec").mapping
    ignored = source_ignore(places, flux.files_of(flux.located(node.resource).reference))
    path = _kustomization(place, places, ignored)
    left_out: tuple[str, ...] = ()
    target = path or (f"{place}/kustomization.yaml" if place else "kustomization.yaml")
    edits: Mapping[str, str] = {}
    lists = False
    if path is None:
        body, left_out = _generated(place, places, ignored)
        edited = _edited(body, spec, place, places)
        edits = {target: json_text(edited)}
        lists = edited == body and _lists_manifests(body)
    elif any(spec.get(field) for field, _ in _TEXTS) or any(spec.get(key) for key in _LISTS):
        body = {**EMPTY_KUSTOMIZATION, **places.body(path)}
        edits = {target: json_text(_edited(body, spec, place, places))}
    finish = FluxFinish(
        variables_of(node.resource, flux),
        pairs_of(mapping(spec.get("commonMetadata")).get("labels")),
        pairs_of(mapping(spec.get("commonMetadata")).get("annotations")),
    )
    return Declared(
        node,
        place,
        namespace=text(spec.get("targetNamespace")) or "",
        edits=edits,
        left_out=left_out,
        finish=None if finish == FluxFinish() else finish,
        lists=lists and finish == FluxFinish(),
    )


def _lists_manifests(body: Body) -> bool:
    """Return whether a generated kustomization lists manifests alone, and no kustomization."""
    return all(str(entry).endswith((".yaml", ".yml")) for entry in sequence(body.get("resources")))


def _kustomization(place: str, places: TreeFiles, ignored: SourceIgnore) -> str | None:
    """Return the path of a directory's kustomization if the source includes it."""
    path = places.kustomization(place)
    return None if path is None or ignored.leaves_out(path) else path


def _generated(
    place: str, places: TreeFiles, ignored: SourceIgnore
) -> tuple[Body, tuple[str, ...]]:
    """Return the kustomization that Flux generates, and the manifests that the source excludes.

    It lists every `.yaml` and `.yml` file below the directory, and no JSON; a subdirectory with a
    kustomization of its own is
    listed as one entry.
    https://fluxcd.io/flux/components/kustomize/kustomizations/#generating-a-kustomizationyaml-file
    """
    start = len(place) + 1 if place else 0
    taken: set[str] = set()
    left_out = []
    for path in places.below(place):
        relative = path[start:]
        inner = next(_kustomized(relative, place, places, ignored), None)
        if inner is not None:
            taken.add(inner)
        elif path.endswith((".yaml", ".yml")) and not ignored.leaves_out(path):
            taken.add(relative)
        elif path.endswith(MANIFEST_SUFFIXES):
            left_out.append(path)
    if not taken:
        return {**EMPTY_KUSTOMIZATION, "namespace": "_placeholder"}, tuple(left_out)
    listed = tuple(f"./{entry}" for entry in sorted(taken, key=lambda entry: entry.split("/")))
    return {**EMPTY_KUSTOMIZATION, "resources": listed}, tuple(left_out)


def _kustomized(
    relative: str, place: str, places: TreeFiles, ignored: SourceIgnore
) -> Iterator[str]:
    """Yield directories above a file and below the root with a kustomization; topmost first."""
    parts = relative.split("/")[:-1]
    for depth in range(1, len(parts) + 1):
        inner = "/".join(parts[:depth])
        if _kustomization(posixpath.join(place, inner), places, ignored) is not None:
            yield inner


def _edited(body: Body, spec: Body, place: str, places: TreeFiles) -> Body:
    """Apply the Kustomization's fields to the kustomization in Flux's order.

    https://github.com/fluxcd/pkg/blob/main/kustomize/kustomize_generator.go
    """
    fields = dict(body)
    for field, name in _TEXTS:
        if text(spec.get(field)):
            fields[name] = spec[field]
    done: Body = fields
    for field in ("patches", "patchesStrategicMerge", "patchesJson6902"):
        done = with_more(done, field, map(_patch, sequence(spec.get(field))))
    done = with_more(done, "components", _components(spec, place, places))
    return with_flux_images(done, map(mapping, sequence(spec.get("images"))))


def _patch(patch: Value) -> Value:
    """Return a patch in the form that kustomize takes: JSON 6902 operations become a text."""
    body = mapping(patch)
    if isinstance(body.get("patch"), tuple):
        return {**body, "patch": json_text(body["patch"])}
    if "patch" not in body and "kind" in body:
        return json_text(body)
    return patch


def _components(spec: Body, place: str, places: TreeFiles) -> Iterator[Value]:
    for component in sequence(spec.get("components")):
        directory = within(component, place) if isinstance(component, str) else None
        missing = directory is None or not places.has(directory)
        if not (missing and spec.get("ignoreMissingComponents") is True):
            yield component


def variables_of(resource: Resource, flux: FluxObjects) -> Variables:
    """Return the variables of a Kustomization: later sources override earlier, inline values all.

    Values of Secrets are never substituted and values of ConfigMaps outside the tree cannot be:
    both are unknown.
    https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution
    """
    build = resource.at("spec", "postBuild")
    variables: dict[str, str] = {}
    owner = ""
    for reference in build["substituteFrom"].items():
        name = reference["name"].text
        texts = flux.texts(resource, name) if reference["kind"].text == "ConfigMap" else None
        if texts is None:
            # It may override any variable that was set before it.
            owner = f"{resource.key}"
            variables.clear()
        else:
            variables.update({key: _line(value) for key, value in texts.items()})
    variables.update({key: _line(value) for key, value in pairs_of(build["substitute"].value)})
    return Variables(tuple(sorted(variables.items())), owner)


def _line(value: str) -> str:
    return value.replace("\n", "")
