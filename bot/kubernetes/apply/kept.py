"""What stays in the cluster for good once its manifest is removed, and by which field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.core.finding import FileLine, Severity
from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.core.words import first_of
from bot.kubernetes import kinds, rbac
from bot.kubernetes.apply.handled import Handlings
from bot.kubernetes.apply.handling import setting_in_words
from bot.kubernetes.apply.sync_options import is_hook
from bot.kubernetes.gitops.owner_fates import fate_by, prunes_automatically
from bot.kubernetes.gitops.owners import Owner, owners_of
from bot.kubernetes.gitops.prune_marks import argo_prune_mark, keeping_mark
from bot.kubernetes.gitops.retention import retentions
from bot.kubernetes.limiting import limits_others
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """Head's state with the removed resources that stay, and the field that keeps each.

    `roles` are those of them to which a new binding would be an error if its rules were seen.
    """

    after: State
    fields: Mapping[ResourceKey, Node]
    roles: tuple[Resource, ...]

    @property
    def limits(self) -> bool:
        """Whether some limit or empower others: a later change meets them without a review."""
        return bool(self.roles) or any(limits_others(key.group_kind) for key in self.fields)

    @property
    def note(self) -> str:
        """The first of them in words."""
        key, field = next(iter(self.fields.items()))
        words = setting_in_words(field, key)
        keys = first_of([str(each) for each in self.fields], 1)
        return f"{keys} stays in the cluster because of {words}, where no later review sees it"


def kept(before: State, after: State) -> Kept | None:
    """Return head with the removed resources that no owner ever deletes; None where none are.

    Nothing is known of what no object here applies, and what an Application leaves because it does
    not prune by itself, a person or a later setting deletes.
    """
    gone = [change.before for change in after.since(before) if change.after is None]
    spaces = {one.name for one in gone if one is not None and one.group_kind == kinds.NAMESPACE}
    fields: dict[ResourceKey, Node] = {}
    staying: list[Resource] = []
    for resource in gone:
        if resource is None or resource.namespace in spaces or resource.source.nesting is not None:
            continue
        field = _keeping(resource, before, after)
        if field is not None:
            fields[resource.key] = field
            staying.append(resource)
    if not staying:
        return None
    everything = replace(after, resources=(*after.resources, *staying))
    return Kept(everything, fields, _strong_roles(staying, after))


def kept_once(before: State, after: State) -> Kept | None:
    """Return `kept(before, after)`, computed once."""
    return after.against(before, kept)


def _strong_roles(staying: Sequence[Resource], after: State) -> tuple[Resource, ...]:
    """The roles to which a new binding would be an error, if its rules were seen.

    A role to which nobody is bound is one severity lower than a binding to it.
    """
    roles = tuple(one for one in staying if one.group_kind in (kinds.ROLE, kinds.CLUSTER_ROLE))
    if not roles:
        return ()
    findings = rbac.roles_widened(replace(after, resources=()), replace(after, resources=roles))
    nodes = [one.node for one in findings if one.severity is Severity.WARNING]
    strong = {node.resource.key for node in nodes if not isinstance(node, FileLine)}
    return tuple(role for role in roles if role.key in strong)


def _keeping(resource: Resource, before: State, after: State) -> Node | None:
    """The field by which every owner of base keeps a resource that head has no more."""
    if resource.key not in before.applied_by or resource.key in before.also_inferred:
        return None
    owners = owners_of(resource, before)
    # A mark of what is not applied as it stands never came to the object in the cluster.
    if is_hook(resource, owners) or Handlings(before, before).of(resource) is not None:
        return None
    first: Node | None = None
    for owner in owners:
        if _may_be_pruned_later(owner, resource, after):
            return None
        if fate_by(owner, resource, before, after) != "left":
            return None
        settings = retentions(after.get(owner.resource.key) or owner.resource)
        field = keeping_mark(resource) or next(iter(settings.values()), owner.resource.root)
        first = first or field
    return first


def _may_be_pruned_later(owner: Owner, resource: Resource, after: State) -> bool:
    """Whether only an Application's settings keep a resource, which it may still prune later."""
    current = after.get(owner.resource.key) or owner.resource
    is_argo = owner.resource.group_kind in kinds.APPLICATIONS
    return is_argo and argo_prune_mark(resource) != "left" and not prunes_automatically(current)
