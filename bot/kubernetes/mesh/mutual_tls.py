"""Where mutual TLS is required less than before, by Istio's PeerAuthentications.

https://istio.io/latest/docs/reference/config/security/peer_authentication/
https://github.com/istio/istio/blob/1.27.0/pilot/pkg/security/authn/policy_applier.go
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core.finding import Finding, Severity, Side
from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State, changes
from bot.kubernetes.mesh.workloads import (
    PEER_AUTHENTICATION,
    ROOT,
    MeshWorkload,
    selected_labels,
    selects,
    workloads,
)
from bot.kubernetes.naming import escaped
from bot.kubernetes.workloads.pods import str_of
from bot.records import dataclass

_STRENGTH: Final[Mapping[str, int]] = MappingProxyType({"DISABLE": 0, "PERMISSIVE": 1, "STRICT": 2})
_DEFAULT: Final = "PERMISSIVE"
_EFFECTS: Final[Mapping[str, str]] = MappingProxyType(
    {"DISABLE": "take every request in clear", "PERMISSIVE": "also take requests in clear"}
)


@dataclass(frozen=True, slots=True)
class _Mode:
    """A mode of mutual TLS, and the field that sets it; None for Istio's default."""

    name: str
    node: Node | None

    @property
    def strength(self) -> int:
        return _STRENGTH[self.name]


def mutual_tls_weakened(before: State, after: State) -> Iterator[Finding]:
    """The workloads that newly take requests without mutual TLS.

    One finding for each field that brings it about, which names the widest workload.
    """
    touched = {change.key for change in changes(before, after, PEER_AUTHENTICATION)}
    if not touched:
        return
    existing = frozenset(policy.key for policy in before.of(PEER_AUTHENTICATION))
    reported: set[object] = set()
    for workload in workloads(before, after, PEER_AUTHENTICATION):
        ports = {None, *_ports(before, workload), *_ports(after, workload)}
        for port in sorted(ports, key=lambda text: text or ""):
            old = _mode(before, workload, port, existing)
            new = _mode(after, workload, port, existing)
            if new.strength >= old.strength:
                continue
            node, side = _cause(old, new, after, touched)
            if (node.resource.key, node.route, side) not in reported:
                reported.add((node.resource.key, node.route, side))
                yield _finding(node, side, _words(workload, port), (old, new))


def _ports(state: State, workload: MeshWorkload) -> Iterator[str]:
    for policy in state.of(PEER_AUTHENTICATION):
        if _level(policy) == "workload" and selects(policy, workload):
            yield from policy.at("spec", "portLevelMtls").mapping


def _level(policy: Resource) -> str:
    """What a policy holds for. One of the root namespace with a selector holds for nothing."""
    if selected_labels(policy):
        return "nothing" if policy.namespace == ROOT else "workload"
    return "mesh" if policy.namespace == ROOT else "namespace"


def _mode(
    state: State, workload: MeshWorkload, port: str | None, existing: frozenset[ResourceKey]
) -> _Mode:
    """The mode of a port of a workload; the oldest policy of each level is the one that counts."""
    policies = sorted(
        (policy for policy in state.of(PEER_AUTHENTICATION) if selects(policy, workload)),
        key=lambda policy: (policy.key not in existing, policy.key.sort_key),
    )
    first: dict[str, Resource] = {}
    for policy in policies:
        first.setdefault(_level(policy), policy)
    mode = _Mode(_DEFAULT, None)
    for level in ("mesh", "namespace", "workload"):
        if level in first:
            mode = _set(first[level].at("spec", "mtls", "mode"), mode)
    if port is not None and "workload" in first:
        mode = _set(first["workload"].at("spec", "portLevelMtls", port, "mode"), mode)
    return mode


def _set(node: Node, inherited: _Mode) -> _Mode:
    name = node.text
    return inherited if name is None or name not in _STRENGTH else _Mode(name, node)


def _cause(old: _Mode, new: _Mode, after: State, touched: set[ResourceKey]) -> tuple[Node, Side]:
    """The field that weakens: head's mode, or what is left of the policy that asked for more."""
    by_head = old.node is None or (new.node is not None and new.node.resource.key in touched)
    node = new.node if by_head else old.node
    if node is None:
        raise ValueError(f"{new.name} is not weaker than the default {old.name}")
    policy = node.resource
    head = after.get(policy.key)
    if by_head:
        return node, "RIGHT"
    if head is None:
        return policy.at("metadata", "name"), "LEFT"
    selector = head.at("spec", "selector")
    if selector.exists and selected_labels(policy) != selected_labels(head):
        return selector, "RIGHT"
    return node, "LEFT"


def _words(workload: MeshWorkload, port: str | None) -> str:
    return str(workload) if port is None else f"port {escaped(port)} of {workload}"


def _finding(node: Node, side: Side, whose: str, modes: tuple[_Mode, _Mode]) -> Finding:
    old, new = modes
    policy = node.resource
    if side == "LEFT" and node.route == ("metadata", "name"):
        lead = f"{str_of(policy)} is removed"
    else:
        lead = f"{str_of(policy)} requires less mutual TLS"
    message = (
        f"{lead}: {whose} {_EFFECTS[new.name]}, without knowing who sends them "
        f"({new.name} instead of {old.name})"
    )
    severity = Severity.ERROR if old.name == "STRICT" else Severity.WARNING
    facts = MappingProxyType({"object": str(policy.key)})
    return Finding(node, message, severity, message, facts, side=side)
