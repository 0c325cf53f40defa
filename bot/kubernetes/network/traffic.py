"""What policies say of traffic, in one form for all kinds of policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Final, Literal, TypeAlias

from bot.core.resource import Node, Resource
from bot.kubernetes.addresses import Addresses
from bot.kubernetes.ports import EVERY_PORT, HIGHEST, Ports
from bot.kubernetes.selectors import Selector
from bot.kubernetes.workloads.population import PodGroup

Direction: TypeAlias = Literal["ingress", "egress"]
Action: TypeAlias = Literal["allow", "deny", "pass"]

DIRECTIONS: Final[tuple[Direction, ...]] = ("ingress", "egress")


class Tier(IntEnum):
    """When a policy is asked: the administrator's first, their baseline last."""

    ADMIN = 0
    ORDINARY = 1
    BASELINE = 2


@dataclass(frozen=True, slots=True)
class PortTerm:
    """A port of a policy's rule: numbers from `low` to `high`, or a name on the receiving pod.

    `node` is the number or name itself; where there is none, the item.
    """

    node: Node
    protocols: tuple[str, ...]
    low: int = 1
    high: int = HIGHEST
    name: str = ""

    @property
    def value(self) -> int | str:
        """What the policy says: a number, a name, or `FIRST-LAST`."""
        return self.name or (self.low if self.low == self.high else f"{self.low}-{self.high}")

    @property
    def single(self) -> int | None:
        """The number, where this is exactly one."""
        return self.low if not self.name and self.low == self.high else None

    def numbers(self) -> Ports:
        """The ports that this names by number."""
        found = Ports()
        for protocol in () if self.name else self.protocols:
            found |= Ports.of(protocol, self.low, self.high)
        return found

    def on(self, pods: PodGroup | None) -> Ports:
        """The ports that this means where these pods receive; None: something that is no pod."""
        if not self.name:
            return self.numbers()
        found = Ports()
        for protocol in self.protocols if pods is not None else ():
            port = pods.resolve(self.name, protocol) if pods is not None else None
            if port is not None:
                found |= Ports.of(protocol, port.number)
        return found

    def __str__(self) -> str:
        protocol = "" if self.protocols == ("TCP",) else f"{'/'.join(self.protocols)} "
        return f"{protocol}{self.value}"


@dataclass(frozen=True, slots=True)
class PodPeer:
    """Pods by their labels, in the policy's own namespace or in namespaces by theirs.

    `namespaces` None is the policy's own namespace.
    """

    node: Node
    namespaces: Selector | None
    pods: Selector


@dataclass(frozen=True, slots=True)
class BlockPeer:
    """Addresses, of which no pod of the cluster is one."""

    node: Node
    addresses: Addresses


@dataclass(frozen=True, slots=True)
class UnjudgedPeer:
    """A peer that no manifest can tell the addresses of: a domain name, a node, a group."""

    node: Node


Peer: TypeAlias = PodPeer | BlockPeer | UnjudgedPeer


@dataclass(frozen=True)
class TrafficRule:
    """A rule of a policy. `peers` None is anyone, `ports` None every port.

    `field` is the place that lists the peers, which may not exist. `judged` is False where the
    rule has conditions beyond peers and ports.
    """

    node: Node
    direction: Direction
    peers: tuple[Peer, ...] | None
    ports: tuple[PortTerm, ...] | None
    action: Action = "allow"
    judged: bool = True

    def on(self, pods: PodGroup | None) -> Ports:
        """The ports that this rule is about where these pods receive."""
        if self.ports is None:
            return EVERY_PORT
        if any(term.name for term in self.ports):
            found = Ports()
            for term in self.ports:
                found |= term.on(pods)
            return found
        return self._numbers

    @cached_property
    def addresses(self) -> Addresses:
        """The addresses among the peers."""
        return Addresses.union(
            peer.addresses for peer in self.peers or () if isinstance(peer, BlockPeer)
        )

    @cached_property
    def identity(self) -> tuple[object, ...]:
        """What two rules share that say the same in the same policy."""
        return (self.node.resource.key, self.direction, self.action, repr(self.node.value))

    @cached_property
    def _numbers(self) -> Ports:
        found = Ports()
        for term in self.ports or ():
            found |= term.numbers()
        return found


@dataclass(frozen=True, slots=True)
class PolicyRefusal:
    """Why the API would refuse a policy, at the place that is wrong; `value` would be right."""

    node: Node
    reason: str
    value: int | None = None


@dataclass(frozen=True)
class TrafficPolicy:
    """A policy of any kind: whose traffic it decides, in which directions, and how.

    `isolates` are the directions in which the pods accept only what a policy allows. `refusals`
    not empty: the API would refuse it, and it decides nothing. `idle` are its rules of directions
    that are not in force.
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
