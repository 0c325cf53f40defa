"""Pods and namespaces that came under a policy's peers, or left them, by their own labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from bot.core.resource import Node
from bot.kubernetes import kinds
from bot.kubernetes.causes import ChangedPosition, changed_place
from bot.kubernetes.network.difference import NetworkDiff
from bot.kubernetes.network.traffic import Direction, PodPeer, TrafficPolicy, TrafficRule
from bot.kubernetes.network.verdict import Anywhere, ConnectionEnd, Network
from bot.kubernetes.workloads.population import PodGroup

Joined: TypeAlias = tuple[PodGroup, Direction, ConnectionEnd, ChangedPosition]
"""A policy's pods, the direction of its rule, and who newly is its peer because of what."""


@dataclass(frozen=True, slots=True)
class _Asked:
    policy: TrafficPolicy
    rule: TrafficRule
    peer: PodPeer


class _Peers:
    """The peers of a network by a label that they ask for, so that few are asked about each pod."""

    def __init__(self, held: Network) -> None:
        self.wide: list[_Asked] = []
        self._by_label: dict[tuple[str, str], list[_Asked]] = {}
        self._rest: list[_Asked] = []
        for asked in _asked(held):
            if asked.peer.namespaces is not None:
                self.wide.append(asked)
            labels = asked.peer.pods.equalities
            if labels:
                self._by_label.setdefault(labels[0], []).append(asked)
            elif not asked.peer.pods.everything:
                self._rest.append(asked)

    def about(self, *pods: PodGroup) -> Iterator[_Asked]:
        """Those that can be about pods with the labels of one of these."""
        yield from self._rest
        for label in dict.fromkeys(label for held in pods for label in held.labels.items()):
            yield from self._by_label.get(label, ())


def _asked(held: Network) -> Iterator[_Asked]:
    for policy in held.valid:
        for rule in policy.rules:
            for peer in rule.peers or ():
                if isinstance(peer, PodPeer):
                    yield _Asked(policy, rule, peer)


def joined(between: NetworkDiff) -> Iterator[Joined]:
    """Who came under the peers of the policies of head, or left those that deny."""
    if not between.relabelled and not between.namespaces:
        return
    peers = _Peers(between.after)
    for pods in between.relabelled:
        old = between.before.population.get(pods)
        labels = pods.template.node.at("metadata", "labels")
        for asked in peers.about(pods, *(() if old is None else (old,))):
            yield from _moved(between, asked, pods, labels)
    for held in between.after.state.of(kinds.NAMESPACE):
        if held.name in between.namespaces:
            for asked in peers.wide:
                for member in _members(between, held.name, asked.peer):
                    yield from _moved(between, asked, member, held.at("metadata", "labels"))


def _members(between: NetworkDiff, namespace: str, peer: PodPeer) -> Iterable[ConnectionEnd]:
    if peer.pods.everything:
        return (Anywhere(namespace),)
    return between.after.population.select(namespace, peer.pods).pods


def _moved(
    between: NetworkDiff, asked: _Asked, member: ConnectionEnd, labels: Node
) -> Iterator[Joined]:
    old = between.at_base(member)
    if old is None:
        return
    now = between.after.is_peer(asked.policy, asked.peer, member)
    if now == between.before.is_peer(asked.policy, asked.peer, old):
        return
    cause = changed_place(between.before.state, _asked_for(labels, asked.peer)) or ChangedPosition(
        labels
    )
    for space in between.after.policies.spaces(asked.policy, asked.policy.subject):
        for pods in between.after.population.select(space, asked.policy.subject.pods).pods:
            if between.before.population.get(pods) is not None:
                yield pods, asked.rule.direction, member, cause


def _asked_for(labels: Node, peer: PodPeer) -> Iterator[Node]:
    """The labels that a selector asks for, each by itself, then all of them."""
    held = (*peer.pods.requirements, *(peer.namespaces.requirements if peer.namespaces else ()))
    for requirement in held:
        yield labels[requirement.key]
    yield labels
