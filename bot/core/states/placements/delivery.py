"""Roots that Argo CD and Flux objects alter, where their declaration could not be resolved.

Such a root is not applied as it stands; the reason names the field that alters it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from bot.core.resource import GroupKind, Node, Resource, ResourceKey
from bot.core.states.placements.applied import Applied
from bot.core.states.roots.inferred import Roots
from bot.core.states.roots.reasons import Reason
from bot.core.states.roots.root import Root, RootKey
from bot.core.tree import File
from bot.records import dataclass

_FLUX: Final = GroupKind("kustomize.toolkit.fluxcd.io", "Kustomization")
_ARGO: Final = GroupKind("argoproj.io", "Application")
_ARGO_SET: Final = GroupKind("argoproj.io", "ApplicationSet")

# https://fluxcd.io/flux/components/kustomize/kustomizations/
_FLUX_FIELDS: Final = (
    "targetNamespace",
    "namePrefix",
    "nameSuffix",
    "commonMetadata",
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "images",
    "components",
)
_ALTERING: Final = frozenset({_FLUX, _ARGO})
_HELM_RELEASE: Final = GroupKind("helm.toolkit.fluxcd.io", "HelmRelease")
_HELM_RELEASE_FIELDS: Final = (
    ("values",),
    ("valuesFrom",),
    ("postRenderers",),
    ("commonMetadata",),
    ("chart", "spec", "valuesFiles"),
)
_ARGO_HELM_NEUTRAL: Final = frozenset(
    {"releaseName", "version", "passCredentials", "ignoreMissingValueFiles", "skipSchemaValidation"}
)
"""Fields of Argo CD's `helm` that leave the resources as they are."""
_SUBSTITUTION: Final = b"${"


@dataclass(frozen=True, slots=True)
class Alteration:
    """A field of a delivery object that changes what a directory gives.

    `substitutes` says that it only replaces variables, so that a root without any stays as it is.
    """

    directory: str
    field: Node
    substitutes: bool = False


def altered(
    roots: Roots,
    applied: Mapping[RootKey, Applied],
    owners: frozenset[ResourceKey] = frozenset(),
) -> Roots:
    """The same roots, with a reason for each that a delivery object of the tree alters.

    `owners` are objects whose roots are known, with what they do to them.
    """
    alterations: dict[str, list[Alteration]] = {}
    for current_applied in applied.values():
        for resource in current_applied.resources:
            if resource.group_kind not in _ALTERING or resource.key in owners:
                continue
            for alteration in _alterations(resource):
                alterations.setdefault(alteration.directory, []).append(alteration)
    if not alterations:
        return roots
    changed = {
        key: _with_reasons(root, tuple(_upon(root, roots, alterations)), applied)
        for key, root in roots.roots.items()
    }
    return Roots(changed, roots.kustomizations)


def altering_fields(resource: Resource) -> Iterator[Node]:
    """The fields with which an object alters what a root gives, or leaves parts of it out."""
    if resource.group_kind == _FLUX:
        fields = (resource.at("spec", name) for name in (*_FLUX_FIELDS, "postBuild"))
        yield from (field for field in fields if field.value)
    elif resource.group_kind == _HELM_RELEASE:
        fields = (resource.at("spec", *path) for path in _HELM_RELEASE_FIELDS)
        yield from (field for field in fields if field.value)
        if resource.at("spec", "install", "crds").text == "Skip":
            yield resource.at("spec", "install", "crds")
    elif resource.group_kind == _ARGO:
        yield from _altered_by_argo(resource.at("spec"))
    elif resource.group_kind == _ARGO_SET:
        yield from _altered_by_argo(resource.at("spec", "template", "spec"))
        if resource.at("spec", "templatePatch").value:
            yield resource.at("spec", "templatePatch")


def _altered_by_argo(spec: Node) -> Iterator[Node]:
    """The fields of an Application's spec; of several sources, a later one replaces objects."""
    applied = [source for source in spec["sources"].items() if source["path"].text]
    if len(applied) > 1:
        yield spec["sources"]
    for source in _sources(spec):
        yield from _argo_fields(source)
        for name, field in source["helm"].fields():
            if name not in _ARGO_HELM_NEUTRAL and field.value:
                yield field
        chosen = (source["directory"]["include"], source["directory"]["exclude"])
        yield from (field for field in chosen if field.value)


def _alterations(resource: Resource) -> Iterator[Alteration]:
    spec = resource.at("spec")
    if resource.group_kind == _FLUX:
        place = _directory(spec["path"])
        if place:
            for name in _FLUX_FIELDS:
                if spec[name].value:
                    yield Alteration(place, spec[name])
            if spec["postBuild"].value:
                yield Alteration(place, spec["postBuild"], substitutes=True)
    elif resource.group_kind == _ARGO:
        for source in _sources(spec):
            place = _directory(source["path"])
            if place:
                yield from (Alteration(place, field) for field in _argo_fields(source))


def _sources(spec: Node) -> Iterator[Node]:
    """Yield each source that an Application may have, also one from which it is hydrated."""
    yield from (spec["source"], *spec["sources"].items(), spec["sourceHydrator"]["drySource"])


def _argo_fields(source: Node) -> Iterator[Node]:
    """https://argo-cd.readthedocs.io/en/stable/user-guide/kustomize/ and the like."""
    for name, field in source["kustomize"].fields():
        if name != "version" and field.value:
            yield field
    if source["plugin"].exists:
        yield source["plugin"]
    if source["directory"]["jsonnet"].value:
        yield source["directory"]["jsonnet"]


def _directory(path: Node) -> str:
    """The directory that a field names; empty for the top, which is what most others' names are."""
    place = posixpath.normpath(path.text or "").removeprefix("/")
    return "" if place in (".", "..") or place.startswith("../") else place


def _upon(
    root: Root, roots: Roots, alterations: Mapping[str, list[Alteration]]
) -> Iterator[Alteration]:
    """What concerns a root: its own directory's, and of a plain directory those above it too.

    Where a kustomization stands above, that says what is taken in, so nothing below is resolved.
    """
    if root.kind == "kustomization":
        yield from alterations.get(root.path, ())
        return
    segments = root.path.split("/")
    for depth in range(1, len(segments) + 1):
        place = "/".join(segments[:depth])
        if place not in roots.kustomizations:
            yield from alterations.get(place, ())


def _with_reasons(
    root: Root, alterations: tuple[Alteration, ...], applied: Mapping[RootKey, Applied]
) -> Root:
    current_applied = applied.get(root.key)
    counted = [
        alteration
        for alteration in alterations
        if not alteration.substitutes or current_applied is None or _substitutes(current_applied)
    ]
    if not counted or root.kind == "chart":
        return root
    sources: dict[str, File] = {
        alteration.field.resource.source.path: File(
            "100644", alteration.field.resource.source.blob, 0
        )
        for alteration in counted
    }
    reasons = (*root.reasons, *map(_reason, counted))
    return replace(root, files={**root.files, **sources}, reasons=reasons, read=root.files)


def _substitutes(applied: Applied) -> bool:
    readings: Iterable[bytes] = (
        document.encoded for file in applied.files.values() for document in file.reading.objects
    )
    return any(_SUBSTITUTION in encoded for encoded in readings)


def _reason(alteration: Alteration) -> Reason:
    source = alteration.field.resource.source
    route = tuple(step for step in alteration.field.route if isinstance(step, str))
    name = route[-1] if route else ""
    return Reason(
        source.path,
        f"{alteration.field.resource.key} alters it with its field {name!r}",
        source,
        alteration.field.route,
    )
