"""Generates the shapes of the custom kinds of well-known projects from their published definitions.

Of each project several releases are read, oldest and newest among them: a field counts as known
where one of them has it, and as required where all of them require it. So a cluster may run any of
these releases, and most of those between.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from bot.core.values import freeze, mapping
from bot.kubernetes.schemas.definitions import root_shape
from bot.kubernetes.schemas.shape import (
    ANY,
    EnumShape,
    ListShape,
    MapShape,
    ObjectShape,
    Shape,
    ShapeReference,
)
from tests.oracle.flux_definitions import generated_definitions
from tests.oracle.modules import module

TARGET: Final = Path("bot/kubernetes/data/custom-kinds.json.zz")


@dataclass(frozen=True, slots=True)
class Project:
    """A project, its licence, and the Go modules of the releases that are read.

    `files` are the definitions within a module; without it they are generated from its Go types.
    """

    name: str
    releases: tuple[tuple[str, str], ...]
    files: str = ""
    licence: str = "Apache-2.0"


def _releases(path: str, *versions: str) -> tuple[tuple[str, str], ...]:
    return tuple((path, version) for version in versions)


PROJECTS: Final = (
    Project(
        "Gateway API",
        _releases("sigs.k8s.io/gateway-api", "v1.1.0", "v1.2.1", "v1.4.1", "v1.6.3"),
        "config/crd/*/gateway.networking.*.yaml",
    ),
    Project(
        "Argo CD",
        (
            ("github.com/argoproj/argo-cd/v2", "v2.14.21"),
            ("github.com/argoproj/argo-cd/v3", "v3.5.7"),
        ),
        "manifests/crds/*-crd.yaml",
    ),
    Project(
        "Argo Rollouts",
        _releases("github.com/argoproj/argo-rollouts", "v1.7.2"),
        "manifests/crds/*-crd.yaml",
    ),
    Project(
        "cert-manager",
        _releases("github.com/cert-manager/cert-manager", "v1.16.5", "v1.21.2"),
        "deploy/crds/*.yaml",
    ),
    Project(
        "Flux's kustomize-controller",
        _releases("github.com/fluxcd/kustomize-controller/api", "v1.6.1", "v1.9.6"),
    ),
    Project(
        "Flux's helm-controller",
        _releases("github.com/fluxcd/helm-controller/api", "v1.3.0", "v1.6.5"),
    ),
    Project(
        "Flux's source-controller",
        _releases("github.com/fluxcd/source-controller", "v1.8.5", "v1.9.6"),
        "config/crd/bases/*.yaml",
    ),
    Project(
        "Flux's notification-controller",
        _releases("github.com/fluxcd/notification-controller", "v1.5.0"),
        "config/crd/bases/*.yaml",
    ),
    Project(
        "Flux's image-automation-controller",
        _releases("github.com/fluxcd/image-automation-controller/api", "v0.41.2", "v1.2.5"),
    ),
    Project(
        "Flux's image-reflector-controller",
        _releases("github.com/fluxcd/image-reflector-controller/api", "v0.35.2", "v1.2.5"),
    ),
    Project(
        "Flux's source-watcher",
        _releases("github.com/fluxcd/source-watcher/api/v2", "v2.0.0", "v2.2.4"),
    ),
    Project(
        "Sealed Secrets",
        _releases("github.com/bitnami-labs/sealed-secrets", "v0.40.0"),
        "helm/sealed-secrets/crds/*.yaml",
    ),
    Project(
        "External Secrets",
        _releases("github.com/external-secrets/external-secrets", "v0.9.20", "v0.16.2", "v1.3.2"),
        "config/crd*/bases/external-secrets.io_*.yaml",
    ),
    Project(
        "KEDA",
        _releases("github.com/kedacore/keda/v2", "v2.21.0"),
        "config/crd/bases/*.yaml",
    ),
    Project(
        "Prometheus Operator",
        _releases("github.com/prometheus-operator/prometheus-operator", "v0.70.0", "v0.85.0"),
        "example/prometheus-operator-crd/*.yaml",
    ),
    Project(
        "Istio",
        _releases("istio.io/api", "v1.24.2", "v1.32.0"),
        "kubernetes/customresourcedefinitions.gen.yaml",
    ),
)


RELEASES: Final = tuple(
    f"{path} {version}" for project in PROJECTS for path, version in project.releases
)
"""The modules that are read, with their versions."""


class _Loader(yaml.CSafeLoader):
    """Reads the plain scalar `=` as text, as Go does."""

    def construct_value(self, node: yaml.ScalarNode) -> str:
        """The text of the scalar."""
        return str(self.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:value", _Loader.construct_value)


def generate() -> bytes:
    """The data file: projects, kinds by `group/version/Kind`, and shapes, equal ones once."""
    shapes: dict[str, int] = {}
    kinds: dict[str, list[Any]] = {}
    for place, project in enumerate(PROJECTS):
        for name, (namespaced, shape) in sorted(_kinds(project).items()):
            if name in kinds:
                raise ValueError(f"two projects define {name}")
            kinds[name] = [place, int(namespaced), _encoded(shape, shapes)]
    whole = {
        "projects": [_described(project) for project in PROJECTS],
        "kinds": kinds,
        "shapes": [json.loads(text) for text in shapes],
    }
    return zlib.compress(json.dumps(whole, separators=(",", ":")).encode(), 9)


def _described(project: Project) -> dict[str, Any]:
    versions = [version for _, version in project.releases]
    modules = sorted({path for path, _ in project.releases})
    return {
        "name": project.name,
        "oldest": versions[0],
        "newest": versions[-1],
        "modules": modules,
        "licence": project.licence,
    }


def _kinds(project: Project) -> dict[str, tuple[bool, Shape]]:
    """Each version of each kind, with what the project's releases agree on."""
    found: dict[str, tuple[bool, Shape]] = {}
    for path, version in project.releases:
        release: dict[str, tuple[bool, Shape]] = {}
        for name, namespaced, shape in _definitions(project, path, version):
            known = release.get(name)
            release[name] = (namespaced, shape if known is None else merged(known[1], shape))
        if not release:
            raise ValueError(f"{path}@{version} has no definitions")
        for name, (namespaced, shape) in release.items():
            known = found.get(name)
            found[name] = (namespaced, shape if known is None else merged(known[1], shape))
    return found


