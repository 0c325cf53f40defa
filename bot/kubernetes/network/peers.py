"""The pods and addresses that a peer of a policy stands for in a state."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from bot.kubernetes.absence import is_seen
from bot.kubernetes.addresses import Addresses
from bot.kubernetes.network.connection_ends import Anywhere, ConnectionEnd
from bot.kubernetes.network.traffic import Peer, PodPeer, TrafficPolicy
from bot.kubernetes.network.verdict import Network
from bot.kubernetes.selectors import Selector
from bot.kubernetes.workloads.population import NAME_LABEL

ANY_POD: Final = Anywhere("", (), ((NAME_LABEL, ""),))
"""Any pod of the cluster: one without labels, in a namespace of which nothing is known."""


def peer_ends(network: Network, policy: TrafficPolicy, peer: Peer) -> Iterator[ConnectionEnd]:
    """The pods that a peer selects: those of manifests, else those that its selector describes."""
    if not isinstance(peer, PodPeer) or peer.pods.invalid is not None:
        return
    spaces = tuple(network.policies.spaces(policy, peer))
    if peer.pods.everything:
        if peer.namespaces is not None and peer.namespaces.everything:
            yield ANY_POD
        elif spaces:
            yield from map(Anywhere, spaces)
        elif peer.namespaces is not None:
            yield Anywhere("", (), least_labels(peer.namespaces))
        return
    shown = network.policies.peers(policy, peer).all
    yield from shown
    if not shown and not any(is_seen(network.state, space) for space in spaces):
        where = None if peer.namespaces is None else least_labels(peer.namespaces)
        namespace = (
            policy.resource.namespace or "" if where is None else dict(where).get(NAME_LABEL, "")
        )
        yield Anywhere(namespace, least_labels(peer.pods), where)


def least_labels(selector: Selector) -> tuple[tuple[str, str], ...]:
    """The smallest set of labels that meets a selector."""
    return tuple(
        (requirement.key, requirement.values[0] if requirement.values else "")
        for requirement in selector.requirements
        if requirement.operator in {"In", "Exists"}
    )


def selects_by_exclusion(peer: Peer) -> bool:
    """Whether a peer is selected by labels that it must not have."""
    if not isinstance(peer, PodPeer):
        return False
    requirements = (
        *peer.pods.requirements,
        *(peer.namespaces.requirements if peer.namespaces else ()),
    )
    return any(requirement.operator in {"NotIn", "DoesNotExist"} for requirement in requirements)


@lru_cache(maxsize=256)  # the pods of a namespace mostly have the same policies
def address_pieces(addresses: Addresses, blocks: tuple[Addresses, ...]) -> tuple[Addresses, ...]:
    """The addresses, cut into pieces of which each lies inside or outside each of the blocks."""
    pieces = [addresses] if addresses else []
    for block in blocks:
        cut = [part for piece in pieces for part in (piece & block, piece - block)]
        pieces = [part for part in cut if part]
    return tuple(pieces)
