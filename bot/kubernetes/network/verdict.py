"""Who may send to whom: the verdict of all policies on one connection, direction by direction.

A connection needs the egress of its source and the ingress of its target.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import field
from types import MappingProxyType

from bot.core.globs import name_matches
from bot.core.resource import ResourceKey
from bot.core.state import State
from bot.kubernetes.addresses import Addresses
from bot.kubernetes.network.connection_ends import Anywhere, ConnectionEnd
from bot.kubernetes.network.state_policies import Policies, policies
from bot.kubernetes.network.traffic import (
    Direction,
    Peer,
    PodPeer,
    Tier,
    TrafficPolicy,
    TrafficRule,
)
from bot.kubernetes.ports import EVERY_PORT, Ports
from bot.kubernetes.selectors import Selector
from bot.kubernetes.workloads.population import PodGroup, Population, population
from bot.records import cached_property, dataclass


@dataclass(frozen=True)
class Network:
    """The traffic policies in force in a state, and their verdicts.

    `standing` replaces the policies of a resource whose new version the API refuses: the API keeps
    the older version.
    """

    state: State
    policies: Policies
    population: Population
    standing: Mapping[ResourceKey, tuple[TrafficPolicy, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    _selected: dict[tuple[ResourceKey, int], tuple[TrafficPolicy, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _wide_in: dict[str, tuple[TrafficPolicy, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _by_end: dict[Anywhere, tuple[TrafficPolicy, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def of(self, end: ConnectionEnd) -> tuple[TrafficPolicy, ...]:
        """The policies that decide the traffic of this end, administrators' policies first."""
        if isinstance(end, Addresses):
            return ()
        if isinstance(end, Anywhere):
            if end not in self._by_end:
                near = self._near(end.namespace, dict(end.labels))
                self._by_end[end] = tuple(policy for policy in near if self.selects(policy, end))
            return self._by_end[end]
        if end.host_network:
            return ()
        if end.key not in self._selected:
            self._selected[end.key] = tuple(self._selecting(end))
        return self._selected[end.key]

    def _selecting(self, end: PodGroup) -> Iterator[TrafficPolicy]:
        pods = self.population.get(end)
        if pods is None:
            return
        for policy in self._near(pods.namespace, pods.labels):
            if pods.selected_by(policy.subject.pods):
                yield policy

    def _near(self, space: str, labels: Mapping[str, str]) -> Iterator[TrafficPolicy]:
        """Yield the policies that may select pods of a namespace which have these labels.

        Those of the namespace come first, then the wide ones as far as its labels are known.
        """
        for policy in self._in_force(self.policies.around(space, labels)):
            if policy.resource.namespace == space and policy.subject.namespaces is None:
                yield policy
        if space not in self._wide_in:
            self._wide_in[space] = tuple(
                policy
                for policy, namespaces in self._wide
                if self.population.in_scope(space, namespaces)
            )
        yield from self._wide_in[space]

    @cached_property
    def valid(self) -> tuple[TrafficPolicy, ...]:
        """The policies in force, in the order in which they are evaluated."""
        return self._in_force(self.policies.valid)

    def among(self, keys: Container[ResourceKey]) -> tuple[TrafficPolicy, ...]:
        """Those of `valid` whose resources have one of these keys."""
        in_force = self._in_force(self.policies.among(keys))
        return tuple(policy for policy in in_force if policy.resource.key in keys)

    def _in_force(self, accepted: Iterable[TrafficPolicy]) -> tuple[TrafficPolicy, ...]:
        """Accepted policies and every standing one, in the order in which they are evaluated."""
        in_force = [policy for policy in accepted if policy.resource.key not in self.standing]
        in_force += [policy for kept in self.standing.values() for policy in kept]
        return tuple(sorted(in_force, key=lambda policy: (policy.tier, policy.priority)))

    @cached_property
    def _wide(self) -> tuple[tuple[TrafficPolicy, Selector], ...]:
        """The policies that apply to several namespaces, with the selector of those namespaces."""
        return tuple(
            (policy, policy.subject.namespaces)
            for policy in self._in_force(self.policies.wide)
            if policy.subject.namespaces is not None
        )

    def selects(self, policy: TrafficPolicy, end: ConnectionEnd) -> bool:
        """Whether a policy decides the traffic of this end."""
        return self.is_peer(policy, policy.subject, end)

    def is_peer(self, policy: TrafficPolicy, peer: Peer, end: ConnectionEnd) -> bool:
        """Whether a peer of this policy selects this end, as far as manifests show."""
        if not isinstance(peer, PodPeer) or isinstance(end, Addresses):
            return False
        if isinstance(end, PodGroup) and end.host_network:
            return False
        if peer.namespaces is None:
            here = end.namespace == policy.resource.namespace
        elif isinstance(end, Anywhere) and end.namespace_labels is not None:
            here = peer.namespaces.matches(dict(end.namespace_labels))
        else:
            here = bool(self.population.in_scope(end.namespace, peer.namespaces))
        if not here:
            return False
        labels = dict(end.labels) if isinstance(end, Anywhere) else end.labels
        return peer.pods.matches(labels)

    def meant(self, policy: TrafficPolicy, rule: TrafficRule, end: ConnectionEnd) -> bool:
        """Whether a rule applies to traffic with this end."""
        if isinstance(end, Addresses):
            return rule.peers is None or end in rule.addresses
        return rule.peers is None or any(self.is_peer(policy, peer, end) for peer in rule.peers)

    def isolated(self, end: ConnectionEnd, direction: Direction) -> bool:
        """Whether only allowed traffic passes this end in this direction."""
        if isinstance(end, Addresses) or (isinstance(end, PodGroup) and end.host_network):
            return False
        assumed = name_matches(end.namespace, self.state.policy.assume.default_deny)
        return assumed or any(direction in policy.isolates for policy in self.of(end))

    def ports(self, end: ConnectionEnd, direction: Direction, other: ConnectionEnd) -> Ports:
        """The ports on which the policies of `end` let traffic with `other` through.

        Rules of administrators come first, in their order. Then come the rules of namespaces, which
        are final for isolated pods, then the baseline.
        """
        deciding = self.of(end)
        receiver = end if direction == "ingress" else other
        target = receiver if isinstance(receiver, PodGroup) else None
        open_, rest = Ports(), EVERY_PORT
        passed = Ports()
        for rule in self._rules(deciding, Tier.ADMIN, direction, other):
            decided = rule.on(target) & rest
            rest = rest - decided
            if rule.action == "allow":
                open_ |= decided
            elif rule.action == "pass":
                passed |= decided
        rest |= passed
        denied, allowed = Ports(), Ports()
        for rule in self._rules(deciding, Tier.ORDINARY, direction, other):
            if rule.action == "deny":
                denied |= rule.on(target)
            else:
                allowed |= rule.on(target)
        rest = rest - denied
        if self.isolated(end, direction):
            return open_ | (rest & allowed)
        for rule in self._rules(deciding, Tier.BASELINE, direction, other):
            decided = rule.on(target) & rest
            rest = rest - decided
            if rule.action == "allow":
                open_ |= decided
        return open_ | rest

    def _rules(
        self,
        deciding: tuple[TrafficPolicy, ...],
        tier: Tier,
        direction: Direction,
        other: ConnectionEnd,
    ) -> list[TrafficRule]:
        return [
            rule
            for policy in deciding
            if policy.tier == tier
            for rule in policy.of(direction)
            if self.meant(policy, rule, other)
        ]

    def between(self, source: ConnectionEnd, target: ConnectionEnd) -> Ports:
        """The ports of `target` that `source` can reach."""
        ports = self.ports(source, "egress", target)
        return ports & self.ports(target, "ingress", source) if ports else ports


def network(state: State) -> Network:
    """The network of a state, computed once."""
    return state.derived(_network)


def _network(state: State) -> Network:
    return Network(state, policies(state), population(state))
