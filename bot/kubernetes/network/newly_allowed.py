"""The connections that a change newly allows, as one finding for each cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import takewhile
from types import MappingProxyType
from typing import Final

from bot.core.finding import Finding, Graph, Severity
from bot.core.globs import name_matches
from bot.core.state import State
from bot.core.values import Value
from bot.core.words import first_of
from bot.kubernetes.addresses import Addresses
from bot.kubernetes.causes import ChangedPosition
from bot.kubernetes.network.connection_ends import ConnectionEnd
from bot.kubernetes.network.peer_names import ends_in_words, name_of
from bot.kubernetes.network.peers import ANY_POD
from bot.kubernetes.network.reachability import widenings
from bot.kubernetes.network.traffic import Direction
from bot.kubernetes.network.unmodelled import unmodelled_policy
from bot.kubernetes.network.verdict import network
from bot.kubernetes.network.widening import Widening
from bot.kubernetes.ports import Ports
from bot.kubernetes.services.service import services
from bot.kubernetes.workloads.pods import str_of
from bot.kubernetes.workloads.population import NAME_LABEL, PodGroup
from bot.records import dataclass

_EDGES: Final = 20
_CONNECTIONS: Final = 100
_TARGETS: Final = 5


@dataclass(frozen=True)
class _Group:
    """All connections that one changed field newly allows."""

    cause: ChangedPosition
    direction: Direction
    widenings: tuple[Widening, ...]
    anywhere: bool = False

    @property
    def lost(self) -> bool:
        return any(widening.lost for widening in self.widenings)

    @property
    def sources(self) -> tuple[ConnectionEnd, ...]:
        return tuple(
            {name_of(widening.source): widening.source for widening in self.widenings}.values()
        )

    @property
    def targets(self) -> tuple[ConnectionEnd, ...]:
        return tuple(
            {name_of(widening.target): widening.target for widening in self.widenings}.values()
        )

    @property
    def ports(self) -> Ports:
        return Ports.union(widening.ports for widening in self.widenings)


def widened_findings(before: State, after: State, trusted: tuple[str, ...]) -> Iterator[Finding]:
    """The findings of a change, without sources that the policy trusts."""
    told = [w for w in widenings(before, after) if not _trusted(w.source, trusted)]
    groups: dict[tuple[object, ...], list[Widening]] = {}
    for widening in told:
        key = (*_place(widening), widening.cause.side, widening.direction)
        groups.setdefault(key, []).append(widening)
    for group in _joined(
        _Group(
            widened[0].cause,
            widened[0].direction,
            tuple(widened),
            any(_from_anywhere(before, widening, told) for widening in widened),
        )
        for widened in groups.values()
    ):
        yield _finding(after, group)


def _place(widening: Widening) -> tuple[object, ...]:
    node = widening.cause.node
    return (
        node.resource.key,
        *(step if isinstance(step, str) else step.index for step in node.route),
    )


def _joined(groups: Iterable[_Group]) -> Iterator[_Group]:
    """The groups, where blocks of one policy that together admit every address are one.

    The two halves of 0.0.0.0/0 are one mistake, in one rule or in two.
    """
    joined: dict[object, _Group] = {}
    for index, group in enumerate(groups):
        key: object = index
        if group.anywhere and all(isinstance(end, Addresses) for end in group.sources):
            rules = takewhile(lambda step: not isinstance(step, int), _place(group.widenings[0]))
            key = (*rules, group.cause.side, group.direction, str(group.ports))
        first = joined.setdefault(key, group)
        if first is not group:
            joined[key] = replace(first, widenings=(*first.widenings, *group.widenings))
    yield from joined.values()


def _from_anywhere(before: State, widening: Widening, told: list[Widening]) -> bool:
    """Whether a target is now reached from anywhere outside, by this source among others.

    The sources of the whole change count together, and those that base let in on the same ports.
    """
    if widening.direction != "ingress":
        return False
    if widening.source == ANY_POD:
        return True
    if not isinstance(widening.source, Addresses):
        return False
    target, ports = widening.target, widening.ports
    others = [
        other.source
        for other in told
        if isinstance(other.source, Addresses) and other.ports & ports and other.target == target
    ]
    at_base = network(before)
    known = [
        rule.addresses
        for policy in (at_base.of(target) if isinstance(target, PodGroup) else ())
        for rule in policy.of("ingress")
        if rule.action == "allow"
        and rule.on(target if isinstance(target, PodGroup) else None) & ports
    ]
    return Addresses.union((*others, *known)).anywhere


def _trusted(source: ConnectionEnd, trusted: tuple[str, ...]) -> bool:
    """Whether the policy trusts this source: by namespace, `namespace/name` or CIDR block."""
    if isinstance(source, Addresses):
        return any(source in block for block in _blocks(trusted))
    if isinstance(source, PodGroup):
        name = f"{source.namespace}/{source.template.owner.name}"
        return name_matches(source.namespace, trusted) or name_matches(name, trusted)
    named = source.namespace or dict(source.namespace_labels or ()).get(NAME_LABEL, "")
    return bool(named) and name_matches(named, trusted)


def _blocks(trusted: tuple[str, ...]) -> Iterator[Addresses]:
    for text in trusted:
        try:
            yield Addresses.of(text)
        except ValueError:
            continue


def _finding(after: State, group: _Group) -> Finding:
    cause = group.cause
    subject = cause.node.resource
    others = group.sources if group.direction == "ingress" else group.targets
    acting = next(
        (
            resource
            for space in _spaces(group)
            if (resource := unmodelled_policy(after, space)) is not None
        ),
        None,
    )
    message, severity = f"{_message(group)}{_held_back(after, group)}", _severity(group)
    if acting is not None:
        message += f"; what {str_of(acting)} makes of it was not judged"
        severity = Severity.NOTICE
    elif all(_unserved(after, widening) for widening in group.widenings):
        message += ", where nothing is known to listen"
        severity = Severity.NOTICE
    return Finding(
        cause.node,
        message,
        severity=severity,
        key=f"{group.direction} {ends_in_words(others)}",
        facts=MappingProxyType(
            {
                "code": "NP-ISOLATION-LOST" if group.lost else "NP-WIDENED",
                "object": str(subject.key),
                "direction": group.direction,
                "connections": tuple(_connections(group.widenings)),
            }
        ),
        side=cause.side,
        details=(Graph(tuple(_edges(group.widenings))),),
    )


def _unserved(after: State, widening: Widening) -> bool:
    """Whether the reached pods show which ports they serve, and none of them is reached."""
    if not isinstance(widening.target, PodGroup):
        return False
    served = services(after).exposed(widening.target)
    return bool(served) and not served & widening.ports


def _spaces(group: _Group) -> tuple[str, ...]:
    """The namespaces of the pods whose policies changed."""
    ends = group.targets if group.direction == "ingress" else group.sources
    return tuple(dict.fromkeys(end.namespace for end in ends if isinstance(end, PodGroup)))


def _severity(group: _Group) -> Severity:
    """The severity of a group; never an error where no manifest shows the pods of the policy."""
    ends = group.targets if group.direction == "ingress" else group.sources
    seen = any(isinstance(end, PodGroup) for end in ends)
    return Severity.ERROR if seen and (group.lost or group.anywhere) else Severity.WARNING


def _message(group: _Group) -> str:
    sources, targets = ends_in_words(group.sources), ends_in_words(group.targets)
    text = f"{sources[0].upper()}{sources[1:]} can now reach {targets} on {group.ports}"
    if group.lost:
        what = "isolates" if group.direction == "ingress" else "limits"
        whom = group.targets if group.direction == "ingress" else group.sources
        text += f", as no policy {what} {'it' if len(whom) == 1 else 'them'} any more"
    return text


def _held_back(after: State, group: _Group) -> str:
    """The known pods that their own policies keep from what any pod in the cluster can now do."""
    if ANY_POD not in group.sources:
        return ""
    held = network(after)
    widened = [w for w in group.widenings if w.source == ANY_POD][:_TARGETS]
    pods = [
        pods
        for space in held.population.namespaces
        for pods in held.population.in_namespace(space)
        if held.isolated(pods, "egress")
        and not any(pods == w.target or held.between(pods, w.target) & w.ports for w in widened)
    ]
    if not pods:
        return ""
    names = first_of(list(map(str, pods)), 2, " or ")
    return f"; not {names}, as their own policies stop them"


def _connections(widened: Iterable[Widening]) -> Iterator[Mapping[str, Value]]:
    for widening in tuple(widened)[:_CONNECTIONS]:
        yield MappingProxyType(
            {
                "from": name_of(widening.source),
                "to": name_of(widening.target),
                "ports": str(widening.ports),
            }
        )


def _edges(widened: tuple[Widening, ...]) -> Iterator[tuple[str, str, str]]:
    for widening in widened[:_EDGES]:
        yield name_of(widening.source), name_of(widening.target), str(widening.ports)
