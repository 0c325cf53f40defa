"""What Cilium's rules newly allow beyond peers and ports: requests, and names outside the cluster.

https://docs.cilium.io/en/stable/security/policy/language/#layer-7-examples
https://docs.cilium.io/en/stable/security/policy/language/#dns-based
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from bot.core import values
from bot.core.finding import Finding, Severity
from bot.core.resource import Node, Resource
from bot.core.state import State, changes
from bot.core.values import Value
from bot.core.words import first_of
from bot.kubernetes import kinds
from bot.kubernetes.causes import changed_position
from bot.kubernetes.guardrails.formulas import glob_matches
from bot.kubernetes.naming import escaped
from bot.kubernetes.network.traffic import DIRECTIONS, Direction
from bot.kubernetes.workloads.pods import str_of
from bot.records import dataclass

_KINDS: Final = (kinds.CILIUM_NETWORK_POLICY, kinds.CILIUM_CLUSTERWIDE_NETWORK_POLICY)
_SHOWN: Final = 3

_Requests: TypeAlias = "Mapping[str, Node] | None"
"""The requests that a port takes, by the text of their rule; None where it takes every request."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A policy's port with the requests that it takes, and the field that says so."""

    requests: _Requests
    port: str
    node: Node


def requests_widened(before: State, after: State) -> Iterator[Finding]:
    """The policies in both states that newly take requests, or newly let pods ask for names."""
    for change in changes(before, after, *_KINDS):
        if change.before is not None and change.after is not None:
            yield from _requests(before, change.before, change.after)
            yield from _names(before, change.before, change.after)


def _requests(before: State, old: Resource, new: Resource) -> Iterator[Finding]:
    at_base = dict(_ports(old))
    for key, opened in _ports(new):
        earlier = at_base.get(key)
        if earlier is None or earlier.requests is None:
            continue
        if opened.requests is None:
            message = f"{str_of(new)} now lets through every request on {opened.port}"
            yield _finding(before, opened.node, message)
            continue
        gained = [rule for text, rule in opened.requests.items() if text not in earlier.requests]
        if gained:
            message = f"{str_of(new)} now lets through further requests on {opened.port}"
            yield _finding(before, gained[0], message)


def _ports(policy: Resource) -> Iterator[tuple[Value, _Opened]]:
    """The ports of a policy's rules by direction, peers and protocol."""
    for spec, direction, rule in _rules(policy):
        peers = {name: value for name, value in rule.mapping.items() if name != "toPorts"}
        for listed in rule["toPorts"].items():
            requests = _texts(listed["rules"])
            for port in listed["ports"].items():
                number = port["port"].text or str(port["port"].integer or 0)
                protocol = port["protocol"].text or "ANY"
                key = _same((spec["endpointSelector"].value, direction, peers, number, protocol))
                words = f"{protocol} {escaped(number)}" if protocol != "ANY" else escaped(number)
                yield key, _Opened(requests, words, listed["rules"])


def _texts(rules: Node) -> _Requests:
    """The rules for requests, of HTTP, Kafka, DNS or another parser; an empty list is no rule."""
    listed = ((name, item) for name, field in rules.fields() for item in field.items())
    return {_same((name, item.value)): item for name, item in listed} or None


def _names(before: State, old: Resource, new: Resource) -> Iterator[Finding]:
    """Names outside the cluster that pods may newly reach; Cilium's `*` stands within a label."""
    at_base = [text for node in _patterns(old) if (text := _pattern(node))]
    gained = [
        node
        for node in _patterns(new)
        if (text := _pattern(node)) and not any(_covers(wide, text) for wide in at_base)
    ]
    if at_base and gained:
        texts = list(dict.fromkeys(escaped(_pattern(node)) for node in gained))
        message = f"{str_of(new)} now lets pods reach {first_of(texts, _SHOWN)}"
        yield _finding(before, gained[0], message)


def _patterns(policy: Resource) -> Iterator[Node]:
    for _, direction, rule in _rules(policy):
        if direction == "egress":
            yield from rule["toFQDNs"].items()


def _pattern(node: Node) -> str:
    return (node["matchName"].text or node["matchPattern"].text or "").lower().rstrip(".")


def _covers(wide: str, narrow: str) -> bool:
    """Whether each name of one pattern is one of another; a bare `*` is every name."""
    if wide in {"*", narrow}:
        return True
    return glob_matches(wide, narrow) and wide.count(".") == narrow.count(".")


def _rules(policy: Resource) -> Iterator[tuple[Node, Direction, Node]]:
    for spec in (policy.at("spec"), *policy.at("specs").items()):
        for direction in DIRECTIONS:
            for rule in spec[direction].items():
                yield spec, direction, rule


def _same(value: object) -> str:
    return json.dumps(values.thaw(value), sort_keys=True)  # type: ignore[arg-type]  # tuples are lists


def _finding(before: State, node: Node, message: str) -> Finding:
    cause = changed_position(before, (node,))
    facts: Mapping[str, Value] = MappingProxyType(
        {"code": "NP-REQUESTS", "object": str(node.resource.key)}
    )
    return Finding(
        cause.node, message, severity=Severity.WARNING, key=message, facts=facts, side=cause.side
    )
