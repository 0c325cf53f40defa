"""How the resources of a state are handled by the tools that apply them.

A tool does not apply every manifest of its source: marks of the object, settings of the owner, and
the carrier that an object lies in decide whether it creates, updates and keeps it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from bot.core.rendering import Declared
from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.core.states.placements.unapplied import HELM_HOOK, hook_names
from bot.kubernetes import kinds
from bot.kubernetes.apply.argo_exclusions import excluded_by, may_exclude
from bot.kubernetes.apply.carriers.by_kind import by_carrier, carriers
from bot.kubernetes.apply.handling import Handling, Manner
from bot.kubernetes.apply.idle.idle_owners import idle_by, idle_owners
from bot.kubernetes.apply.idle.presumed import is_presumed
from bot.kubernetes.apply.idle.uncertain_owners import takes_over, uncertainty
from bot.kubernetes.apply.ignored_differences import (
    applies_all_at_once,
    freezes_fields,
    uncompared_items,
)
from bot.kubernetes.apply.sync_options import hook_mark, is_lost_as_hook, is_passing_hook
from bot.kubernetes.apply.uncompared import by_ignored, is_uncompared, syncing_owners
from bot.kubernetes.gitops.config_sync import changed_selection, created_mark, unmanaged_mark
from bot.kubernetes.gitops.owners import OWNERS, Owner, owners_of, removed_owners
from bot.kubernetes.gitops.prune_marks import flux_mark
from bot.kubernetes.limiting import limits_others
from bot.records import dataclass

MARKS: Final = (
    b"toolkit.fluxcd.io/",
    b"/hook",
    b"configmanagement.gke.io/",
    b"configsync.gke.io/",
    b"lifecycle.config.k8s.io/mutation",
)
"""Texts in the annotations and labels of objects that may not be applied as they stand."""

_UPGRADE_HOOKS: Final = frozenset({"pre-upgrade", "post-upgrade"})


@dataclass(frozen=True, slots=True)
class Handlings:
    """The handlings of the resources of a state that follows `base`."""

    state: State
    base: State

    def of(self, resource: Resource) -> Handling | None:
        """Return how changes of a resource reach the cluster; None where they simply do.

        Of several owners, one that applies it is enough.
        """
        nesting = resource.source.nesting
        if nesting is not None:
            carrier = self.state.derived(carriers).get(nesting.carrier)
            return None if carrier is None else by_carrier(carrier, resource) or self.of(carrier)
        if not (has_mark(resource) or self.are_restricted):
            return None
        owners = owners_of(resource, self.state)
        handlings = [self._by_owner(resource, owner) for owner in owners]
        by_owner = None if None in handlings or not handlings else handlings[0]
        mark = _by_mark(resource, owners) or self._by_selection(resource, owners)
        is_weaker = mark is None or mark.manner == "replaced"
        return by_owner if by_owner is not None and is_weaker else mark

    @property
    def are_restricted(self) -> bool:
        """Whether some owner may apply less than its source."""
        return bool(self.idle or self.new_owners) or self.state.derived(_restricting)

    @property
    def idle(self) -> Mapping[ResourceKey, Node]:
        """The owners that apply nothing, each with the field that says so."""
        return self.state.against(self.base, _idle)

    @property
    def new_owners(self) -> frozenset[tuple[ResourceKey, str]]:
        """The identities of the owners that base has not."""
        return self.state.against(self.base, _new_owners)

    def _by_selection(self, resource: Resource, owners: Collection[Owner]) -> Handling | None:
        """Config Sync deletes what is no longer chosen; which clusters that are is not known."""
        if not owners or any(each.resource.group_kind not in kinds.CONFIG_SYNCS for each in owners):
            return None
        selection = changed_selection(resource, self.base, self.state)
        return None if selection is None else Handling("deselected", selection)

    def _by_owner(self, resource: Resource, owner: Owner) -> Handling | None:
        idle = self.idle.get(owner.resource.key) or idle_by(owner.resource)
        is_guard = limits_others(resource.group_kind)
        if idle is not None and (is_guard or not is_presumed(idle, self.state)):
            return Handling("unmanaged", idle)
        if owner.identity in self.new_owners and takes_over(resource, self.base, self.state):
            field = uncertainty(owner.resource, self.base, self.state)
            if field is not None:
                return Handling("uncertain", field)
        if owner.resource.group_kind == kinds.HELM_RELEASE:
            is_there = self.base.get(owner.resource.key) is not None
            by_release = self._by_release if is_there else _by_installation
            return by_release(resource, owner.resource)
        if owner.resource.group_kind in kinds.APPLICATIONS:
            excluded = excluded_by(resource, owner.resource, self.state)
            if excluded is not None:
                return Handling("unmanaged", excluded)
        return self._by_ignored(resource, owner.resource)

    def _by_ignored(self, resource: Resource, owner: Resource) -> Handling | None:
        """https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/."""
        handling = by_ignored(resource, owner)
        if handling is None or freezes_fields(owner):
            return handling
        old = self.base.get(resource.key)
        if old is resource or not is_uncompared(old, resource, handling):
            return None
        is_applied = applies_all_at_once(owner) and owner.key in self.state.against(
            self.base, syncing_owners
        )
        return None if is_applied else handling

    def _by_release(self, resource: Resource, release: Resource) -> Handling | None:
        """https://fluxcd.io/flux/components/helm/helmreleases/#upgrade-configuration."""
        upgrade = release.at("spec", "upgrade")
        declared = self.state.applied_by.get(resource.key, ())
        if any(_is_definition(resource, one) for one in declared):
            policy = upgrade["crds"].text or "Skip"
            manners: dict[str, Manner] = {"Skip": "installed", "Create": "created"}
            manner = manners.get(policy)
            return Handling(manner, upgrade["crds"]) if manner is not None else None
        hooks = hook_names(resource.annotations.get(HELM_HOOK, ""))
        if not hooks or not limits_others(resource.group_kind):
            return None
        if not hooks & _UPGRADE_HOOKS:
            return Handling("installed", hook_mark(resource, (Owner(release),)))
        disabled = upgrade["disableHooks"]
        return Handling("installed", disabled) if disabled.value is True else None


