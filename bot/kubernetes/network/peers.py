"""Whom a peer of a policy means, seen from a state: pods, what runs somewhere, addresses."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from bot.kubernetes.absence import is_seen
from bot.kubernetes.addresses import Addresses
from bot.kubernetes.network.traffic import Peer, PodPeer, TrafficPolicy
from bot.kubernetes.network.verdict import Anywhere, ConnectionEnd, Network
from bot.kubernetes.selectors import Selector
from bot.kubernetes.workloads.population import NAME_LABEL

ANY_POD: Final = Anywhere("", (), ((NAME_LABEL, ""),))
"""Any pod of the cluster: one without labels, in a namespace of which nothing is known."""


def parties(held: Network, policy: TrafficPolicy, peer: Peer) -> Iterator[ConnectionEnd]:
    """The pods that a peer means: what a manifest shows, else what the selector describes."""
    if not isinstance(peer, PodPeer) or peer.pods.invalid is not None:
        return
    spaces = tuple(held.policies.spaces(policy, peer))
    if peer.pods.everything:
        if peer.namespaces is not None and peer.namespaces.everything:
            yield ANY_POD
        elif spaces:
            yield from map(Anywhere, spaces)
        elif peer.namespaces is not None:
            yield Anywhere("", (), least_labels(peer.namespaces))
        return
    shown = held.policies.peers(policy, peer).all
    yield from shown
    if not shown and not any(is_seen(held.state, space) for space in spaces):
        where = None if peer.namespaces is None else least_labels(peer.namespaces)
        own = policy.resource.namespace or "" if where is None else dict(where).get(NAME_LABEL, "")
        yield Anywhere(own, least_labels(peer.pods), where)


def least_labels(selector: Selector) -> tuple[tuple[str, str], ...]:
    """The fewest labels that meet a selector."""
    return tuple(
        (held.key, held.values[0] if held.values else "")
        for held in selector.requirements
        if held.operator in {"In", "Exists"}
    )


@lru_cache(maxsize=256)  # the pods of a namespace mostly have the same policies
def outside(held: Addresses, blocks: tuple[Addresses, ...]) -> tuple[Addresses, ...]:
    """The addresses, cut into pieces each of which lies within or without each of the blocks."""
    pieces = [held] if held else []
    for block in blocks:
        cut = [part for piece in pieces for part in (piece & block, piece - block)]
        pieces = [part for part in cut if part]
    return tuple(pieces)
