"""Which connections a change newly makes possible, and by which place of which manifest."""

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
from bot.kubernetes.network.peers import ANY_POD, outside, parties
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
    """Ports of `target` that `source` can newly reach, and the place that brought it about.

    `direction` is that of the policies that changed; `lost`: no policy isolates their pods there
    any more.
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
    told: dict[tuple[_Name, _Name], Ports] = {}
    for found in _raw(difference(before, after)):
        ends = (_name(found.source), _name(found.target))
        known = told.get(ends, Ports())
        ports = found.ports - known
        if ports:
            told[ends] = known | ports
            yield replace(found, ports=ports)


def _name(party: ConnectionEnd) -> _Name:
    return party.key if isinstance(party, PodGroup) else party


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
    """Some pods and a direction: one end of the connections that may be new.

    `exceptions` asks for all pods of the cluster one by one where not any pod gains the same.
    """

    between: NetworkDiff
    pods: PodGroup | Anywhere
    direction: Direction
    exceptions: bool = False

    def connections(
        self, other: ConnectionEnd, cause: ChangedPosition, within: Ports
    ) -> Iterator[Widening]:
        """What is new with another party on the ports `within`.

        Where whatever runs in a namespace does not gain all of them, its pods are looked at one by
        one: some may gain what the others do not.
        """
        own = _name(self.pods)
        if _name(other) == own:
            return
        found = self._new(other) & within
        if found:
            yield self.widening(other, found, cause)
        rest = within - found
        for pods in self._members(other) if rest else ():
            more = self._new(pods) & rest
            if more and pods.key != own:
                yield self.widening(pods, more, cause)

    def _members(self, other: ConnectionEnd) -> Iterator[PodGroup]:
        """The pods that stand for what runs in a namespace, or anywhere."""
        if not isinstance(other, Anywhere) or other.labels:
            return
        held = self.between.after.population
        if other.namespace_labels is None:
            yield from held.in_namespace(other.namespace)
        elif other == ANY_POD and self.exceptions:
            for space in held.namespaces:
                yield from held.in_namespace(space)

    def _ends(self, other: ConnectionEnd) -> tuple[ConnectionEnd, ConnectionEnd]:
        """Source and target."""
        return (other, self.pods) if self.direction == "ingress" else (self.pods, other)

    def _new(self, other: ConnectionEnd) -> Ports:
        return self.between.new_ports(*self._ends(other))

    def widening(self, other: ConnectionEnd, ports: Ports, cause: ChangedPosition) -> Widening:
        return Widening(*self._ends(other), self.direction, ports, cause)


@dataclass(frozen=True)
class _Side:
    """One direction of some pods, `old` at base and `pods` at head."""

    between: NetworkDiff
    old: PodGroup | Anywhere
    pods: PodGroup | Anywhere
    direction: Direction

    def widenings(self) -> Iterator[Widening]:
        """What their policies newly let through, by the rule that does."""
        if self._lost:
            cause = self._lost_cause()
            for other in self._anyone:
                for found in self._with(other, cause):
                    yield replace(found, lost=True)
            return
        before = tuple(self._rules(self.between.before.of(self.old)))
        after = tuple(self._rules(self.between.after.of(self.pods)))
        known = {rule.identity for _, rule in before}
        live = {rule.identity for _, rule in after}
        for policy, rule in after:
            if rule.action != "deny" and rule.identity not in known:
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
        """The sets of addresses that the rules of both sides tell apart."""
        held = (*self.between.before.of(self.old), *self.between.after.of(self.pods))
        found = (rule.addresses for _, rule in self._rules(held))
        return tuple(dict.fromkeys(addresses for addresses in found if addresses))

    @property
    def _anyone(self) -> tuple[ConnectionEnd, ...]:
        return (ANY_POD, *outside(EVERYWHERE, self._blocks))

    def _by(
        self, policy: TrafficPolicy, rule: TrafficRule, places: tuple[Node, ...]
    ) -> Iterator[Widening]:
        """The connections that a rule of head newly allows, or one of base no longer stops."""
        if rule.peers is None:
            cause = self._cause(places)
            for other in self._anyone:
                yield from self._through(rule, other, cause)
        for peer in rule.peers or ():
            if isinstance(peer, PodPeer):
                cause = self._cause((peer.node, *places))
                for other in parties(self.between.after, policy, peer):
                    yield from self._through(rule, other, cause)
        if rule.peers is not None:
            yield from self._from_blocks(rule, places)

    def _from_blocks(self, rule: TrafficRule, places: tuple[Node, ...]) -> Iterator[Widening]:
        """The same of addresses: first what is new of all of them, then which peer names it."""
        blocks = [peer for peer in rule.peers or () if isinstance(peer, BlockPeer)]
        gained = [
            (piece, found.ports)
            for piece in outside(rule.addresses, self._blocks)
            for found in self._through(rule, piece, ChangedPosition(rule.node))
        ]
        for peer in blocks if gained else ():
            cause: ChangedPosition | None = None
            for piece, ports in gained:
                own = peer.addresses & piece
                if own:
                    cause = cause or self._cause((peer.node, *places))
                    end = _End(self.between, self.pods, self.direction)
                    yield end.widening(own, ports, cause)

    def _through(
        self, rule: TrafficRule, other: ConnectionEnd, cause: ChangedPosition
    ) -> Iterator[Widening]:
        """The connections with a party on the ports of a rule."""
        receiver = self.pods if self.direction == "ingress" else other
        own = rule.on(receiver if isinstance(receiver, PodGroup) else None)
        if not isinstance(receiver, Anywhere) or not any(term.name for term in rule.ports or ()):
            yield from self._with(other, cause, own)
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
        """Whether base let through whoever does not have some label, or stopped some by a rule."""
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
        """The places that may make a rule let more through."""
        for term in rule.ports or ():
            yield term.node
        for field in ("from", "to", "ports", "toPorts"):
            yield rule.node[field]
        yield rule.node
        yield policy.subject.node
        yield from self._labels

    @property
    def _labels(self) -> tuple[Node, ...]:
        """The place of the pods' labels, where a manifest shows them."""
        if isinstance(self.pods, Anywhere):
            return ()
        return (self.pods.template.node.at("metadata", "labels"),)

    def _lost_cause(self) -> ChangedPosition:
        """The place that makes that no policy isolates these pods any more."""
        after = self.between.after.state
        for policy in self._isolating:
            spec = policy.resource.at("spec")
            found = lost_place(
                after, (policy.subject.node, spec["policyTypes"], spec[self.direction])
            )
            if found is not None:
                return found
        own = (
            held.at("metadata", "labels")
            for held in after.of(kinds.NAMESPACE)
            if held.name == self.pods.namespace
        )
        places = (*self._labels, *own, *(held.subject.node for held in self._isolating))
        return changed_place(self.between.before.state, places) or ChangedPosition(places[0])

    @property
    def _isolating(self) -> Iterator[TrafficPolicy]:
        """The policies that isolated the pods at base."""
        for policy in self.between.before.of(self.old):
            if self.direction in policy.isolates:
                yield policy


def _excepts(peer: Peer) -> bool:
    """Whether a peer is told by labels that it must not have."""
    if not isinstance(peer, PodPeer):
        return False
    held = (*peer.pods.requirements, *(peer.namespaces.requirements if peer.namespaces else ()))
    return any(found.operator in {"NotIn", "DoesNotExist"} for found in held)
