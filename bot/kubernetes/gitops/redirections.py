"""Settings of owners that newly send what they apply elsewhere, or leave a part of it out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import Node, Resource, route_text
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.gitops.owners import application_spec
from bot.kubernetes.gitops.retention import SOURCES, source_selections

_SELECTION: Final = ("include", "exclude")
_DELETES: Final = "$patch: delete"


def redirections(old: Resource, new: Resource) -> Iterator[tuple[Node, Node]]:
    """Yield the fields of another cluster or namespace than base's, as base and head have them."""
    for was, field in zip(_destinations(old), _destinations(new), strict=True):
        if was.value != field.value:
            yield was, field


def applies_only_to(owner: Resource, target: Node, before: State) -> bool:
    """Whether all that an owner of base applies is in the namespace that `target` now names.

    Where the manifests named it, Flux's `spec.targetNamespace` takes nothing elsewhere.
    """
    if target.route != ("spec", "targetNamespace"):
        return False
    applied = [
        before.get(key)
        for key, declared in before.applied_by.items()
        if any(each.owner.key == owner.key for each in declared)
    ]
    spaces = {resource.namespace for resource in applied if resource is not None}
    return bool(applied) and spaces <= {target.text, None}


def exclusions(old: Resource, new: Resource) -> Iterator[tuple[Node, bool]]:
    """Yield the fields by which an owner or source newly leaves out files or objects.

    With each, whether base chose files by that field too.
    """
    before = [(route_text(field.route), field.value) for field in _selections(old)]
    chosen = {route for route, _ in before if route.endswith(_SELECTION)}
    for field in _selections(new):
        route = route_text(field.route)
        if (route, field.value) not in before and not _ignores_less(field, old):
            yield field, route in chosen


def _ignores_less(field: Node, old: Resource) -> bool:
    """Whether a source leaves nothing out that it did not leave out before."""
    if field.resource.group_kind not in SOURCES:
        return False
    sparse, ignored = old.at("spec", "sparseCheckout"), old.at("spec", "ignore")
    if route_text(field.route) == "spec.sparseCheckout":
        return bool(sparse.texts) and set(field.texts).issuperset(sparse.texts)
    return set((ignored.text or "").splitlines()).issuperset((field.text or "").splitlines())


def _destinations(owner: Resource) -> tuple[Node, ...]:
    spec = owner.at("spec")
    if owner.group_kind == kinds.APPLICATION:
        target = spec["destination"]
        return (target["server"], target["name"], target["namespace"])
    if owner.group_kind in kinds.FLUX_OWNERS:
        return (spec["kubeConfig"], spec["targetNamespace"])
    return ()


def _selections(owner: Resource) -> Iterator[Node]:
    """The fields that say which files or objects are left out."""
    spec = owner.at("spec")
    if owner.group_kind in SOURCES:
        yield from source_selections(owner)
        return
    if owner.group_kind == kinds.APPLICATION_SET:
        spec = application_spec(owner)
    patches = list(spec["patches"].items())
    for source in (spec["source"], *spec["sources"].items(), spec["sourceHydrator"]["drySource"]):
        folder = source["directory"]
        yield from (folder[name] for name in _SELECTION if folder[name].value)
        patches += source["kustomize"]["patches"].items()
    for patch in patches:
        if _DELETES in (patch["patch"].text or ""):
            yield patch["patch"]
