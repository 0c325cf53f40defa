"""Flux's Kustomizations: what each builds of this repository's tree, and how."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from bot.core.rendering import Declared
from bot.core.resource import Node, Resource
from bot.core.states.files import base_name
from bot.core.values import Body, Value, mapping, sequence, text
from bot.errors import UnbuildableError
from bot.kubernetes.gitops.flux_sources import Flux, clusters_of
from bot.kubernetes.gitops.kustomize_edits import (
    EMPTY_KUSTOMIZATION,
    with_flux_images,
    with_more,
)
from bot.kubernetes.gitops.places import Places, within
from bot.kubernetes.gitops.substitution import FluxFinish, Variables, pairs_of
from bot.kubernetes.gitops.yaml_texts import json_text

_TEXTS: Final = (
    ("targetNamespace", "namespace"),
    ("namePrefix", "namePrefix"),
    ("nameSuffix", "nameSuffix"),
)
_LISTS: Final = ("patches", "patchesStrategicMerge", "patchesJson6902", "components", "images")

# What a source leaves out of its own: https://fluxcd.io/flux/components/source/gitrepositories/
_LEFT_OUT: Final = frozenset(
    {".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml", "cloudbuild.yaml"}
    | {"codeship-services.yml", "codeship-steps.yml", ".goreleaser.yml", ".sops.yaml", ".flux.yaml"}
)
_LEFT_OUT_FOLDERS: Final = frozenset({".git", ".github", ".circleci"})


def declared_by(resource: Resource, places: Places, flux: Flux) -> Iterator[Declared]:
    """The root that a Kustomization declares, once for each cluster that it is applied to."""
    spec = resource.at("spec")
    is_own = flux.source_is_own(spec["sourceRef"], resource.namespace)
    named = spec["path"].text or "."
    place = within(named)
    if is_own is False or place is None:
        return
    node = spec["path"] if spec["path"].exists else spec
    if not places.has(place):
        if is_own:
            missing = (f"its path {named!r} is not in the tree",)
            for cluster in clusters_of(resource, flux):
                yield Declared(node, place, cluster, hindrances=missing)
        return
    try:
        found = _built(node, place, places, flux)
    except UnbuildableError as error:
        found = Declared(node, place, hindrances=(str(error),))
    for cluster in clusters_of(resource, flux):
        yield replace(found, cluster=cluster)


def _built(node: Node, place: str, places: Places, flux: Flux) -> Declared:
    spec = node.resource.at("spec").mapping
    path = places.kustomization(place)
    target = path or (f"{place}/kustomization.yaml" if place else "kustomization.yaml")
    edits: Mapping[str, str] = {}
    if path is None:
        body = _generated(place, places)
        edits = {target: json_text(_edited(body, spec, place, places))}
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
        finish=None if finish == FluxFinish() else finish,
    )


def _generated(place: str, places: Places) -> Body:
    """The kustomization that Flux writes where there is none.

    It lists every YAML file below; a directory with a kustomization of its own stands for all that
    it holds. https://fluxcd.io/flux/components/kustomize/kustomizations/#generating-a-kustomizationyaml-file
    """
    start = len(place) + 1 if place else 0
    taken: set[str] = set()
    for path in places.below(place):
        relative = path[start:]
        inner = next(_kustomized(relative, place, places), None)
        folders = relative.split("/")[:-1]
        if _LEFT_OUT_FOLDERS.intersection(folders) or base_name(path) in _LEFT_OUT:
            continue
        if inner is not None:
            taken.add(inner)
        elif path.endswith((".yaml", ".yml")):
            taken.add(relative)
    if not taken:
        return {**EMPTY_KUSTOMIZATION, "namespace": "_placeholder"}
    listed = tuple(f"./{held}" for held in sorted(taken, key=lambda held: held.split("/")))
    return {**EMPTY_KUSTOMIZATION, "resources": listed}


def _kustomized(relative: str, place: str, places: Places) -> Iterator[str]:
    """The directories above a file, below the root, that have a kustomization: highest first."""
    parts = relative.split("/")[:-1]
    for depth in range(1, len(parts) + 1):
        inner = "/".join(parts[:depth])
        if places.kustomization(posixpath.join(place, inner)) is not None:
            yield inner


def _edited(body: Body, spec: Body, place: str, places: Places) -> Body:
    """What Flux writes over it, in its order.

    https://github.com/fluxcd/pkg/blob/main/kustomize/kustomize_generator.go
    """
    found = dict(body)
    for field, name in _TEXTS:
        if text(spec.get(field)):
            found[name] = spec[field]
    done: Body = found
    for field in ("patches", "patchesStrategicMerge", "patchesJson6902"):
        done = with_more(done, field, map(_patch, sequence(spec.get(field))))
    done = with_more(done, "components", _components(spec, place, places))
    return with_flux_images(done, map(mapping, sequence(spec.get("images"))))


def _patch(held: Value) -> Value:
    """A patch as kustomize takes it: the operations of JSON 6902 as a text."""
    body = mapping(held)
    if isinstance(body.get("patch"), tuple):
        return {**body, "patch": json_text(body["patch"])}
    if "patch" not in body and "kind" in body:
        return json_text(body)
    return held


def _components(spec: Body, place: str, places: Places) -> Iterator[Value]:
    for held in sequence(spec.get("components")):
        found = within(held, place) if isinstance(held, str) else None
        missing = found is None or not places.has(found)
        if not (missing and spec.get("ignoreMissingComponents") is True):
            yield held


def variables_of(resource: Resource, flux: Flux) -> Variables:
    """The variables of a Kustomization: later sources stand over earlier, its own over all.

    What a Secret holds is never put in, and what only the cluster holds cannot be: both are not
    known. https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution
    """
    build = resource.at("spec", "postBuild")
    known: dict[str, str] = {}
    owner = ""
    for reference in build["substituteFrom"].items():
        name = reference["name"].text
        texts = flux.texts(resource, name) if reference["kind"].text == "ConfigMap" else None
        if texts is None:
            # It may set anything that was set before it.
            owner = f"{resource.key}"
            known.clear()
        else:
            known.update({key: _line(value) for key, value in texts.items()})
    known.update({key: _line(value) for key, value in pairs_of(build["substitute"].value)})
    return Variables(tuple(sorted(known.items())), owner)


def _line(value: str) -> str:
    return value.replace("\n", "")
