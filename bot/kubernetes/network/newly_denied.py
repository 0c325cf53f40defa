"""The connections between known pods that a change cuts off although a policy named them."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes.causes import ChangedPosition, same_place
from bot.kubernetes.network.peer_names import ends_in_words, name_of
from bot.kubernetes.network.peers import peer_ends
from bot.kubernetes.network.reachability import widenings
from bot.kubernetes.network.verdict import network
from bot.kubernetes.network.widening import Widening
from bot.kubernetes.ports import Ports
from bot.kubernetes.services.service import services
from bot.kubernetes.workloads.population import PodGroup


def narrowed_findings(before: State, after: State) -> Iterator[Finding]:
    """What known pods can no longer reach, one finding for each cause.

    Read backwards, a change that cuts off is one that lets through. Pods that a policy isolates for
    the first time are left out: the policy says so itself.
    """
    groups: dict[tuple[object, ...], list[Widening]] = {}
    for found in widenings(after, before):
        if found.lost or not isinstance(found.source, PodGroup):
            continue
        if not isinstance(found.target, PodGroup) or not _served(before, found):
            continue
        node = found.cause.node
        place = tuple(step if isinstance(step, str) else step.index for step in node.route)
        key = (node.resource.key, place, found.cause.side)
        groups.setdefault(key, []).append(found)
    for cut in groups.values():
        yield _finding(after, cut)


def _served(before: State, cut: Widening) -> bool:
    """Whether the pods served one of the ports, as far as manifests show what they serve."""
    if not isinstance(cut.target, PodGroup):
        return False
    served = services(before).exposed(cut.target)
    return not served or bool(served & cut.ports)


def _finding(after: State, cut: list[Widening]) -> Finding:
    first = cut[0]
    sources = ends_in_words(tuple({name_of(w.source): w.source for w in cut}.values()))
    targets = ends_in_words(tuple({name_of(w.target): w.target for w in cut}.values()))
    ports = Ports.union(w.ports for w in cut)
    message = f"{sources[0].upper()}{sources[1:]} can no longer reach {targets} on {ports}"
    severity = Severity.NOTICE
    lonely = [w.target for w in cut if isinstance(w.target, PodGroup) and _deserted(after, w)]
    if lonely:
        severity = Severity.WARNING
        message += ", and nobody that a manifest shows can"
    position = _position(after, first.cause)
    return Finding(
        position.node,
        message,
        severity=severity,
        key=f"{sources} {targets}",
        facts=MappingProxyType(
            {
                "code": "NP-NARROWED",
                "object": str(position.node.resource.key),
                "direction": first.direction,
            }
        ),
        side=position.side,
    )


def _position(after: State, backward: ChangedPosition) -> ChangedPosition:
    """Where the cause stands in the change itself, which was read backwards."""
    node = backward.node
    if backward.side == "LEFT":
        return ChangedPosition(node)  # only head has it
    if after.get(node.resource.key) is None:
        return ChangedPosition(node.resource.at("metadata", "name"), "LEFT")
    current = same_place(after, node)
    if current is None or not current.exists:
        return ChangedPosition(node, "LEFT")
    return ChangedPosition(current)


def _deserted(after: State, cut: Widening) -> bool:
    """Whether pods behind a Service are reached by no pods and no addresses any more."""
    held, target = network(after), cut.target
    if not isinstance(target, PodGroup) or not any(services(after).of(target)):
        return False
    return held.isolated(target, "ingress") and not any(
        rule.peers is None
        or rule.addresses
        or any(next(peer_ends(held, policy, peer), None) for peer in rule.peers)
        for policy in held.of(target)
        for rule in policy.of("ingress")
        if rule.action == "allow"
    )
