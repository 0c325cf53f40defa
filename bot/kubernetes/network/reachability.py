"""The connections that a change newly makes possible, each with the field that causes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from bot.core.resource import Node, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.addresses import EVERYWHERE, Addresses
from bot.kubernetes.causes import ChangedPosition, changed_place, lost_place
from bot.kubernetes.network.difference import NetworkDiff, difference
from bot.kubernetes.network.peers import ANY_POD, address_pieces, peer_ends
from bot.kubernetes.network.relabelling import joined
from bot.kubernetes.network.traffic import (
    DIRECTIONS,
    BlockPeer,
    Direction,
    Peer,
    PodPeer,
    TrafficPolicy,
    TrafficRule,
)
from bot.kubernetes.network.verdict import Anywhere, ConnectionEnd
from bot.kubernetes.ports import EVERY_PORT, Ports
from bot.kubernetes.workloads.population import PodGroup


@dataclass(frozen=True, slots=True)
class Widening:
    """Ports of `target` that `source` can newly reach, and the field that causes it.

    `direction` is the direction of the policies that changed. `lost` means that no policy isolates
    their pods in it any more.
    """

    source: ConnectionEnd
    target: ConnectionEnd
    direction: Direction
    ports: Ports
    cause: ChangedPosition
    lost: bool = False


_Name: TypeAlias = ConnectionEnd | tuple[ResourceKey, int]


def widenings(before: State, after: State) -> Iterator[Widening]:
    """What is newly possible between two states; each connection once for each port."""
    reported: dict[tuple[_Name, _Name], Ports] = {}
    for widening in _raw(difference(before, after)):
        ends = (_name(widening.source), _name(widening.target))
        earlier = reported.get(ends, Ports())
        ports = widening.ports - earlier
        if ports:
            reported[ends] = earlier | ports
            yield replace(widening, ports=ports)


def _name(end: ConnectionEnd) -> _Name:
    return end.key if isinstance(end, PodGroup) else end


def _raw(between: NetworkDiff) -> Iterator[Widening]:
    for direction in DIRECTIONS:
        for old, pods in between.affected:
            if not old.host_network and not pods.host_network:
                yield from _Side(between, old, pods, direction).widenings()
        for unseen in between.unseen:
            yield from _Side(between, unseen, unseen, direction).widenings()
    for pods, direction, other, cause in joined(between):
        yield from _End(between, pods, direction).connections(other, cause, EVERY_PORT)


@dataclass(frozen=True, slots=True)
class _End:
    """Some pods and a direction: one end of connections that may be new.

    `exceptions`: look at every pod of the cluster where an arbitrary pod does not gain the same.
    """

    between: NetworkDiff
    pods: PodGroup | Anywhere
    direction: Direction
    exceptions: bool = False

    def connections(
        self, other: ConnectionEnd, cause: ChangedPosition, within: Ports
    ) -> Iterator[Widening]:
        """The new connections with another end on the ports `within`.

        Where an arbitrary pod of a namespace does not gain all of them, each of its pods is looked
        at: some may gain what the others do not.
        """
        own_name = _name(self.pods)
        if _name(other) == own_name:
            return
        ports = self._new(other) & within
        if ports:
            yield self.widening(other, ports, cause)
        rest = within - ports
        for pods in self._members(other) if rest else ():
            more = self._new(pods) & rest
            if more and pods.key != own_name:
                yield self.widening(pods, more, cause)

    def _members(self, other: ConnectionEnd) -> Iterator[PodGroup]:
        """The pods that an arbitrary pod of a namespace, or of the cluster, stands for."""
        if not isinstance(other, Anywhere) or other.labels:
            return
        population = self.between.after.population
        if other.namespace_labels is None:
            yield from population.in_namespace(other.namespace)
        elif other == ANY_POD and self.exceptions:
            for space in population.namespaces:
                yield from population.in_namespace(space)

    def _ends(self, other: ConnectionEnd) -> tuple[ConnectionEnd, ConnectionEnd]:
        """The source and the target of a connection."""
        return (other, self.pods) if self.direction == "ingress" else (self.pods, other)

    def _new(self, other: ConnectionEnd) -> Ports:
        return self.between.new_ports(*self._ends(other))

    def widening(self, other: ConnectionEnd, ports: Ports, cause: ChangedPosition) -> Widening:
        return Widening(*self._ends(other), self.direction, ports, cause)


@dataclass(frozen=True)
class _Side:
    """One direction of the traffic of some pods: `old` at base, `pods` at head."""

    between: NetworkDiff
    old: PodGroup | Anywhere
    pods: PodGroup | Anywhere
    direction: Direction

    def widenings(self) -> Iterator[Widening]:
        """The connections that the policies newly allow, each with the rule that allows it."""
        if self._lost:
            cause = self._lost_cause()
            for other in self._anyone:
                for widening in self._with(other, cause):
                    yield replace(widening, lost=True)
            return
        before = tuple(self._rules(self.between.before.of(self.old)))
        after = tuple(self._rules(self.between.after.of(self.pods)))
        at_base = {rule.identity for _, rule in before}
        live = {rule.identity for _, rule in after}
        for policy, rule in after:
            if rule.action != "deny" and rule.identity not in at_base:
                yield from self._by(policy, rule, tuple(self._places(policy, rule)))
        for policy, rule in before:
            if rule.action != "allow" and rule.identity not in live:
                yield from self._by(policy, rule, (rule.node, policy.subject.node))

    @property
    def _lost(self) -> bool:
        before = self.between.before.isolated(self.old, self.direction)
        return before and not self.between.after.isolated(self.pods, self.direction)

    def _rules(
        self, policies: Iterable[TrafficPolicy]
    ) -> Iterator[tuple[TrafficPolicy, TrafficRule]]:
        return ((policy, rule) for policy in policies for rule in policy.of(self.direction))

    @cached_property
    def _blocks(self) -> tuple[Addresses, ...]:
        """The sets of addresses that the rules of both sides distinguish."""
        deciding = (*self.between.before.of(self.old), *self.between.after.of(self.pods))
        address_sets = (rule.addresses for _, rule in self._rules(deciding))
        return tuple(dict.fromkeys(addresses for addresses in address_sets if addresses))

    @property
    def _anyone(self) -> tuple[ConnectionEnd, ...]:
        return (ANY_POD, *address_pieces(EVERYWHERE, self._blocks))

    def _by(
        self, policy: TrafficPolicy, rule: TrafficRule, places: tuple[Node, ...]
    ) -> Iterator[Widening]:
        """The connections that a rule of head newly allows, or a rule of base no longer denies."""
        if rule.peers is None:
            cause = self._cause(places)
            for other in self._anyone:
                yield from self._through(rule, other, cause)
        for peer in rule.peers or ():
            if isinstance(peer, PodPeer):
                cause = self._cause((peer.node, *places))
                for other in peer_ends(self.between.after, policy, peer):
                    yield from self._through(rule, other, cause)
        if rule.peers is not None:
            yield from self._from_blocks(rule, places)

    def _from_blocks(self, rule: TrafficRule, places: tuple[Node, ...]) -> Iterator[Widening]:
        """The new connections from address blocks, each with the peer that names the block."""
        blocks = [peer for peer in rule.peers or () if isinstance(peer, BlockPeer)]
        gained = [
            (piece, widening.ports)
            for piece in address_pieces(rule.addresses, self._blocks)
            for widening in self._through(rule, piece, ChangedPosition(rule.node))
        ]
        for peer in blocks if gained else ():
            cause: ChangedPosition | None = None
            for piece, ports in gained:
                overlap = peer.addresses & piece
                if overlap:
                    cause = cause or self._cause((peer.node, *places))
                    end = _End(self.between, self.pods, self.direction)
                    yield end.widening(overlap, ports, cause)

    def _through(
        self, rule: TrafficRule, other: ConnectionEnd, cause: ChangedPosition
    ) -> Iterator[Widening]:
        """The new connections with another end on the ports of a rule."""
        receiver = self.pods if self.direction == "ingress" else other
        ports = rule.on(receiver if isinstance(receiver, PodGroup) else None)
        if not isinstance(receiver, Anywhere) or not any(term.name for term in rule.ports or ()):
            yield from self._with(other, cause, ports)
            return
        # What a name means there depends on the pod.
        end = _End(self.between, self.pods, self.direction, exceptions=True)
        yield from end.connections(other, cause, EVERY_PORT)

    def _with(
        self, other: ConnectionEnd, cause: ChangedPosition, within: Ports = EVERY_PORT
    ) -> Iterator[Widening]:
        end = _End(self.between, self.pods, self.direction, self._exceptions)
        yield from end.connections(other, cause, within)

    @cached_property
    def _exceptions(self) -> bool:
        """Whether base admitted pods by labels that they must not have, or had denying rules."""
        return any(
            rule.action != "allow" or any(map(_excepts, rule.peers or ()))
            for _, rule in self._rules(self.between.before.of(self.old))
        )

    def _cause(self, places: tuple[Node, ...]) -> ChangedPosition:
        return (
            changed_place(self.between.before.state, places)
            or lost_place(self.between.after.state, places)
            or ChangedPosition(places[0])
        )

    def _places(self, policy: TrafficPolicy, rule: TrafficRule) -> Iterator[Node]:
        """The fields that may make a rule allow more."""
        for term in rule.ports or ():
            yield term.node
        for field in ("from", "to", "ports", "toPorts"):
            yield rule.node[field]
        yield rule.node
        yield policy.subject.node
        yield from self._labels

    @property
    def _labels(self) -> tuple[Node, ...]:
        """The field of the pods' labels, where a manifest shows them."""
        if isinstance(self.pods, Anywhere):
            return ()
        return (self.pods.template.node.at("metadata", "labels"),)

    def _lost_cause(self) -> ChangedPosition:
        """The field whose change leaves these pods without any isolating policy."""
        after = self.between.after.state
        for policy in self._isolating:
            spec = policy.resource.at("spec")
            place = lost_place(
                after, (policy.subject.node, spec["policyTypes"], spec[self.direction])
            )
            if place is not None:
                return place
        namespace_labels = (
            namespace.at("metadata", "labels")
            for namespace in after.of(kinds.NAMESPACE)
            if namespace.name == self.pods.namespace
        )
        places = (
            *self._labels,
            *namespace_labels,
            *(policy.subject.node for policy in self._isolating),
        )
        return changed_place(self.between.before.state, places) or ChangedPosition(places[0])

    @property
    def _isolating(self) -> Iterator[TrafficPolicy]:
        """The policies that isolated the pods at base."""
        for policy in self.between.before.of(self.old):
            if self.direction in policy.isolates:
                yield policy


def _excepts(peer: Peer) -> bool:
    """Whether a peer is selected by labels that it must not have."""
    if not isinstance(peer, PodPeer):
        return False
    requirements = (
        *peer.pods.requirements,
        *(peer.namespaces.requirements if peer.namespaces else ()),
    )
    return any(requirement.operator in {"NotIn", "DoesNotExist"} for requirement in requirements)
