"""AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy as traffic policies.

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
    """The one traffic policy of an administrator's resource. It isolates no pods by itself."""
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
    addresses = Addresses()
    for block in blocks:
        try:
            addresses |= Addresses.of(block)
        except ValueError:
            continue
    return addresses


def _ports(listed: Node) -> Iterator[PortTerm]:
    for node in listed.items():
        if node["portNumber"].mapping:
            number_term = node["portNumber"]
            number = number_term["port"].integer or 0
            yield PortTerm(number_term["port"], (protocol_of(number_term),), number, number)
        elif node["portRange"].mapping:
            span = node["portRange"]
            first, last = span["start"].integer or 0, span["end"].integer or 0
            yield PortTerm(span["start"], (protocol_of(span),), first, last)
        elif node["namedPort"].text or node["destinationNamedPort"].text:
            name = node["namedPort"] if node["namedPort"].text else node["destinationNamedPort"]
            yield PortTerm(name, PROTOCOLS, name=name.text or "")
        else:
            yield from _protocols(node)


def _protocols(node: Node) -> Iterator[PortTerm]:
    """The ports of a ClusterNetworkPolicy, which has one field for each protocol."""
    for protocol in PROTOCOLS:
        term = node[protocol.lower()]
        if not term.exists:
            continue
        port = term["destinationPort"]
        number = port["number"].integer
        if number is not None:
            yield PortTerm(port["number"], (protocol,), number, number)
        elif port["range"].mapping:
            span = port["range"]
            first, last = span["start"].integer or 0, span["end"].integer or 0
            yield PortTerm(span["start"], (protocol,), first, last)
        else:
            yield PortTerm(term, (protocol,))
