"""Ports on the wire as sets of (protocol, number), and the ports that containers declare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from bot.core.resource import Node
from bot.patterns import pattern
from bot.records import dataclass

PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
HIGHEST: Final = 65535
_SPAN: Final = HIGHEST + 1
_FEW: Final = 10
# IsValidPortName:
# https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/validation.go
_PORT_NAME: Final = pattern(r"(?=.*[a-z])[a-z0-9](?:-?[a-z0-9]){0,14}")


@dataclass(frozen=True, slots=True)
class Ports:
    """A set of ports of all protocols: one bit for each port, so that comparing is fast."""

    bits: int = 0

    @classmethod
    def of(cls, protocol: str, low: int, high: int | None = None) -> Ports:
        """The ports from `low` to `high` of one protocol, both included."""
        last = low if high is None else high
        if protocol not in PROTOCOLS or not 0 < low <= last <= HIGHEST:
            return cls()
        first = PROTOCOLS.index(protocol) * _SPAN + low
        return cls(((1 << (last - low + 1)) - 1) << first)

    @classmethod
    def union(cls, sets: Iterable[Ports]) -> Ports:
        """The ports that are in any of these sets."""
        bits = 0
        for ports in sets:
            bits |= ports.bits
        return cls(bits)

    def __or__(self, other: Ports) -> Ports:
        return Ports(self.bits | other.bits)

    def __and__(self, other: Ports) -> Ports:
        return Ports(self.bits & other.bits)

    def __sub__(self, other: Ports) -> Ports:
        return Ports(self.bits & ~other.bits)

    def __bool__(self) -> bool:
        return bool(self.bits)

    def __contains__(self, port: tuple[str, int]) -> bool:
        return bool(self & Ports.of(*port))

    def ranges(self) -> Iterator[tuple[str, int, int]]:
        """The ports as (protocol, first, last), in order."""
        for index, protocol in enumerate(PROTOCOLS):
            rest = (self.bits >> (index * _SPAN)) & ((1 << _SPAN) - 1)
            base = 0
            while rest:
                skip = (rest & -rest).bit_length() - 1
                rest >>= skip
                length = (~rest & (rest + 1)).bit_length() - 1
                yield protocol, base + skip, base + skip + length - 1
                rest >>= length
                base += skip + length

    @property
    def count(self) -> int:
        """The number of ports in the set."""
        return self.bits.bit_count()

    def __str__(self) -> str:
        """`TCP 80, 443 and UDP 53`, or `every port`."""
        rest = EVERY_PORT - self
        if not rest:
            return "every port"
        if rest.count < _FEW:
            return f"every port but {rest}"
        groups: dict[str, list[str]] = {}
        for protocol, low, high in self.ranges():
            text = str(low) if low == high else f"{low}-{high}"
            groups.setdefault(protocol, []).append(
                "every port" if high - low == HIGHEST - 1 else text
            )
        return " and ".join(
            f"{protocol} {', '.join(ranges)}" for protocol, ranges in groups.items()
        )


EVERY_PORT: Final = Ports.union(Ports.of(protocol, 1, HIGHEST) for protocol in PROTOCOLS)
"""All ports of all protocols."""


@dataclass(frozen=True, slots=True)
class ContainerPort:
    """A port that a container declares. Declaring opens nothing and hides nothing."""

    node: Node
    number: int
    name: str
    protocol: str


def container_ports(container: Node) -> Iterator[ContainerPort]:
    """The valid ports that a container declares."""
    for node in container["ports"].items():
        number = node["containerPort"].integer
        protocol = protocol_of(node)
        if number is not None and 0 < number <= HIGHEST:
            yield ContainerPort(node, number, node["name"].text or "", protocol)


def probed_ports(container: Node) -> Iterator[int]:
    """The port numbers that the probes of a container connect to."""
    for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
        for way in ("httpGet", "tcpSocket", "grpc"):
            number = container[probe][way]["port"].integer
            if number is not None:
                yield number


def protocol_of(port: Node) -> str:
    """The protocol of a port of a container, Service or policy; TCP is the default."""
    return port["protocol"].text or "TCP"


def is_port_name(text: str) -> bool:
    """Whether the API accepts this text as the name of a port."""
    return _PORT_NAME.fullmatch(text) is not None and len(text) <= 15
