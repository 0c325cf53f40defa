"""The authority of GitOps controllers, as their own resources set it: projects, RBAC, accounts."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from bot.core.finding import Finding, Side
from bot.core.resource import Node, Resource
from bot.core.state import Change, State, changes
from bot.kubernetes import kinds
from bot.kubernetes.authority.argo_exclusions import kinds_left_out
from bot.kubernetes.authority.argo_policy import RBAC_CONFIG, config_widened
from bot.kubernetes.authority.argo_projects import new_project, project_widened
from bot.kubernetes.authority.argo_settings import (
    SETTINGS,
    SETTINGS_NAME,
    operation_started,
    settings_opened,
)
from bot.kubernetes.authority.flux_limits import (
    SOURCES,
    flags_lost,
    network_policies_lost,
    verification_lost,
)
from bot.kubernetes.authority.pattern_lists import place
from bot.kubernetes.naming import escaped
from bot.kubernetes.workloads.pods import str_of

CONTROLLED: Final = (
    kinds.APP_PROJECT,
    kinds.APPLICATION,
    kinds.APPLICATION_SET,
    kinds.CONFIG_MAP,
    kinds.DEPLOYMENT,
    kinds.FLUX_INSTANCE,
    kinds.FLUX_KUSTOMIZATION,
    kinds.HELM_RELEASE,
    kinds.RESOURCE_SET,
    kinds.ROOT_SYNC,
    *(kind for kind in SOURCES if kind != kinds.HELM_RELEASE),
)
_APPLICATIONS: Final = MappingProxyType(
    {kinds.APPLICATION: ("spec",), kinds.APPLICATION_SET: ("spec", "template", "spec")}
)


def authority_widened(before: State, after: State) -> Iterator[Finding]:
    """What a change newly allows GitOps controllers, or the people who use them, to do."""
    for change in changes(before, after, *CONTROLLED):
        if change.after is None:
            continue
        if change.before is None and change.key.group_kind == kinds.APP_PROJECT:
            yield new_project(change.after, after.policy.privileged_namespaces)
            continue
        for node, key, side in (
            *_widened(change, change.after),
            *_left_out(change, change.after, after),
        ):
            # Waivers name fingerprints, so a key stays where its message is worded better.
            message = key.replace(" now no longer ", " no longer ", 1)
            facts = MappingProxyType({"object": str(change.key)})
            yield Finding(node, message, key=key, facts=facts, side=side)


def _widened(change: Change, new: Resource) -> Iterator[tuple[Node, str, Side]]:
    kind = change.key.group_kind
    if kind == kinds.CONFIG_MAP:
        if change.key.name == RBAC_CONFIG:
            yield from config_widened(change.before, new)
        elif change.key.name in SETTINGS:
            yield from settings_opened(change.before, new)
        return
    if kind == kinds.APPLICATION:
        yield from operation_started(change.before, new)
    if change.before is None:
        return
    if kind == kinds.APP_PROJECT:
        for node, what, side in project_widened(change.before, new):
            yield node, f"{str_of(new)} now {what}", side
    elif kind in _APPLICATIONS:
        yield from _application(change.before, new, _APPLICATIONS[kind])
    else:
        for read in _READERS[kind]:
            yield from read(change.before, new)


def _left_out(change: Change, new: Resource, after: State) -> Iterator[tuple[Node, str, Side]]:
    if change.key.group_kind == kinds.CONFIG_MAP and change.key.name == SETTINGS_NAME:
        yield from kinds_left_out(change.before, new, after.kinds)


def _application(
    old: Resource, new: Resource, spec: tuple[str, ...]
) -> Iterator[tuple[Node, str, Side]]:
    """A change of project (other limits) or of destination (another target)."""
    base, head = old.at(*spec), new.at(*spec)
    was, project = (spec["project"].text or "default" for spec in (base, head))
    if was != project:
        node, side = place(head["project"], base["project"])
        yield node, f"{str_of(new)} moves from project {was} to {project}", side
    for field in ("server", "name", "namespace"):
        before, after = base["destination"][field], head["destination"][field]
        if before.text != after.text:
            node, side = place(after, before)
            change = f"{after.text or 'none'} instead of {before.text or 'none'}"
            yield node, f"{str_of(new)} now deploys to another {field}: {change}", side


def _flux(old: Resource, new: Resource) -> Iterator[tuple[Node, str, Side]]:
    """Without an account, Flux applies with its controller's own rights, often cluster-admin.

    https://fluxcd.io/flux/components/kustomize/kustomizations/#role-based-access-control
    """
    field = "serviceAccountName"
    before, after = old.at("spec", field), new.at("spec", field)
    if before.text and before.text != after.text:
        node, side = place(after, before)
        account = after.text or "the controller's own account"
        message = f"{str_of(new)} is now applied as {account} instead of {before.text}"
        yield node, message, side
    before, after = old.at("spec", "kubeConfig"), new.at("spec", "kubeConfig")
    if before.value != after.value:
        node, side = place(after, before)
        where = "the cluster of another kubeConfig" if after.exists else "the controller's cluster"
        yield node, f"{str_of(new)} is now applied to {where}", side


def _root_sync(old: Resource, new: Resource) -> Iterator[tuple[Node, str, Side]]:
    """Without roles, Config Sync applies as cluster-admin.

    https://cloud.google.com/kubernetes-engine/enterprise/config-sync/docs/reference/rootsync-reposync-fields
    """
    before, after = (one.at("spec", "override", "roleRefs") for one in (old, new))
    if before.value and not after.value:
        node, side = place(after, before)
        yield node, f"{str_of(new)} is now applied with ClusterRole cluster-admin", side
    base_roles = {_role(item) for item in before.items()}
    for item in after.items() if base_roles else ():
        if _role(item) not in base_roles:
            kind, name, namespace = _role(item)
            role = f"{escaped(kind)} {escaped(name)}"
            where = f" in {escaped(namespace)}" if namespace else ""
            yield item, f"{str_of(new)} is now applied with {role}{where} as well", "RIGHT"


def _role(reference: Node) -> tuple[str, str, str]:
    kind, name, namespace = (reference[field].text or "" for field in ("kind", "name", "namespace"))
    return kind, name, namespace


def _flux_instance(old: Resource, new: Resource) -> Iterator[tuple[Node, str, Side]]:
    """Multi-tenancy makes the controllers apply as a tenant's account unless told otherwise.

    Without it they refuse no reference across namespaces, and apply with their own rights.
    https://fluxoperator.dev/docs/crd/fluxinstance/#cluster-configuration
    """
    before, after = old.at("spec", "cluster"), new.at("spec", "cluster")
    was, now = before["multitenant"], after["multitenant"]
    if was.value is True and now.value is not True:
        node, side = place(now, was)
        what = "applies what names no account with the controllers' own rights"
        yield node, f"{str_of(new)} no longer isolates tenants: it {what}", side
        return
    was, now = before["tenantDefaultServiceAccount"], after["tenantDefaultServiceAccount"]
    if after["multitenant"].value is True and was.text != now.text:
        node, side = place(now, was)
        accounts = f"{now.text or 'default'} instead of {was.text or 'default'}"
        yield node, f"{str_of(new)} now applies for tenants as {accounts}", side


_READERS: Final = MappingProxyType(
    {
        kinds.DEPLOYMENT: (flags_lost,),
        kinds.FLUX_INSTANCE: (_flux_instance, network_policies_lost),
        kinds.FLUX_KUSTOMIZATION: (_flux,),
        kinds.RESOURCE_SET: (_flux,),
        kinds.ROOT_SYNC: (_root_sync,),
        **dict.fromkeys(SOURCES, (verification_lost,)),
        kinds.HELM_RELEASE: (_flux, verification_lost),
    }
)
