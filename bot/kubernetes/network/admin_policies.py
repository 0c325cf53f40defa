"""The administrators' policies: AdminNetworkPolicy, its baseline, and ClusterNetworkPolicy.

https://network-policy-api.sigs.k8s.io/api-overview/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core.resource import Node, Resource
from bot.kubernetes import kinds
from bot.kubernetes.addresses import Addresses
from bot.kubernetes.network.traffic import (
    DIRECTIONS,
    Action,
    BlockPeer,
    Direction,
    Peer,
    PodPeer,
    PortTerm,
    Tier,
    TrafficPolicy,
    TrafficRule,
    UnjudgedPeer,
)
from bot.kubernetes.ports import PROTOCOLS, protocol_of
from bot.kubernetes.selectors import Selector, label_selector

_ACTIONS: Final[Mapping[str, Action]] = MappingProxyType(
    {"Allow": "allow", "Accept": "allow", "Deny": "deny", "Pass": "pass"}
)
_PEERS: Final[Mapping[Direction, str]] = MappingProxyType({"ingress": "from", "egress": "to"})
_NOTHING: Final = Selector(invalid="no pods are named")


def admin_policies(resource: Resource) -> Iterator[TrafficPolicy]:
    """The one policy that a policy of an administrator is. It isolates nobody by itself."""
    spec = resource.at("spec")
    rules = tuple(
        rule
        for direction in DIRECTIONS
        for node in spec[direction].items()
        for rule in _rule(node, direction)
    )
    subject = next(_pods(spec["subject"]), PodPeer(spec["subject"], Selector(), _NOTHING))
    yield TrafficPolicy(
        resource, subject, frozenset(), rules, _tier(resource), spec["priority"].integer or 0
    )


def _tier(resource: Resource) -> Tier:
    if resource.group_kind == kinds.BASELINE_ADMIN_NETWORK_POLICY:
        return Tier.BASELINE
    baseline = resource.at("spec", "tier").value == "Baseline"
    return Tier.BASELINE if baseline else Tier.ADMIN


def _rule(node: Node, direction: Direction) -> Iterator[TrafficRule]:
    action = _ACTIONS.get(node["action"].text or "")
    if action is None:
        return
    listed = node["ports"] if any(node["ports"].items()) else node["protocols"]
    ports = tuple(_ports(listed)) if any(listed.items()) else None
    yield TrafficRule(node, direction, tuple(_peers(node[_PEERS[direction]])), ports, action)


def _peers(listed: Node) -> Iterator[Peer]:
    for node in listed.items():
        if node["namespaces"].value is not None or node["pods"].value is not None:
            yield from _pods(node)
        elif node["networks"].value is not None:
            yield BlockPeer(node, _blocks(node["networks"].texts))
        else:
            yield UnjudgedPeer(node)


def _pods(node: Node) -> Iterator[PodPeer]:
    namespaces, pods = node["namespaces"], node["pods"]
    if namespaces.value is not None:
        yield PodPeer(node, label_selector(namespaces) or Selector(), Selector())
    elif pods.value is not None:
        yield PodPeer(
            node,
            label_selector(pods["namespaceSelector"]) or Selector(),
            label_selector(pods["podSelector"]) or Selector(),
        )


def _blocks(blocks: tuple[str, ...]) -> Addresses:
    found = Addresses()
    for block in blocks:
        try:
            found |= Addresses.of(block)
        except ValueError:
            continue
    return found


def _ports(listed: Node) -> Iterator[PortTerm]:
    for node in listed.items():
        if node["portNumber"].mapping:
            held = node["portNumber"]
            number = held["port"].integer or 0
            yield PortTerm(held["port"], (protocol_of(held),), number, number)
        elif node["portRange"].mapping:
            held = node["portRange"]
            first, last = held["start"].integer or 0, held["end"].integer or 0
            yield PortTerm(held["start"], (protocol_of(held),), first, last)
        elif node["namedPort"].text or node["destinationNamedPort"].text:
            name = node["namedPort"] if node["namedPort"].text else node["destinationNamedPort"]
            yield PortTerm(name, PROTOCOLS, name=name.text or "")
        else:
            yield from _protocols(node)


def _protocols(node: Node) -> Iterator[PortTerm]:
    """The ports of a ClusterNetworkPolicy: one field a protocol."""
    for protocol in PROTOCOLS:
        held = node[protocol.lower()]
        if not held.exists:
            continue
        port = held["destinationPort"]
        number = port["number"].integer
        if number is not None:
            yield PortTerm(port["number"], (protocol,), number, number)
        elif port["range"].mapping:
            span = port["range"]
            first, last = span["start"].integer or 0, span["end"].integer or 0
            yield PortTerm(span["start"], (protocol,), first, last)
        else:
            yield PortTerm(held, (protocol,))
