"""Values that only a cluster knows: each is a text of its own, which nothing else is taken for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from bot.core.resource import Node, Resource, Step
from bot.core.values import Value

PREFIX: Final = "fairlead-unknown-"
"""What every such text begins with. It is a valid name, so that nothing is refused for it."""

# What rules about privileges, exposure and images read. A name or kind that is not known makes
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
    """The text for a value that is not known; the same for the same words."""
    return PREFIX + hashlib.sha256("\0".join(what).encode()).hexdigest()[:16]


def holds_unknown(value: Value) -> bool:
    """Whether anything in this value is not known."""
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
    """The places in a resource whose value, or whose field's name, is not known."""
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
    """The places whose value is not known and decides what a resource may do, run or expose."""
    for node in unknowns(resource):
        if is_sensitive(node):
            yield node


def is_sensitive(node: Node) -> bool:
    """Whether what stands at a place decides what a resource may do, run or expose."""
    names: tuple[Step, ...] = tuple(step for step in node.route if isinstance(step, str))
    for place in range(len(names)):
        if any(names[place : place + len(tail)] == tail for tail in _INSENSITIVE_TAILS):
            return False
        if names[place] in _SENSITIVE_FIELDS:
            return True
    return False
