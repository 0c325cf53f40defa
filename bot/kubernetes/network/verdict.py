"""Who may send to whom: the verdict of all policies on one connection, direction by direction.

A connection needs the egress of its source and the ingress of its target.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final, TypeAlias

from bot.core.globs import name_matches
from bot.core.resource import GroupKind, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes.addresses import Addresses
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

# Kinds that may let traffic through or stop it, and that are not modelled.
_UNMODELLED: Final = (
    GroupKind("projectcalico.org", "NetworkPolicy"),
    GroupKind("crd.projectcalico.org", "NetworkPolicy"),
    GroupKind("crd.antrea.io", "NetworkPolicy"),
    GroupKind("k8s.ovn.org", "EgressFirewall"),
    GroupKind("kuma.io", "MeshTrafficPermission"),
    GroupKind("policy.linkerd.io", "AuthorizationPolicy"),
    GroupKind("policy.linkerd.io", "Server"),
    GroupKind("policy.linkerd.io", "ServerAuthorization"),
    GroupKind("security.istio.io", "AuthorizationPolicy"),
    GroupKind("security.istio.io", "PeerAuthentication"),
)
_UNMODELLED_EVERYWHERE: Final = (
    GroupKind("projectcalico.org", "GlobalNetworkPolicy"),
    GroupKind("crd.projectcalico.org", "GlobalNetworkPolicy"),
    GroupKind("crd.antrea.io", "ClusterNetworkPolicy"),
)


@dataclass(frozen=True, slots=True)
class Anywhere:
    """Pods that no manifest describes, known by what is said of them.

    `namespace` may be one that no manifest describes either.
    """

    namespace: str
    labels: tuple[tuple[str, str], ...] = ()
    namespace_labels: tuple[tuple[str, str], ...] | None = None


ConnectionEnd: TypeAlias = PodGroup | Anywhere | Addresses
"""One end of a connection."""


@dataclass(frozen=True)
class Network:
    """The policies of a state in force, and their verdicts.

    `standing` are the policies that count instead of those of their resource, where the API keeps
    an older version because it refuses the newer one.
    """

    state: State
    policies: Policies
    population: Population
    standing: Mapping[ResourceKey, tuple[TrafficPolicy, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    _selected: dict[str, Mapping[tuple[ResourceKey, int], tuple[TrafficPolicy, ...]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _found: dict[Anywhere, tuple[TrafficPolicy, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def of(self, party: ConnectionEnd) -> tuple[TrafficPolicy, ...]:
        """The policies that decide the traffic of a party, the administrators' in their order."""
        if isinstance(party, Addresses):
            return ()
        if isinstance(party, Anywhere):
            if party not in self._found:
                self._found[party] = tuple(
                    held for held in self._in(party.namespace) if self.selects(held, party)
                )
            return self._found[party]
        if party.host_network:
            return ()
        space = party.namespace
        if space not in self._selected:
            self._selected[space] = self._select(space)
        return self._selected[space].get(party.key, ())

    def _select(self, space: str) -> Mapping[tuple[ResourceKey, int], tuple[TrafficPolicy, ...]]:
        found: dict[tuple[ResourceKey, int], list[TrafficPolicy]] = {}
        for policy in self._in(space):
            for pods in self.population.select(space, policy.subject.pods).pods:
                found.setdefault(pods.key, []).append(policy)
        return MappingProxyType({key: tuple(held) for key, held in found.items()})

    def _in(self, space: str) -> tuple[TrafficPolicy, ...]:
        """The policies that have subjects in a namespace, as far as its labels tell."""
        wide = tuple(
            policy
            for policy, namespaces in self._wide
            if self.population.in_scope(space, namespaces)
        )
        return (*self._by_namespace.get(space, ()), *wide)

    @cached_property
    def valid(self) -> tuple[TrafficPolicy, ...]:
        """The policies in force, the administrators' in the order in which they are asked."""
        held = [
            policy for policy in self.policies.valid if policy.resource.key not in self.standing
        ]
        held += [policy for kept in self.standing.values() for policy in kept]
        return tuple(sorted(held, key=lambda policy: (policy.tier, policy.priority)))

    @cached_property
    def _wide(self) -> tuple[tuple[TrafficPolicy, Selector], ...]:
        """The policies for several namespaces, with what selects those."""
        return tuple(
            (held, held.subject.namespaces)
            for held in self.valid
            if held.subject.namespaces is not None
        )

    @cached_property
    def _by_namespace(self) -> Mapping[str, tuple[TrafficPolicy, ...]]:
        found: dict[str, list[TrafficPolicy]] = {}
        for policy in self.valid:
            if policy.resource.namespace is not None and policy.subject.namespaces is None:
                found.setdefault(policy.resource.namespace, []).append(policy)
        return MappingProxyType({space: tuple(held) for space, held in found.items()})

    def selects(self, policy: TrafficPolicy, party: ConnectionEnd) -> bool:
        """Whether a policy decides the traffic of a party."""
        return self.is_peer(policy, policy.subject, party)

    def is_peer(self, policy: TrafficPolicy, peer: Peer, party: ConnectionEnd) -> bool:
        """Whether a party is what a peer of this policy means, as far as manifests tell."""
        if not isinstance(peer, PodPeer) or isinstance(party, Addresses):
            return False
        if isinstance(party, PodGroup) and party.host_network:
            return False
        if peer.namespaces is None:
            here = party.namespace == policy.resource.namespace
        elif isinstance(party, Anywhere) and party.namespace_labels is not None:
            here = peer.namespaces.matches(dict(party.namespace_labels))
        else:
            here = bool(self.population.in_scope(party.namespace, peer.namespaces))
        if not here:
            return False
        labels = dict(party.labels) if isinstance(party, Anywhere) else party.labels
        return peer.pods.matches(labels)

    def meant(self, policy: TrafficPolicy, rule: TrafficRule, party: ConnectionEnd) -> bool:
        """Whether a rule is about traffic with this party."""
        if isinstance(party, Addresses):
            return rule.peers is None or party in rule.addresses
        return rule.peers is None or any(self.is_peer(policy, peer, party) for peer in rule.peers)

    def isolated(self, party: ConnectionEnd, direction: Direction) -> bool:
        """Whether only what a policy allows gets through in this direction."""
        if isinstance(party, Addresses) or (isinstance(party, PodGroup) and party.host_network):
            return False
        assumed = name_matches(party.namespace, self.state.policy.assume.default_deny)
        return assumed or any(direction in held.isolates for held in self.of(party))

    def ports(self, party: ConnectionEnd, direction: Direction, other: ConnectionEnd) -> Ports:
        """The ports on which the policies of `party` let traffic with `other` through.

        The administrators' rules come first, in their order, then those of the namespaces, which
        are final for isolated pods, then the baseline.
        """
        held = self.of(party)
        receiver = party if direction == "ingress" else other
        target = receiver if isinstance(receiver, PodGroup) else None
        open_, rest = Ports(), EVERY_PORT
        passed = Ports()
        for rule in self._rules(held, Tier.ADMIN, direction, other):
            told = rule.on(target) & rest
            rest = rest - told
            if rule.action == "allow":
                open_ |= told
            elif rule.action == "pass":
                passed |= told
        rest |= passed
        denied, allowed = Ports(), Ports()
        for rule in self._rules(held, Tier.ORDINARY, direction, other):
            if rule.action == "deny":
                denied |= rule.on(target)
            else:
                allowed |= rule.on(target)
        rest = rest - denied
        if self.isolated(party, direction):
            return open_ | (rest & allowed)
        for rule in self._rules(held, Tier.BASELINE, direction, other):
            told = rule.on(target) & rest
            rest = rest - told
            if rule.action == "allow":
                open_ |= told
        return open_ | rest

    def _rules(
        self,
        held: tuple[TrafficPolicy, ...],
        tier: Tier,
        direction: Direction,
        other: ConnectionEnd,
    ) -> list[TrafficRule]:
        return [
            rule
            for policy in held
            if policy.tier == tier
            for rule in policy.of(direction)
            if self.meant(policy, rule, other)
        ]

    def between(self, source: ConnectionEnd, target: ConnectionEnd) -> Ports:
        """The ports of `target` that `source` can reach."""
        return self.ports(source, "egress", target) & self.ports(target, "ingress", source)


def network(state: State) -> Network:
    """The network of a state."""
    return state.derived(_network)


def _network(state: State) -> Network:
    return Network(state, policies(state), population(state))


def unjudged(state: State, namespace: str) -> Resource | None:
    """A resource that may act on the traffic of this namespace and whose effect is not known."""
    held = (*state.of(*_UNMODELLED, namespace=namespace), *state.of(*_UNMODELLED_EVERYWHERE))
    return min(held, key=lambda found: found.key.sort_key, default=None)
