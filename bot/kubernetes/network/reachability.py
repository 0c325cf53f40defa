"""The connections that a change newly makes possible, each with the field that causes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.core.resource import Node
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.addresses import EVERYWHERE, Addresses
from bot.kubernetes.causes import ChangedPosition, changed_place, lost_place
from bot.kubernetes.network.connection_ends import Anywhere, ConnectionEnd
from bot.kubernetes.network.difference import NetworkDiff, difference
from bot.kubernetes.network.peers import ANY_POD, address_pieces, peer_ends, selects_by_exclusion
from bot.kubernetes.network.relabelling import joined
from bot.kubernetes.network.traffic import (
    DIRECTIONS,
    BlockPeer,
    Direction,
    PodPeer,
    TrafficPolicy,
    TrafficRule,
)
from bot.kubernetes.network.widening import EndName, Widening, WideningEnd, name_of
from bot.kubernetes.ports import EVERY_PORT, Ports
from bot.kubernetes.workloads.population import PodGroup
from bot.records import cached_property, dataclass


def widenings(before: State, after: State) -> Iterator[Widening]:
    """What is newly possible between two states; each connection once for each port."""
    reported: dict[tuple[EndName, EndName], Ports] = {}
    for widening in _raw(difference(before, after)):
        ends = (name_of(widening.source), name_of(widening.target))
        earlier = reported.get(ends, Ports())
        ports = widening.ports - earlier
        if ports:
            reported[ends] = earlier | ports
            yield replace(widening, ports=ports)


def _raw(between: NetworkDiff) -> Iterator[Widening]:
    for direction in DIRECTIONS:
        for old, pods in between.affected:
            if not old.host_network and not pods.host_network:
                yield from _Side(between, old, pods, direction).widenings()
        for unseen in between.unseen:
            yield from _Side(between, unseen, unseen, direction).widenings()
    for pods, direction, other, cause in joined(between):
        yield from WideningEnd(between, pods, direction).connections(other, cause, EVERY_PORT)


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
                    end = WideningEnd(self.between, self.pods, self.direction)
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
        end = WideningEnd(self.between, self.pods, self.direction, exceptions=True)
        yield from end.connections(other, cause, EVERY_PORT)

    def _with(
        self, other: ConnectionEnd, cause: ChangedPosition, within: Ports = EVERY_PORT
    ) -> Iterator[Widening]:
        end = WideningEnd(self.between, self.pods, self.direction, self._exceptions)
        yield from end.connections(other, cause, within)

    @cached_property
    def _exceptions(self) -> bool:
        """Whether base admitted pods by labels that they must not have, or had denying rules."""
        return any(
            rule.action != "allow" or any(map(selects_by_exclusion, rule.peers or ()))
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
            fields = ("policyTypes", self.direction, "enableDefaultDeny")
            place = lost_place(after, (policy.subject.node, *(spec[name] for name in fields)))
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
