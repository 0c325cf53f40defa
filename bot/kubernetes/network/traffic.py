"""Traffic policies: one form for every kind of network policy."""

from __future__ import annotations

from dataclasses import field
from enum import IntEnum
from typing import Final, Literal, TypeAlias

from bot.core.resource import Node, Resource
from bot.kubernetes.addresses import Addresses
from bot.kubernetes.ports import EVERY_PORT, HIGHEST, Ports
from bot.kubernetes.selectors import Selector
from bot.kubernetes.workloads.population import PodGroup
from bot.records import cached_property, dataclass

Direction: TypeAlias = Literal["ingress", "egress"]
Action: TypeAlias = Literal["allow", "deny", "pass"]

DIRECTIONS: Final[tuple[Direction, ...]] = ("ingress", "egress")


class Tier(IntEnum):
    """The order of evaluation: administrators' policies first, their baseline last."""

    ADMIN = 0
    ORDINARY = 1
    BASELINE = 2


@dataclass(frozen=True, slots=True)
class PortTerm:
    """A port of a rule: numbers from `low` to `high`, or a port name of the receiving pod.

    `node` is the field of the number or name, or the list item where neither is written.
    """

    node: Node
    protocols: tuple[str, ...]
    low: int = 1
    high: int = HIGHEST
    name: str = ""

    @property
    def value(self) -> int | str:
        """The port as the policy writes it: a number, a name, or `FIRST-LAST`."""
        return self.name or (self.low if self.low == self.high else f"{self.low}-{self.high}")

    @property
    def single(self) -> int | None:
        """The port number, where the term is exactly one number."""
        return self.low if not self.name and self.low == self.high else None

    def numbers(self) -> Ports:
        """The ports that the term names by number."""
        protocols = () if self.name else self.protocols
        return Ports.union(Ports.of(protocol, self.low, self.high) for protocol in protocols)

    def on(self, pods: PodGroup | None) -> Ports:
        """The ports that the term means on these pods; None: the receiver is not a pod."""
        if not self.name or pods is None:
            return self.numbers()
        named = (pods.resolve(self.name, protocol) for protocol in self.protocols)
        return Ports.union(Ports.of(port.protocol, port.number) for port in named if port)

    def __str__(self) -> str:
        protocol = "" if self.protocols == ("TCP",) else f"{'/'.join(self.protocols)} "
        return f"{protocol}{self.value}"


@dataclass(frozen=True, slots=True)
class PodPeer:
    """Pods selected by labels, in namespaces selected by labels.

    `namespaces` is None for the policy's own namespace.
    """

    node: Node
    namespaces: Selector | None
    pods: Selector


@dataclass(frozen=True, slots=True)
class BlockPeer:
    """Addresses outside the cluster; no pod has one of them."""

    node: Node
    addresses: Addresses


@dataclass(frozen=True, slots=True)
class UnjudgedPeer:
    """A peer whose addresses no manifest shows: a domain name, a node, a group."""

    node: Node


Peer: TypeAlias = PodPeer | BlockPeer | UnjudgedPeer


@dataclass(frozen=True)
class TrafficRule:
    """A rule of a policy. `peers` None means anyone, `ports` None every port.

    `judged` is False where the rule has conditions beyond peers and ports.
    """

    node: Node
    direction: Direction
    peers: tuple[Peer, ...] | None
    ports: tuple[PortTerm, ...] | None
    action: Action = "allow"
    judged: bool = True

    def on(self, pods: PodGroup | None) -> Ports:
        """The ports that the rule applies to where these pods receive."""
        if self.ports is None:
            return EVERY_PORT
        if any(term.name for term in self.ports):
            return Ports.union(term.on(pods) for term in self.ports)
        return self._numbers

    @cached_property
    def addresses(self) -> Addresses:
        """The addresses among the peers."""
        return Addresses.union(
            peer.addresses for peer in self.peers or () if isinstance(peer, BlockPeer)
        )

    @cached_property
    def identity(self) -> tuple[object, ...]:
        """Equal for two rules of the same policy with the same content."""
        return (self.node.resource.key, self.direction, self.action, repr(self.node.value))

    @cached_property
    def _numbers(self) -> Ports:
        return Ports.union(term.numbers() for term in self.ports or ())


@dataclass(frozen=True, slots=True)
class PolicyRefusal:
    """Why the API refuses a policy, at the field that is wrong; `value` is the valid value."""

    node: Node
    reason: str
    value: int | None = None


@dataclass(frozen=True)
class TrafficPolicy:
    """A policy of any kind: which pods it applies to, in which directions, and its rules.

    `isolates` are the directions in which the pods accept only what a policy allows. A policy with
    `refusals` is refused by the API and has no effect. `idle` are rules of directions that are not
    in force.
    """

    resource: Resource
    subject: PodPeer
    isolates: frozenset[Direction]
    rules: tuple[TrafficRule, ...]
    tier: Tier = Tier.ORDINARY
    priority: int = 0
    refusals: tuple[PolicyRefusal, ...] = ()
    idle: tuple[TrafficRule, ...] = field(default=())

    def of(self, direction: Direction) -> tuple[TrafficRule, ...]:
        """The rules in force of one direction, in their order."""
        return self._rules[direction]

    @cached_property
    def _rules(self) -> dict[Direction, tuple[TrafficRule, ...]]:
        return {
            direction: tuple(rule for rule in self.rules if rule.direction == direction)
            for direction in DIRECTIONS
        }