def _definitions(project: Project, path: str, version: str) -> Iterator[tuple[str, bool, Shape]]:
    for body in documents(project, path, version):
        if not isinstance(body, Mapping) or body.get("kind") != "CustomResourceDefinition":
            continue
        spec = body["spec"]
        for served in spec["versions"]:
            schema = served.get("schema", {}).get("openAPIV3Schema")
            if schema is None:
                continue
            name = f"{spec['group']}/{served['name']}/{spec['names']['kind']}"
            shape = root_shape(mapping(freeze(schema)))
            yield name, spec["scope"] == "Namespaced", shape


def documents(project: Project, path: str, version: str) -> Iterator[Any]:
    """The documents of a release's manifests of definitions."""
    if not project.files:
        yield from yaml.load_all(generated_definitions(path, version), _Loader)
        return
    for file in sorted(module(path, version).glob(project.files)):
        yield from yaml.load_all(file.read_bytes(), _Loader)


def merged(first: Shape, second: Shape) -> Shape:
    """The shape that admits what either admits; `any` where the two are not alike."""
    match first, second:
        case _ if first == second:
            return first
        case ObjectShape(), ObjectShape():
            return _merged_objects(first, second)
        case ListShape(), ListShape():
            keys = first.keys if first.keys == second.keys else ()
            items = merged(first.items, second.items)
            return ListShape(items, keys, first.unique and second.unique)
        case MapShape(), MapShape():
            return MapShape(merged(first.values, second.values))
        case _:
            return _merged_scalars(first, second)


def _merged_scalars(first: Shape, second: Shape) -> Shape:
    match first, second:
        case EnumShape(), EnumShape():
            return EnumShape(tuple(dict.fromkeys((*first.values, *second.values))))
        case (EnumShape(), "string") | ("string", EnumShape()):
            return "string"
        case _:
            return ANY


def _merged_objects(first: ObjectShape, second: ObjectShape) -> ObjectShape:
    fields = {
        name: merged(first.fields[name], second.fields[name])
        if name in first.fields and name in second.fields
        else first.fields.get(name, second.fields.get(name, ANY))
        for name in sorted({*first.fields, *second.fields})
    }
    required = tuple(name for name in first.required if name in second.required)
    defaults = {**first.defaults, **second.defaults}
    return ObjectShape(fields, required, first.is_open or second.is_open, defaults)


def _encoded(shape: Shape, shapes: dict[str, int]) -> Any:
    """A shape as data: an object's is the number of its entry in `shapes`."""
    match shape:
        case ObjectShape():
            fields = {name: _encoded(value, shapes) for name, value in sorted(shape.fields.items())}
            needed = [name for name in shape.required if name not in shape.defaults]
            text = json.dumps([fields, needed, int(shape.is_open)], sort_keys=True)
            return shapes.setdefault(text, len(shapes))
        case ListShape():
            keys = {"keys": list(shape.keys)} if shape.keys else {}
            return {
                "list": _encoded(shape.items, shapes),
                **keys,
                **({"set": 1} if shape.unique else {}),
            }
        case MapShape():
            return {"map": _encoded(shape.values, shapes)}
        case EnumShape():
            return {"enum": list(shape.values)}
        case ShapeReference():
            return {"ref": shape.name}
        case _:
            return shape
