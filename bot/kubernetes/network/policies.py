"""NetworkPolicy (`networking.k8s.io`) as a traffic policy, and why the API would refuse it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import Node, Resource
from bot.kubernetes.addresses import Addresses
from bot.kubernetes.network.traffic import (
    DIRECTIONS,
    BlockPeer,
    Direction,
    Peer,
    PodPeer,
    PolicyRefusal,
    PortTerm,
    TrafficPolicy,
    TrafficRule,
)
from bot.kubernetes.ports import HIGHEST, PROTOCOLS, is_port_name, protocol_of
from bot.kubernetes.selectors import Selector, label_selector

_TYPES: Final[dict[str, Direction]] = {"Ingress": "ingress", "Egress": "egress"}
PEERS: Final[dict[Direction, str]] = {"ingress": "from", "egress": "to"}
"""The field that lists the peers of a rule."""


def network_policies(resource: Resource) -> Iterator[TrafficPolicy]:
    """The one traffic policy of a NetworkPolicy."""
    spec = resource.at("spec")
    selector = label_selector(spec["podSelector"]) or Selector()
    types = _directions(spec)
    rules = tuple(rule for direction in DIRECTIONS for rule in _rules(spec, direction))
    yield TrafficPolicy(
        resource,
        PodPeer(spec["podSelector"], None, selector),
        types,
        tuple(rule for rule in rules if rule.direction in types),
        refusals=tuple(_refusals(spec)),
        idle=tuple(rule for rule in rules if rule.direction not in types),
    )


def _directions(spec: Node) -> frozenset[Direction]:
    """The directions in force.

    Without `policyTypes`: Ingress, and Egress where there are egress rules.

    https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/networking/v1/defaults.go
    """
    named = spec["policyTypes"].texts
    if named:
        return frozenset(_TYPES[name] for name in named if name in _TYPES)
    return frozenset(DIRECTIONS if any(spec["egress"].items()) else ("ingress",))


def _rules(spec: Node, direction: Direction) -> Iterator[TrafficRule]:
    for node in spec[direction].items():
        peers = tuple(_peers(node[PEERS[direction]]))
        ports = tuple(_ports(node["ports"]))
        listed = any(node[PEERS[direction]].items())
        yield TrafficRule(
            node,
            direction,
            peers if listed else None,
            ports if any(node["ports"].items()) else None,
        )


def _peers(listed: Node) -> Iterator[Peer]:
    for node in listed.items():
        block = node["ipBlock"]
        if block.mapping:
            yield BlockPeer(node, _addresses(block))
        elif node.mapping:
            namespaces = label_selector(node["namespaceSelector"])
            pods = label_selector(node["podSelector"])
            yield PodPeer(node, namespaces, Selector() if pods is None else pods)


def _addresses(block: Node) -> Addresses:
    try:
        addresses = Addresses.of(block["cidr"].text or "")
        for excepted in block["except"].texts:
            addresses -= Addresses.of(excepted)
    except ValueError:
        return Addresses()
    return addresses


def _ports(listed: Node) -> Iterator[PortTerm]:
    for node in listed.items():
        protocols = (protocol_of(node),)
        port = node["port"]
        number = port.integer
        if number is not None:
            yield PortTerm(port, protocols, number, node["endPort"].integer or number)
        elif port.text:
            yield PortTerm(port, protocols, name=port.text)
        else:
            yield PortTerm(node, protocols)


# What the API checks:
# https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/networking/validation/validation.go


def _refusals(spec: Node) -> Iterator[PolicyRefusal]:
    yield from _selector(spec["podSelector"])
    yield from _unknown(spec, {"podSelector", "policyTypes", "ingress", "egress"})
    for node in spec["policyTypes"].items():
        if node.text not in _TYPES:
            yield PolicyRefusal(node, f"policyTypes has {node.value!r}, expected Ingress or Egress")
    for direction in DIRECTIONS:
        peers = PEERS[direction]
        for rule in spec[direction].items():
            yield from _unknown(rule, {"ports", peers})
            for port in rule["ports"].items():
                yield from _refused_port(port)
            for peer in rule[peers].items():
                yield from _refused_peer(peer)


def _unknown(node: Node, legal_fields: set[str]) -> Iterator[PolicyRefusal]:
    for key, child in node.fields():
        if key not in legal_fields:
            legal = ", ".join(sorted(legal_fields))
            yield PolicyRefusal(child, f"there is no field {key!r} here, expected one of {legal}")


def _selector(node: Node) -> Iterator[PolicyRefusal]:
    surplus = tuple(_unknown(node, {"matchLabels", "matchExpressions"}))
    yield from surplus
    selector = label_selector(node)
    if not surplus and selector is not None and selector.invalid is not None:
        yield PolicyRefusal(node, selector.invalid)


def _refused_port(node: Node) -> Iterator[PolicyRefusal]:
    yield from _unknown(node, {"protocol", "port", "endPort"})
    protocol, port, end = node["protocol"], node["port"], node["endPort"]
    if protocol.value is not None and protocol.text not in PROTOCOLS:
        yield PolicyRefusal(
            protocol, f"the protocol is {protocol.value!r}, expected one of {', '.join(PROTOCOLS)}"
        )
    number = port.integer
    if port.value is not None and number is None:
        yield from _refused_name(port)
    if number is not None and not 0 < number <= HIGHEST:
        yield PolicyRefusal(port, f"{number} is not a port, which is a number from 1 to {HIGHEST}")
    if end.value is None:
        return
    if number is None:
        yield PolicyRefusal(end, "endPort needs a port that is a number")
    elif end.integer is None or not number <= end.integer <= HIGHEST:
        yield PolicyRefusal(
            end, f"endPort is {end.value!r}, and has to be from {number} to {HIGHEST}"
        )


def _refused_name(port: Node) -> Iterator[PolicyRefusal]:
    text = port.text
    if text is None:
        yield PolicyRefusal(port, f"the port is {port.value!r}, and has to be a number or a name")
    elif text.isascii() and text.isdigit():
        yield PolicyRefusal(
            port,
            f"{text!r} in quotes is a name, and a port's name needs a letter",
            int(text[:6]) if 0 < int(text[:6]) <= HIGHEST else None,
        )
    elif not is_port_name(text):
        yield PolicyRefusal(
            port, f"{text!r} is not a port's name: at most 15 of a-z, 0-9 and single '-'"
        )


def _refused_peer(node: Node) -> Iterator[PolicyRefusal]:
    yield from _unknown(node, {"podSelector", "namespaceSelector", "ipBlock"})
    yield from _selector(node["podSelector"])
    yield from _selector(node["namespaceSelector"])
    block = node["ipBlock"]
    named = [
        field for field in ("podSelector", "namespaceSelector") if node[field].value is not None
    ]
    if block.value is None:
        if not named:
            yield PolicyRefusal(node, "a peer has to name pods, namespaces or an ipBlock")
        return
    if named:
        yield PolicyRefusal(node, f"a peer with an ipBlock cannot have a {named[0]} as well")
    yield from _refused_block(block)


def _refused_block(block: Node) -> Iterator[PolicyRefusal]:
    try:
        addresses = Addresses.of(block["cidr"].text or "")
    except ValueError:
        yield PolicyRefusal(block["cidr"], f"{block['cidr'].value!r} is not a CIDR block")
        return
    for node in block["except"].items():
        try:
            inside = (
                Addresses.of(node.text or "") in addresses
                and Addresses.of(node.text or "") != addresses
            )
        except ValueError:
            yield PolicyRefusal(node, f"{node.value!r} is not a CIDR block")
            continue
        if not inside:
            yield PolicyRefusal(node, f"{node.text} has to lie within {block['cidr'].text}")
