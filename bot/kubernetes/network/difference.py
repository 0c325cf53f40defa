"""Two networks, before and after a change, and what differs between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from bot.core.resource import ResourceKey
from bot.core.state import State, changes
from bot.kubernetes import kinds
from bot.kubernetes.absence import brings_pods, is_seen
from bot.kubernetes.network.peers import least_labels
from bot.kubernetes.network.state_policies import POLICY_KINDS
from bot.kubernetes.network.traffic import TrafficPolicy
from bot.kubernetes.network.verdict import Anywhere, ConnectionEnd, Network, network
from bot.kubernetes.ports import Ports
from bot.kubernetes.workloads.pods import TEMPLATED
from bot.kubernetes.workloads.population import PodGroup


@dataclass(frozen=True)
class NetworkDiff:
    """Two networks, and what lies between them."""

    before: Network
    after: Network

    @cached_property
    def policies(self) -> tuple[TrafficPolicy, ...]:
        """The policies of both sides that the other side has not, or has otherwise."""
        keys = {
            change.key for change in changes(self.before.state, self.after.state, *POLICY_KINDS)
        } - set(self.after.standing)
        return tuple(
            held
            for side in (self.before, self.after)
            for held in side.valid
            if held.resource.key in keys
        )

    @cached_property
    def relabelled(self) -> tuple[PodGroup, ...]:
        """The pods of head that base has with other labels."""
        found = changes(self.before.state, self.after.state, *TEMPLATED)
        touched = {change.key for change in found if change.before and change.after}
        pods = (
            held
            for space in sorted({key.namespace or "" for key in touched})
            for held in self.after.population.in_namespace(space)
            if held.template.owner.key in touched
        )
        return tuple(held for held in pods if self._relabelled(held))

    def _relabelled(self, pods: PodGroup) -> bool:
        old = self.at_base(pods)
        return isinstance(old, PodGroup) and old.labels != pods.labels

    @cached_property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces whose labels differ, of those that both sides describe."""
        found = changes(self.before.state, self.after.state, kinds.NAMESPACE)
        names = (change.key.name for change in found if change.before and change.after)
        return tuple(
            name
            for name in names
            if self.before.population.labels_of(name) != self.after.population.labels_of(name)
        )

    def at_base(self, party: ConnectionEnd) -> ConnectionEnd | None:
        """The same party at base; None where it was not there."""
        if isinstance(party, PodGroup):
            return self.before.population.get(party)
        if isinstance(party, Anywhere) and party.namespace_labels is None:
            return party if party.namespace in self.before.state.namespaces else None
        return party

    def new_ports(self, source: ConnectionEnd, target: ConnectionEnd) -> Ports:
        """The ports that `source` can newly reach on `target`, which were both there at base."""
        old_source, old_target = self.at_base(source), self.at_base(target)
        if old_source is None or old_target is None or _hosted(source, target):
            return Ports()
        found = self.after.between(source, target)
        return found - self.before.between(old_source, old_target) if found else found

    @cached_property
    def affected(self) -> tuple[tuple[PodGroup, PodGroup], ...]:
        """The pods, at base and at head, about which other policies may decide than before."""
        now = self.after.population
        found: dict[tuple[ResourceKey, int], PodGroup] = {}
        for policy in self.policies:
            for side in (self.before, self.after):
                for space in side.policies.spaces(policy, policy.subject):
                    for pods in side.population.select(space, policy.subject.pods).pods:
                        found[pods.key] = pods
        for pods in (*self.relabelled, *(p for n in self.namespaces for p in now.in_namespace(n))):
            found[pods.key] = pods
        pairs = ((self.before.population.get(pods), now.get(pods)) for pods in found.values())
        return tuple((old, new) for old, new in pairs if old is not None and new is not None)

    @cached_property
    def unseen(self) -> tuple[Anywhere, ...]:
        """The pods that changed policies select and no manifest shows, on neither side.

        None of a namespace where things that may have brought them went as well.
        """
        found: dict[Anywhere, None] = {}
        spaces = self.before.state.namespaces & self.after.state.namespaces
        gone = {
            change.key.namespace
            for change in changes(self.before.state, self.after.state)
            if change.after is None and brings_pods(change.key.group_kind)
        }
        for policy in self.policies:
            space, selector = policy.resource.namespace, policy.subject.pods
            own = policy.subject.namespaces is None and selector.invalid is None
            if not own or space is None or space not in spaces - gone:
                continue
            shown = any(
                side.population.select(space, selector).all for side in (self.before, self.after)
            )
            if not shown and not is_seen(self.after.state, space):
                found[Anywhere(space, least_labels(selector))] = None
        return tuple(found)


def _hosted(*ends: ConnectionEnd) -> bool:
    return any(isinstance(end, PodGroup) and end.host_network for end in ends)


def difference(before: State, after: State) -> NetworkDiff:
    """The networks of two states; a policy that the API refuses at head stands as it was."""
    old, new = network(before), network(after)
    standing: dict[ResourceKey, tuple[TrafficPolicy, ...]] = {}
    for change in changes(before, after, *POLICY_KINDS):
        if change.before is None or change.after is None:
            continue
        if any(held.refusals for held in new.policies.of(change.after)):
            held = old.policies.of(change.before)
            standing[change.key] = tuple(policy for policy in held if not policy.refusals)
    if standing:
        new = Network(after, new.policies, new.population, MappingProxyType(standing))
    return NetworkDiff(old, new)
