"""The networks of base and head, and what differs between them."""

from __future__ import annotations

from types import MappingProxyType

from bot.core.resource import ResourceKey
from bot.core.state import State, changes
from bot.kubernetes import kinds
from bot.kubernetes.absence import brings_pods, is_seen
from bot.kubernetes.network.connection_ends import Anywhere, ConnectionEnd
from bot.kubernetes.network.peers import least_labels
from bot.kubernetes.network.state_policies import POLICY_KINDS
from bot.kubernetes.network.traffic import TrafficPolicy
from bot.kubernetes.network.verdict import Network, network
from bot.kubernetes.ports import Ports
from bot.kubernetes.workloads.population import PodGroup
from bot.kubernetes.workloads.template_paths import TEMPLATED
from bot.records import cached_property, dataclass


@dataclass(frozen=True)
class NetworkDiff:
    """The networks of base and head; answers which policies, pods and ports differ."""

    before: Network
    after: Network

    @cached_property
    def policies(self) -> tuple[TrafficPolicy, ...]:
        """The policies of either side that the other side lacks or has in another version."""
        keys = {
            change.key for change in changes(self.before.state, self.after.state, *POLICY_KINDS)
        } - set(self.after.standing)
        return tuple(policy for side in (self.before, self.after) for policy in side.among(keys))

    @cached_property
    def relabelled(self) -> tuple[PodGroup, ...]:
        """The pods of head whose labels differ at base."""
        changed = changes(self.before.state, self.after.state, *TEMPLATED)
        touched = {change.key for change in changed if change.before and change.after}
        groups = (
            pods
            for space in sorted({key.namespace or "" for key in touched})
            for pods in self.after.population.in_namespace(space)
            if pods.template.owner.key in touched
        )
        return tuple(pods for pods in groups if self._relabelled(pods))

    def _relabelled(self, pods: PodGroup) -> bool:
        old = self.at_base(pods)
        return isinstance(old, PodGroup) and old.labels != pods.labels

    @cached_property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces that both sides describe with different labels."""
        changed = changes(self.before.state, self.after.state, kinds.NAMESPACE)
        names = (change.key.name for change in changed if change.before and change.after)
        return tuple(
            name
            for name in names
            if self.before.population.labels_of(name) != self.after.population.labels_of(name)
        )

    def at_base(self, end: ConnectionEnd) -> ConnectionEnd | None:
        """The same end of a connection at base; None where base does not have it."""
        if isinstance(end, PodGroup):
            return self.before.population.get(end)
        if isinstance(end, Anywhere) and end.namespace_labels is None:
            return end if end.namespace in self.before.state.namespaces else None
        return end

    def new_ports(self, source: ConnectionEnd, target: ConnectionEnd) -> Ports:
        """The ports of `target` that `source` can newly reach, where base has both."""
        old_source, old_target = self.at_base(source), self.at_base(target)
        if old_source is None or old_target is None or _hosted(source, target):
            return Ports()
        ports = self.after.between(source, target)
        return ports - self.before.between(old_source, old_target) if ports else ports

    @cached_property
    def affected(self) -> tuple[tuple[PodGroup, PodGroup], ...]:
        """The pods, at base and at head, whose policies may differ."""
        population = self.after.population
        selected: dict[tuple[ResourceKey, int], PodGroup] = {}
        for policy in self.policies:
            for side in (self.before, self.after):
                for space in side.policies.spaces(policy, policy.subject):
                    for pods in side.population.select(space, policy.subject.pods).pods:
                        selected[pods.key] = pods
        for pods in (
            *self.relabelled,
            *(p for n in self.namespaces for p in population.in_namespace(n)),
        ):
            selected[pods.key] = pods
        pairs = (
            (self.before.population.get(pods), population.get(pods)) for pods in selected.values()
        )
        return tuple((old, new) for old, new in pairs if old is not None and new is not None)

    @cached_property
    def unseen(self) -> tuple[Anywhere, ...]:
        """The pods that changed policies select and that no manifest shows on either side.

        A namespace counts only where nothing that may have created such pods was removed. One with
        policies and no pods at all keeps its pods elsewhere, even if each root of it was read.
        """
        unseen: dict[Anywhere, None] = {}
        spaces = self.before.state.namespaces & self.after.state.namespaces
        gone = {
            change.key.namespace
            for change in changes(self.before.state, self.after.state)
            if change.after is None and brings_pods(change.key.group_kind)
        }
        for policy in self.policies:
            space, selector = policy.resource.namespace, policy.subject.pods
            namespaced = policy.subject.namespaces is None and selector.invalid is None
            if not namespaced or space is None or space not in spaces - gone:
                continue
            sides = (self.before.population, self.after.population)
            if any(population.select(space, selector).all for population in sides):
                continue
            without_pods = not any(population.in_namespace(space) for population in sides)
            if without_pods or not is_seen(self.after.state, space):
                unseen[Anywhere(space, least_labels(selector))] = None
        return tuple(unseen)


def _hosted(*ends: ConnectionEnd) -> bool:
    return any(isinstance(end, PodGroup) and end.host_network for end in ends)


def difference(before: State, after: State) -> NetworkDiff:
    """The networks of two states. A policy that the API refuses at head keeps base's version."""
    old, new = network(before), network(after)
    standing: dict[ResourceKey, tuple[TrafficPolicy, ...]] = {}
    for change in changes(before, after, *POLICY_KINDS):
        if change.before is None or change.after is None:
            continue
        if any(policy.refusals for policy in new.policies.of(change.after)):
            policies = old.policies.of(change.before)
            standing[change.key] = tuple(policy for policy in policies if not policy.refusals)
    if standing:
        new = Network(after, new.policies, new.population, MappingProxyType(standing))
    return NetworkDiff(old, new)
