"""Values that only a cluster knows, each as a placeholder that equals no other text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from bot.core.resource import Node, Resource, Step
from bot.core.values import Value
from bot.patterns import pattern

PREFIX: Final = "fairlead-unknown-"
"""What every such text begins with. It is a valid name, so that nothing is refused for it."""

_DIGITS: Final = 16
_PLACEHOLDER: Final = pattern(rf"{PREFIX}[0-9a-f]{{{_DIGITS}}}")

# Fields that rules about privileges, exposure and images read. An unknown name or kind makes
# everything about an object unknown.
_SENSITIVE_FIELDS: Final = frozenset(
    {"apiVersion", "kind", "name", "namespace", "labels", "image", "rules", "roleRef", "subjects"}
    | {"securityContext", "hostNetwork", "hostPID", "hostIPC", "hostUsers", "hostPath"}
    | {"serviceAccountName", "serviceAccount", "automountServiceAccountToken", "volumes"}
    | {"podSelector", "namespaceSelector", "ingress", "egress", "policyTypes", "selector", "ports"}
    | {"type", "externalIPs", "loadBalancerSourceRanges", "loadBalancerClass", "tolerations"}
    | {"nodeName", "nodeSelector", "aggregationRule", "webhooks", "destination", "project"}
)
_INSENSITIVE_TAILS: Final = (("metadata", "annotations"), ("env",), ("data",), ("stringData",))


def unknown(*what: str) -> str:
    """Return the placeholder for an unknown value; the same words give the same placeholder."""
    return PREFIX + hashlib.sha256("\0".join(what).encode()).hexdigest()[:_DIGITS]


def without_placeholders(text: str) -> str:
    """Return a sentence with each placeholder as a reader understands it."""
    return _PLACEHOLDER.sub("(unknown)", text) if PREFIX in text else text


def holds_unknown(value: Value) -> bool:
    """Return whether a value contains a placeholder."""
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, str):
            if PREFIX in current:
                return True
        elif isinstance(current, tuple):
            pending.extend(current)
        elif current is not None and not isinstance(current, bool | int | float):
            pending.extend(current)
            pending.extend(current.values())
    return False


def unknowns(resource: Resource) -> Iterator[Node]:
    """Yield the nodes of a resource whose value or field name is unknown."""
    if PREFIX.encode() in resource.encoded:
        yield from _below(resource.root)


def _below(top: Node) -> Iterator[Node]:
    pending = [top]
    while pending:
        node = pending.pop()
        text = node.text
        if text is not None:
            if PREFIX in text:
                yield node
            continue
        fields = list(node.fields())
        yield from (child for name, child in fields if PREFIX in name)
        pending.extend(child for _, child in reversed(fields))
        pending.extend(reversed(list(node.items())))


def indeterminate(resource: Resource) -> Iterator[Node]:
    """Yield the unknown nodes that decide what a resource may do, run or expose."""
    for node in unknowns(resource):
        if is_sensitive(node):
            yield node


def is_sensitive(node: Node) -> bool:
    """Return whether a node decides what a resource may do, run or expose."""
    names: tuple[Step, ...] = tuple(step for step in node.route if isinstance(step, str))
    for place in range(len(names)):
        if any(names[place : place + len(tail)] == tail for tail in _INSENSITIVE_TAILS):
            return False
        if names[place] in _SENSITIVE_FIELDS:
            return True
    return False