def has_mark(resource: Resource) -> bool:
    """Return whether an object may have a mark by which a tool does not apply it as it stands."""
    return any(mark in resource.encoded for mark in MARKS)


def _idle(before: State, after: State) -> Mapping[ResourceKey, Node]:
    return idle_owners(before, after)


def _new_owners(before: State, after: State) -> frozenset[tuple[ResourceKey, str]]:
    return frozenset(owner.identity for owner in removed_owners(after, before))


def _restricting(state: State) -> bool:
    if may_exclude(state):
        return True
    declaring = (declared.owner for declared in state.declarations)
    return any(
        owner.group_kind == kinds.HELM_RELEASE
        or any(uncompared_items(owner))
        or idle_by(owner) is not None
        for owner in (*state.of(*OWNERS), *declaring)
    )


def _by_mark(resource: Resource, owners: Collection[Owner]) -> Handling | None:
    """The handling that an object's marks ask for; Flux and Config Sync obey only their own.

    https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources
    """
    if all(owner.resource.group_kind == kinds.FLUX_KUSTOMIZATION for owner in owners):
        if mark := flux_mark(resource, "reconcile", "ssa"):
            return Handling("unmanaged", mark)
        if mark := flux_mark(resource, "ssa", value="ifnotpresent"):
            return Handling("created", mark)
    if owners and all(owner.resource.group_kind in kinds.CONFIG_SYNCS for owner in owners):
        if mark := unmanaged_mark(resource):
            return Handling("unmanaged", mark)
        if mark := created_mark(resource):
            return Handling("created", mark)
    if limits_others(resource.group_kind) and is_lost_as_hook(resource, owners):
        is_passing = is_passing_hook(resource, owners)
        return Handling("passing" if is_passing else "replaced", hook_mark(resource, owners))
    return None


def _by_installation(resource: Resource, release: Resource) -> Handling | None:
    """https://fluxcd.io/flux/components/helm/helmreleases/#install-configuration."""
    disabled = release.at("spec", "install", "disableHooks")
    is_hook = bool(hook_names(resource.annotations.get(HELM_HOOK, "")))
    is_left_out = disabled.value is True and is_hook and limits_others(resource.group_kind)
    return Handling("unmanaged", disabled) if is_left_out else None


def _is_definition(resource: Resource, declared: Declared) -> bool:
    """Whether an object lies in the `crds` of the chart that declares it, or of one within.

    https://helm.sh/docs/chart_best_practices/custom_resource_definitions/
    """
    chart = f"{declared.path}/" if declared.path else ""
    path = resource.source.path
    if declared.release is None or declared.chart is not None or not path.startswith(chart):
        return False
    parts = path.removeprefix(chart).split("/")
    while parts[0] == "charts" and len(parts) > 2:
        parts = parts[2:]
    return parts[0] == "crds"
