"""References of bindings: roles that nobody defines, and roleRefs that are edited in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from bot.core.finding import Finding, Severity
from bot.core.resource import ResourceKey
from bot.core.state import State, changes
from bot.core.values import Value
from bot.kubernetes import kinds
from bot.kubernetes.rbac import wording
from bot.kubernetes.rbac.authority import Authority
from bot.kubernetes.rbac.causes import changed_role_ref, generated
from bot.kubernetes.rbac.effect import RBAC_GROUP
from bot.kubernetes.rbac.gains import compare
from bot.kubernetes.rbac.objects import Binding, RoleKey, read
from bot.kubernetes.rbac.rules import CLUSTER
from bot.kubernetes.workloads.pods import str_of


def unknown_roles(before: State, after: State) -> Iterator[Finding]:
    """The bindings that newly refer to a role that neither the tree nor Kubernetes defines.

    Such a binding grants nothing until somebody creates the role, and then whatever it allows.
    """
    comparison = compare(before, after)
    for key, binding in comparison.after.bindings.items():
        role = binding.role
        if role in comparison.after.roles or after.get(_object(role)) is not None:
            continue
        old = comparison.before.bindings.get(key)
        same = old is not None and old.role == role and {*binding.subjects} <= {*old.subjects}
        lost = same and role in comparison.before.roles
        if lost or not same:
            usual = _is_usual(binding, comparison.before)
            yield _unknown(binding, after, lost=lost, usual=usual)


def _is_usual(binding: Binding, before: Authority) -> bool:
    """Whether base gives each subject this role in some namespace, and so relies on it already."""
    holders = {edge.subject for edge in before.edges_of(binding.role)}
    return binding.scope != CLUSTER and holders.issuperset(binding.subjects)


def _unknown(binding: Binding, after: State, *, lost: bool, usual: bool) -> Finding:
    """The finding for such a binding; a notice where the role may well be defined elsewhere.

    A warning where that cannot be said: of the whole cluster, or where something that may define
    the role was not built. `usual`: the subjects have the role in another namespace.
    """
    role = binding.role
    space = binding.resource.namespace
    unread = (space is None or space not in after.closed) and not usual
    certain = role.kind == "Role" and role.namespace in after.closed
    judged = certain and bool(after.of(kinds.ROLE, namespace=role.namespace))
    gone = "this change removes" if lost else "is not defined here"
    message = f"{str_of(binding.resource)} refers to {role}, which {gone}"
    who = wording.who(binding.subjects)
    # A role that is not here may be in the cluster, or come with what was not built.
    effect = f"it grants {who} nothing" if lost else f"what it grants {who} is not known"
    if unread and not lost and space is not None:
        effect += ", and not everything that may define it was read"
    return Finding(
        node=binding.resource.at("roleRef", "name"),
        message=f"{message}: {effect}" if binding.subjects else message,
        severity=Severity.WARNING if lost or judged or unread else Severity.NOTICE,
        facts=_facts(binding),
    )


def _facts(binding: Binding) -> Mapping[str, Value]:
    subjects: tuple[Value, ...] = tuple(
        MappingProxyType(subject.facts) for subject in binding.subjects
    )
    return MappingProxyType(
        {
            "subject": subjects[0] if subjects else None,
            "subjects": subjects,
            "scope": binding.scope,
            "roleRef": binding.role.reference,
        }
    )


def _object(role: RoleKey) -> ResourceKey:
    return ResourceKey(RBAC_GROUP, role.kind, role.namespace or None, role.name)


def edited_role_refs(before: State, after: State) -> Iterator[Finding]:
    """The bindings whose roleRef is edited in place, which the API server refuses.

    Objects with generateName have no identity and are left out.
    """
    for change in changes(before, after, kinds.ROLE_BINDING, kinds.CLUSTER_ROLE_BINDING):
        if change.before is None or change.after is None or generated(change.after):
            continue
        old, new = change.before.derived(read), change.after.derived(read)
        if isinstance(old, Binding) and isinstance(new, Binding) and old.role != new.role:
            message = (
                f"{str_of(change.after)} changes its roleRef from {old.role} to {new.role}: the"
                " API refuses this unless the binding is deleted and created anew"
            )
            facts: dict[str, Value] = {
                "object": str(change.key),
                "old": old.role.reference,
                "new": new.role.reference,
            }
            yield Finding(changed_role_ref(old, new), message, facts=MappingProxyType(facts))
