"""CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy as traffic policies: peers and ports only.

https://docs.cilium.io/en/stable/security/policy/language/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from bot.core.resource import Node, Resource
from bot.core.values import Value, mapping, sequence
from bot.kubernetes import kinds
from bot.kubernetes.addresses import EVERYWHERE, Addresses
from bot.kubernetes.network.traffic import (
    DIRECTIONS,
    Action,
    BlockPeer,
    Direction,
    Peer,
    PodPeer,
    PortTerm,
    TrafficPolicy,
    TrafficRule,
    UnjudgedPeer,
)
from bot.kubernetes.ports import HIGHEST, PROTOCOLS
from bot.kubernetes.selectors import Requirement, Selector, label_selector
from bot.kubernetes.workloads.population import NAME_LABEL

_NAMESPACE: Final = "io.kubernetes.pod.namespace"
_NAMESPACE_LABELS: Final = "io.cilium.k8s.namespace.labels."
_SOURCES: Final = ("k8s:", "any:", "k8s.", "any.")

# The fields of a rule that name peers, by direction; one that stands there and names none allows
# nobody, and a rule with none of them is about anyone.
_PEERS: Final[Mapping[Direction, str]] = MappingProxyType({"ingress": "from", "egress": "to"})
_KINDS: Final = (
    "Endpoints",
    "CIDR",
    "CIDRSet",
    "Entities",
    "FQDNs",
    "Services",
    "Nodes",
    "Groups",
    "Requires",
)
_WORLD: Final[Mapping[str, Addresses]] = MappingProxyType(
    {
        "world": EVERYWHERE,
        "world-ipv4": Addresses.of("0.0.0.0/0"),
        "world-ipv6": Addresses.of("::/0"),
    }
)


def cilium_policies(resource: Resource) -> Iterator[TrafficPolicy]:
    """The traffic policies of a Cilium resource: one for `spec`, one for each item of `specs`."""
    if resource.at("spec").mapping:
        yield _policy(resource, resource.at("spec"))
    for spec in resource.at("specs").items():
        yield _policy(resource, spec)


def _policy(resource: Resource, spec: Node) -> TrafficPolicy:
    rules = tuple(rule for direction in DIRECTIONS for rule in _rules(spec, direction))
    subject = _endpoints(resource, spec["endpointSelector"])
    if not spec["endpointSelector"].exists:  # a policy for nodes
        subject = PodPeer(spec, None, Selector(invalid="no endpointSelector"))
    return TrafficPolicy(
        resource,
        subject,
        frozenset(direction for direction in DIRECTIONS if _isolates(spec, direction)),
        rules,
    )


def _isolates(spec: Node, direction: Direction) -> bool:
    """Whether pods accept only what is allowed: `enableDefaultDeny`, else where any rule exists."""
    explicit = spec["enableDefaultDeny"][direction].boolean
    if explicit is not None:
        return explicit
    return any(spec[direction].items()) or any(spec[f"{direction}Deny"].items())


def _rules(spec: Node, direction: Direction) -> Iterator[TrafficRule]:
    actions: tuple[tuple[str, Action], ...] = ((direction, "allow"), (f"{direction}Deny", "deny"))
    for field, action in actions:
        for node in spec[field].items():
            yield _rule(node, direction, action)


def _rule(node: Node, direction: Direction, action: Action) -> TrafficRule:
    named = [node[_PEERS[direction] + kind] for kind in _KINDS]
    peers: tuple[Peer, ...] | None = tuple(_peers(node, direction))
    if not any(field.exists and field.value is not None for field in named):
        # An empty rule allows nothing; one with ports alone is about anyone.
        peers = None if node["toPorts"].exists or node["icmps"].exists else ()
    ports: tuple[PortTerm, ...] | None = tuple(_ports(node))
    if node["toPorts"].value is None and not any(node["icmps"].items()):
        ports = None
    elif not ports and isinstance(node["toPorts"].value, tuple):
        # A list of ports that names none lets nobody in, whoever the peers are.
        peers = ()
    return TrafficRule(node, direction, peers, ports, action)


def _peers(node: Node, direction: Direction) -> Iterator[Peer]:
    prefix = _PEERS[direction]
    for item in node[f"{prefix}Endpoints"].items():
        yield _endpoints(node.resource, item)
    for item in node[f"{prefix}CIDR"].items():
        yield BlockPeer(item, _block(item.value, ()))
    for item in node[f"{prefix}CIDRSet"].items():
        cidr = item["cidr"]
        if cidr.text:
            yield BlockPeer(item, _block(cidr.value, item["except"].texts))
        else:
            yield UnjudgedPeer(item)
    for item in node[f"{prefix}Entities"].items():
        yield from _entity(item)
    for kind in ("FQDNs", "Services", "Nodes", "Groups", "Requires"):
        for item in node[prefix + kind].items():
            yield UnjudgedPeer(item)


def _entity(item: Node) -> Iterator[Peer]:
    name = item.text or ""
    if name in {"all", "cluster"}:
        yield PodPeer(item, Selector(), Selector())
    if name == "all":
        yield BlockPeer(item, EVERYWHERE)
    elif name in _WORLD:
        yield BlockPeer(item, _WORLD[name])
    elif name != "cluster":
        yield UnjudgedPeer(item)


def _block(cidr: Value, excepted: tuple[str, ...]) -> Addresses:
    try:
        text = str(cidr)
        whole = text if "/" in text else f"{text}/{128 if ':' in text else 32}"
        addresses = Addresses.of(whole)
        for each in excepted:
            addresses -= Addresses.of(each)
    except ValueError:
        return Addresses()
    return addresses


def _ports(rule: Node) -> Iterator[PortTerm]:
    for listed in rule["toPorts"].items():
        if listed["ports"].value is None:
            yield PortTerm(listed, PROTOCOLS)
        for node in listed["ports"].items():
            port = node["port"]
            text = port.text or str(port.integer or 0)
            protocol = (node["protocol"].text or "ANY").upper()
            protocols = PROTOCOLS if protocol == "ANY" else (protocol,)
            if not text.isdecimal():
                yield PortTerm(port, protocols, name=text)
            elif int(text[:6]) == 0:
                yield PortTerm(port, protocols)
            else:
                number = int(text[:6])
                last = node["endPort"].integer or number
                yield PortTerm(port, protocols, number, min(last, HIGHEST))


def _endpoints(resource: Resource, node: Node) -> PodPeer:
    """The pods that an endpoint selector selects; namespace labels in it select namespaces."""
    selector = label_selector(_plain(node.mapping))
    if selector is None or selector.invalid is not None:
        return PodPeer(node, None, selector or Selector())
    pods = tuple(
        requirement for requirement in selector.requirements if not _of_namespace(requirement)
    )
    spaces = tuple(
        _on_namespace(requirement)
        for requirement in selector.requirements
        if _of_namespace(requirement)
    )
    everywhere = resource.group_kind == kinds.CILIUM_CLUSTERWIDE_NETWORK_POLICY
    namespaces = Selector(spaces) if spaces or everywhere else None
    return PodPeer(node, namespaces, Selector(pods))


def _plain(selector: Mapping[str, Value]) -> Mapping[str, Value]:
    """The selector without the label sources (`k8s:`, `any:`) that prefix its keys."""
    labels = {_key(key): value for key, value in mapping(selector.get("matchLabels")).items()}
    expressions = tuple(
        MappingProxyType({**mapping(expression), "key": _key(str(mapping(expression).get("key")))})
        for expression in sequence(selector.get("matchExpressions"))
    )
    return MappingProxyType(
        {"matchLabels": MappingProxyType(labels), "matchExpressions": expressions}
    )


def _key(key: str) -> str:
    return next((key[len(source) :] for source in _SOURCES if key.startswith(source)), key)


def _of_namespace(requirement: Requirement) -> bool:
    return requirement.key == _NAMESPACE or requirement.key.startswith(_NAMESPACE_LABELS)


def _on_namespace(requirement: Requirement) -> Requirement:
    if requirement.key == _NAMESPACE:
        return replace(requirement, key=NAME_LABEL)
    return replace(requirement, key=requirement.key.removeprefix(_NAMESPACE_LABELS))
