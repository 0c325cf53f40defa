"""What becomes of a manifest that redefines a role which Kubernetes itself keeps.

At every start the API server adds to its default roles the rules and aggregation selectors that
they lack, unless an annotation of the role says that it must not; it takes no rule away.
https://kubernetes.io/docs/reference/access-authn-authz/rbac/#auto-reconciliation, and
`ReconcileRoleOptions` of k8s.io/component-helpers/auth/rbac/reconciliation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bot.core.finding import Finding
from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.rbac.defaults.builtin import builtin_objects
from bot.kubernetes.rbac.objects import Role, read

_AUTO_UPDATE: Final = "rbac.authorization.kubernetes.io/autoupdate"


def reconciled(role: Role, builtin: Role) -> Role:
    """The role of a manifest as the API server keeps it, beside the role that it redefines.

    The added rules follow those of the manifest. A manifest without an aggregationRule does not
    take that of the role away, as long as it is applied and not replaced.
    """
    if not _is_kept(role.resource):
        return role
    if builtin.selectors is None:
        missing = tuple(rule for rule in builtin.rules if rule not in role.rules)
        return replace(role, rules=(*role.rules, *missing), selectors=None)
    written = role.selectors or ()
    added = tuple(selector for selector in builtin.selectors if selector not in written)
    return replace(
        role, selectors=(*written, *added), is_contended=role.selectors is None and bool(role.rules)
    )


def redefinitions(before: State, after: State) -> Iterator[Finding]:
    """A finding for each manifest that newly redefines such a role, or redefines it otherwise."""
    defaults = builtin_objects(after.environment.kubernetes)
    for resource in after.of(kinds.ROLE, kinds.CLUSTER_ROLE):
        default, old = defaults.get(resource.key), before.get(resource.key)
        if default is None or (old is not None and _content(old) == _content(resource)):
            continue
        role, builtin = read(resource), read(default)
        if not (isinstance(role, Role) and isinstance(builtin, Role)):
            continue
        consequence = _consequence(role, builtin)
        if consequence:
            message = f"{resource.key.kind} {resource.name} is Kubernetes' own role: {consequence}"
            yield Finding(_place(resource), message)


def _consequence(role: Role, builtin: Role) -> str:
    """What the redefinition does; empty where it is the role as Kubernetes has it."""
    if not _is_kept(role.resource):
        return "with this annotation the API server no longer adds the rules that it lacks"
    kept = reconciled(role, builtin)
    if builtin.selectors is not None:
        if role.selectors is None:
            return (
                "it keeps the rules of the roles that it aggregates, so whoever is bound to it has "
                "them beside those that are written here"
            )
        return "" if kept.selectors == builtin.selectors else "it aggregates more roles than before"
    if len(kept.rules) > len(role.rules):
        return (
            "the API server adds the rules that it lacks at every start, so whoever is bound to it "
            "has all of them"
        )
    return "" if set(role.rules) == set(builtin.rules) else "whoever is bound to it has more rights"


def _is_kept(resource: Resource) -> bool:
    return resource.annotations.get(_AUTO_UPDATE) != "false"


def _content(resource: Resource) -> tuple[object, ...]:
    fields = (resource.at("rules"), resource.at("aggregationRule"))
    return (*(field.value for field in fields), _is_kept(resource))


def _place(resource: Resource) -> Node:
    annotation = resource.at("metadata", "annotations", _AUTO_UPDATE)
    return annotation if not _is_kept(resource) else resource.at("metadata", "name")
