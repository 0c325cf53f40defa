"""The network policies and Services that a change touches, found without modelling the others.

What a policy lets through depends on its own resource, on the pods that it and its peers select, on
the Services of those pods, and on the labels of namespaces. A policy of which none of that differs
is the same on both sides of a change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from bot.core.resource import Resource, ResourceKey
from bot.core.state import State, changes
from bot.kubernetes import kinds
from bot.kubernetes.checks import ChangeReach
from bot.kubernetes.network.outline import Receiver, receivers_of, subject_of
from bot.kubernetes.network.state_policies import POLICY_KINDS, policies
from bot.kubernetes.network.traffic import PodPeer, TrafficPolicy
from bot.kubernetes.services.touched import pods_behind_changed, selects_any
from bot.kubernetes.workloads.population import NAME_LABEL, PodGroup, population
from bot.kubernetes.workloads.touched import TouchedPods, changed_pods

_EGRESS: Final = b'"egress"'
"""The only field by which a NetworkPolicy decides about the ports of pods elsewhere."""


def touched_policies(state: State, reach: ChangeReach) -> Iterator[TrafficPolicy]:
    """Yield the policies of one side, refused ones too, of which anything may differ."""
    for resource in _touched_resources(state, reach):
        yield from policies(state).of(resource)


def _touched_resources(state: State, reach: ChangeReach) -> tuple[Resource, ...]:
    if reach.sides is None:
        return state.of(*POLICY_KINDS)
    before, after = reach.sides
    return state.among(after.against(before, _touched_keys), *POLICY_KINDS)


def is_touched(resource: Resource, reach: ChangeReach) -> bool:
    """Whether anything may differ of what a policy decides."""
    if reach.sides is None:
        return True
    before, after = reach.sides
    return resource.key in after.against(before, _touched_keys)


def _touched_keys(before: State, after: State) -> frozenset[ResourceKey]:
    """The keys of the policies that differ, or that decide about touched pods."""
    pods = _touched(before, after)
    changed = frozenset(change.key for change in changes(before, after, *POLICY_KINDS))
    return changed.union(
        resource.key
        for resource in after.of(*POLICY_KINDS)
        if resource.key not in changed
        if _may_select(resource, pods)
        if any(_selects_any(policy, (before, after)) for policy in policies(after).of(resource))
    )


def touched_network_services(state: State, reach: ChangeReach) -> Iterator[Resource]:
    """Yield the Services of one side that differ, or of which a pod or a policy of a pod does.

    A policy of the whole cluster touches pods in namespaces in which nothing else changes.
    """
    if reach.sides is None:
        yield from reach.resources(state, kinds.SERVICE)
        return
    pods = _touched(*reach.sides)
    for service in state.within(reach.namespaces.union(pods.groups), kinds.SERVICE):
        if reach.changes(service) or selects_any(service, pods):
            yield service


def touched_pods(state: State, namespace: str, reach: ChangeReach) -> tuple[PodGroup, ...]:
    """The pods of a namespace on one side of which anything may differ, in their order."""
    if reach.sides is None:
        return population(state).in_namespace(namespace)
    keys = {group.key for group in _touched(*reach.sides).groups.get(namespace, ())}
    pods = population(state).in_namespace(namespace) if keys else ()
    return tuple(group for group in pods if group.key in keys)


def _touched(before: State, after: State) -> TouchedPods:
    """The pods of base and head that differ, or of which a Service, policy or namespace does."""
    return after.against(before, _touched_pods)


def _touched_pods(before: State, after: State) -> TouchedPods:
    return TouchedPods.of(
        (
            *changed_pods(before, after).all,
            *pods_behind_changed(before, after),
            *_in_changed_namespaces(before, after),
            *_under_changed_policies(before, after),
        )
    )


def _in_changed_namespaces(before: State, after: State) -> Iterator[PodGroup]:
    for change in changes(before, after, kinds.NAMESPACE):
        for state in (before, after):
            yield from population(state).in_namespace(change.key.name)


def _under_changed_policies(before: State, after: State) -> Iterator[PodGroup]:
    for change in changes(before, after, *POLICY_KINDS):
        for state, resource in ((before, change.before), (after, change.after)):
            for policy in policies(state).of(resource) if resource is not None else ():
                yield from policies(state).subjects(policy).all


def _selects_any(policy: TrafficPolicy, sides: tuple[State, State]) -> bool:
    """Whether any touched pod is the policy's subject, or receives what its rules let out."""
    receivers = (
        peer
        for rule in policy.of("egress")
        for peer in rule.peers or ()
        if isinstance(peer, PodPeer)
    )
    return any(_peer_selects(policy, peer, sides) for peer in (policy.subject, *receivers))


def _peer_selects(policy: TrafficPolicy, peer: PodPeer, sides: tuple[State, State]) -> bool:
    pods = _touched(*sides)
    if peer.namespaces is None:
        return pods.has(policy.resource.namespace or "", peer.pods)
    return any(
        population(state).in_scope(space, peer.namespaces) and pods.has(space, peer.pods)
        for space in pods.groups
        for state in sides
    )


def _may_select(resource: Resource, pods: TouchedPods) -> bool:
    """Whether a policy may select any of these pods, by the equalities of its selectors alone."""
    if not _is_near(resource, pods):
        return False
    subject = subject_of(resource)
    receivers = receivers_of(resource)
    if subject is None or receivers is None:
        return True
    space = resource.namespace or ""
    if pods.may_have(space, subject):
        return True
    return any(
        pods.may_have(reached, receiver.labels)
        for receiver in receivers
        for reached in _in_reach(receiver, space, pods)
    )


def _is_near(resource: Resource, pods: TouchedPods) -> bool:
    """Whether a policy is in the namespace of a touched pod, or may speak of other namespaces."""
    plain = resource.group_kind == kinds.NETWORK_POLICY
    return not plain or resource.namespace in pods.groups or _EGRESS in resource.encoded


def _in_reach(receiver: Receiver, space: str, pods: TouchedPods) -> Iterable[str]:
    """The namespaces of touched pods that a peer may reach."""
    if receiver.namespace_labels is None:
        return (space,)
    name = receiver.namespace_labels.get(NAME_LABEL)
    return pods.groups if name is None else (name,)
