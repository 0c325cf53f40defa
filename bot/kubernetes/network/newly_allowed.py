"""What a change newly lets through, told once for each cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bot.core.finding import Finding, Graph, Severity
from bot.core.globs import name_matches
from bot.core.state import State
from bot.core.values import Value
from bot.kubernetes.addresses import Addresses
from bot.kubernetes.causes import ChangedPosition
from bot.kubernetes.network.peer_names import name_of, words_of
from bot.kubernetes.network.peers import ANY_POD
from bot.kubernetes.network.reachability import Widening, widenings
from bot.kubernetes.network.traffic import Direction
from bot.kubernetes.network.verdict import ConnectionEnd, unjudged
from bot.kubernetes.ports import Ports
from bot.kubernetes.services.service import services
from bot.kubernetes.workloads.pods import str_of
from bot.kubernetes.workloads.population import NAME_LABEL, PodGroup

_EDGES: Final = 20
_CONNECTIONS: Final = 100


@dataclass(frozen=True)
class _Group:
    """All that one cause newly lets through."""

    cause: ChangedPosition
    direction: Direction
    held: tuple[Widening, ...]

    @property
    def lost(self) -> bool:
        return any(found.lost for found in self.held)

    @property
    def sources(self) -> tuple[ConnectionEnd, ...]:
        return tuple({name_of(found.source): found.source for found in self.held}.values())

    @property
    def targets(self) -> tuple[ConnectionEnd, ...]:
        return tuple({name_of(found.target): found.target for found in self.held}.values())

    @property
    def ports(self) -> Ports:
        found = Ports()
        for held in self.held:
            found |= held.ports
        return found


def widened_findings(before: State, after: State, trusted: tuple[str, ...]) -> Iterator[Finding]:
    """The findings, quiet about the sources that the policy trusts."""
    groups: dict[tuple[object, ...], list[Widening]] = {}
    for found in widenings(before, after):
        if not _trusted(found.source, trusted):
            node = found.cause.node
            place = tuple(step if isinstance(step, str) else step.index for step in node.route)
            key = (node.resource.key, place, found.cause.side, found.direction)
            groups.setdefault(key, []).append(found)
    for held in groups.values():
        yield _finding(after, _Group(held[0].cause, held[0].direction, tuple(held)))


def _trusted(source: ConnectionEnd, trusted: tuple[str, ...]) -> bool:
    """Whether the policy names this source: a namespace, `namespace/name`, or a block."""
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
        (held for space in _spaces(group) if (held := unjudged(after, space)) is not None), None
    )
    message, severity = _message(group), _severity(group)
    if acting is not None:
        message += f"; what {str_of(acting)} makes of it was not judged"
        severity = Severity.NOTICE
    elif all(_unserved(after, found) for found in group.held):
        message += ", where nothing is known to listen"
        severity = Severity.NOTICE
    return Finding(
        cause.node,
        message,
        severity=severity,
        key=f"{group.direction} {words_of(others)}",
        facts=MappingProxyType(
            {
                "code": "NP-ISOLATION-LOST" if group.lost else "NP-WIDENED",
                "object": str(subject.key),
                "direction": group.direction,
                "connections": tuple(_connections(group.held)),
            }
        ),
        side=cause.side,
        details=(Graph(tuple(_edges(group.held))),),
    )


def _unserved(after: State, found: Widening) -> bool:
    """Whether the pods that are reached show what they serve, and it is none of these ports."""
    if not isinstance(found.target, PodGroup):
        return False
    served = services(after).exposed(found.target)
    return bool(served) and not served & found.ports


def _spaces(group: _Group) -> tuple[str, ...]:
    """The namespaces of the pods whose policies changed."""
    ends = group.targets if group.direction == "ingress" else group.sources
    return tuple(dict.fromkeys(end.namespace for end in ends if isinstance(end, PodGroup)))


def _severity(group: _Group) -> Severity:
    """How bad it is; no error where the pods whose policies changed are not to be seen."""
    ends = group.targets if group.direction == "ingress" else group.sources
    seen = any(isinstance(end, PodGroup) for end in ends)
    return _open_severity(group) if seen else Severity.WARNING


def _open_severity(group: _Group) -> Severity:
    anywhere = group.direction == "ingress" and any(
        source == ANY_POD or (isinstance(source, Addresses) and source.everywhere)
        for source in group.sources
    )
    return Severity.ERROR if group.lost or anywhere else Severity.WARNING


def _message(group: _Group) -> str:
    sources, targets = words_of(group.sources), words_of(group.targets)
    text = f"{sources[0].upper()}{sources[1:]} can now reach {targets} on {group.ports}"
    if group.lost:
        what = "isolates" if group.direction == "ingress" else "limits"
        whom = group.targets if group.direction == "ingress" else group.sources
        text += f", as no policy {what} {'it' if len(whom) == 1 else 'them'} any more"
    return text


def _connections(held: Iterable[Widening]) -> Iterator[Mapping[str, Value]]:
    for found in tuple(held)[:_CONNECTIONS]:
        yield MappingProxyType(
            {"from": name_of(found.source), "to": name_of(found.target), "ports": str(found.ports)}
        )


def _edges(held: tuple[Widening, ...]) -> Iterator[tuple[str, str, str]]:
    for found in held[:_EDGES]:
        yield name_of(found.source), name_of(found.target), str(found.ports)
