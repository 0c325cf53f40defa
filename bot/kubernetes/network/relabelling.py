"""Pods and namespaces that a policy's peers newly select, or no longer select, by their labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from bot.core.resource import Node
from bot.kubernetes import kinds
from bot.kubernetes.causes import ChangedPosition, changed_place
from bot.kubernetes.network.connection_ends import Anywhere, ConnectionEnd
from bot.kubernetes.network.difference import NetworkDiff
from bot.kubernetes.network.traffic import Direction, PodPeer, TrafficPolicy, TrafficRule
from bot.kubernetes.network.verdict import Network
from bot.kubernetes.workloads.population import PodGroup
from bot.records import dataclass

Joined: TypeAlias = tuple[PodGroup, Direction, ConnectionEnd, ChangedPosition]
"""A policy's pods, the direction of its rule, and who newly is its peer because of what."""


@dataclass(frozen=True, slots=True)
class _PeerClause:
    policy: TrafficPolicy
    rule: TrafficRule
    peer: PodPeer


class _Peers:
    """The peers of a network, indexed by a required label, so that few are tested for each pod."""

    def __init__(self, network: Network) -> None:
        self.wide: list[_PeerClause] = []
        self._by_label: dict[tuple[str, str], list[_PeerClause]] = {}
        self._rest: list[_PeerClause] = []
        for clause in _peer_clauses(network):
            if clause.peer.namespaces is not None:
                self.wide.append(clause)
            labels = clause.peer.pods.equalities
            if labels:
                self._by_label.setdefault(labels[0], []).append(clause)
            elif not clause.peer.pods.everything:
                self._rest.append(clause)

    def about(self, *pods: PodGroup) -> Iterator[_PeerClause]:
        """The peers that may select pods with the labels of one of these groups."""
        yield from self._rest
        for label in dict.fromkeys(label for group in pods for label in group.labels.items()):
            yield from self._by_label.get(label, ())


def _peer_clauses(network: Network) -> Iterator[_PeerClause]:
    for policy in network.valid:
        for rule in policy.rules:
            for peer in rule.peers or ():
                if isinstance(peer, PodPeer):
                    yield _PeerClause(policy, rule, peer)


def joined(between: NetworkDiff) -> Iterator[Joined]:
    """The pods that peers of head newly select, or that denying peers no longer select."""
    if not between.relabelled and not between.namespaces:
        return
    peers = _Peers(between.after)
    for pods in between.relabelled:
        old = between.before.population.get(pods)
        labels = pods.template.node.at("metadata", "labels")
        for clause in peers.about(pods, *(() if old is None else (old,))):
            yield from _moved(between, clause, pods, labels)
    for namespace in between.after.state.of(kinds.NAMESPACE):
        if namespace.name in between.namespaces:
            for clause in peers.wide:
                for member in _members(between, namespace.name, clause.peer):
                    yield from _moved(between, clause, member, namespace.at("metadata", "labels"))


def _members(between: NetworkDiff, namespace: str, peer: PodPeer) -> Iterable[ConnectionEnd]:
    if peer.pods.everything:
        return (Anywhere(namespace),)
    return between.after.population.select(namespace, peer.pods).pods


def _moved(
    between: NetworkDiff, clause: _PeerClause, member: ConnectionEnd, labels: Node
) -> Iterator[Joined]:
    old = between.at_base(member)
    if old is None:
        return
    is_peer = between.after.is_peer(clause.policy, clause.peer, member)
    if is_peer == between.before.is_peer(clause.policy, clause.peer, old):
        return
    cause = changed_place(
        between.before.state, _required_labels(labels, clause.peer)
    ) or ChangedPosition(labels)
    for space in between.after.policies.spaces(clause.policy, clause.policy.subject):
        for pods in between.after.population.select(space, clause.policy.subject.pods).pods:
            if between.before.population.get(pods) is not None:
                yield pods, clause.rule.direction, member, cause


def _required_labels(labels: Node, peer: PodPeer) -> Iterator[Node]:
    """The fields of the labels that a selector requires, then the field of all labels."""
    requirements = (
        *peer.pods.requirements,
        *(peer.namespaces.requirements if peer.namespaces else ()),
    )
    for requirement in requirements:
        yield labels[requirement.key]
    yield labels
