"""What owners need before they apply anything: other objects, and what Argo CD allows them."""

from __future__ import annotations

from typing import Final

from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.apply.idle.argo_refusals import refused
from bot.kubernetes.apply.idle.owner_dependencies import (
    SOURCES,
    OwnerDependency,
    OwnerTarget,
    all_dependencies,
    circular_owners,
)
from bot.kubernetes.apply.idle.readiness import is_never_ready
from bot.kubernetes.workloads.references import providers

_VALUES: Final = (kinds.CONFIG_MAP, kinds.SECRET)
_OF_FILES: Final = (kinds.GIT_REPOSITORY, kinds.BUCKET)


def unmet(owner: Resource, before: State, after: State) -> Node | None:
    """Return the field by which an owner waits for what does not exist, or is refused.

    What an owner of base names as well exists, whether or not a manifest here says so.
    """
    if owner.group_kind in kinds.APPLICATIONS:
        return refused(owner, before, after)
    if owner.group_kind not in kinds.FLUX_OWNERS:
        return None
    for item in owner.at("spec", "dependsOn").items():
        if is_never_ready(item["readyExpr"].text or ""):
            return item["readyExpr"]
    circular = after.derived(circular_owners)
    for dependency in all_dependencies(owner):
        if dependency.target in circular or _is_missing(dependency, before, after):
            return dependency.node
        if field := _idle_source(dependency, owner, before, after):
            return field
    return None


def _is_missing(dependency: OwnerDependency, before: State, after: State) -> bool:
    if dependency.namespace not in after.closed or _is_here(dependency, after):
        return False
    is_depended_on = dependency.target in before.derived(_depended_on)
    return not is_depended_on and not _of_instance(dependency, after)


def _is_here(dependency: OwnerDependency, state: State) -> bool:
    """Whether a manifest makes an object; accounts may all be made by something else."""
    if dependency.kind in _VALUES:
        key = ResourceKey("", dependency.kind.kind, dependency.namespace, dependency.name)
        return key in providers(state)
    others = state.of(dependency.kind, namespace=dependency.namespace)
    if dependency.kind == kinds.SERVICE_ACCOUNT and not others:
        return True
    return any(other.name == dependency.name for other in others)


def _idle_source(
    dependency: OwnerDependency, owner: Resource, before: State, after: State
) -> Node | None:
    """The field by which a source gives an owner nothing new, or never anything.

    A release goes on with the charts that its source has already.
    https://fluxcd.io/flux/components/source/gitrepositories/#suspend
    """
    if dependency.kind not in SOURCES:
        return None
    for source in after.of(dependency.kind, namespace=dependency.namespace):
        if source.name != dependency.name:
            continue
        is_new, suspended = before.get(source.key) is None, source.at("spec", "suspend")
        has_charts = owner.group_kind == kinds.HELM_RELEASE and dependency.kind not in _OF_FILES
        if suspended.value is True and (is_new or not has_charts):
            return suspended
        needs = all_dependencies(source) if is_new else ()
        return next((need.node for need in needs if _is_missing(need, before, after)), None)
    return None


def needed_value(field: Node) -> OwnerDependency | None:
    """Return the ConfigMap or Secret that a field of an owner or source of Flux needs."""
    dependencies = all_dependencies(field.resource)
    values = (one for one in dependencies if one.kind in _VALUES)
    return next((one for one in values if one.node.route == field.route), None)


def may_exist(field: Node, before: State) -> bool:
    """Return whether what a field of an owner names may exist although no manifest here says so.

    Where base's own owners name others of its kind and namespace, and all of those are here, it is
    missing; else it may come from another repository.
    """
    if not field.route:
        return True
    if field.resource.group_kind == kinds.APPLICATION and field.route == ("spec", "project"):
        named_projects = {
            project
            for owner in before.of(kinds.APPLICATION)
            if (project := owner.at("spec", "project").text) not in (None, "default")
        }
        projects = {project.name for project in before.of(kinds.APP_PROJECT)}
        return not named_projects or not named_projects <= projects
    for dependency in all_dependencies(field.resource):
        if dependency.node.route == field.route:
            place = dependency.target[:2]
            named = [target for target in before.derived(_depended_on) if target[:2] == place]
            needed = (OwnerDependency(field, *target) for target in named)
            return not named or not all(_is_here(one, before) for one in needed)
    return False


def _depended_on(state: State) -> frozenset[OwnerTarget]:
    needing = state.of(*kinds.FLUX_OWNERS, *SOURCES)
    return frozenset(
        dependency.target for resource in needing for dependency in all_dependencies(resource)
    )


def _of_instance(dependency: OwnerDependency, after: State) -> bool:
    """Whether a FluxInstance makes a source: it has the name of its namespace by default.

    https://fluxoperator.dev/docs/crd/fluxinstance/#sync-configuration
    """
    return dependency.kind in SOURCES and bool(after.of(kinds.FLUX_INSTANCE))
