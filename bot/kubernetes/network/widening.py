"""One newly possible connection, and an end of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from bot.core.resource import ResourceKey
from bot.kubernetes.causes import ChangedPosition
from bot.kubernetes.network.connection_ends import Anywhere, ConnectionEnd
from bot.kubernetes.network.difference import NetworkDiff
from bot.kubernetes.network.peers import ANY_POD
from bot.kubernetes.network.traffic import Direction
from bot.kubernetes.ports import Ports
from bot.kubernetes.workloads.population import PodGroup
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Widening:
    """Ports of `target` that `source` can newly reach, and the field that causes it.

    `direction` is the direction of the policies that changed. `lost` means that no policy isolates
    their pods in it any more.
    """

    source: ConnectionEnd
    target: ConnectionEnd
    direction: Direction
    ports: Ports
    cause: ChangedPosition
    lost: bool = False


EndName: TypeAlias = ConnectionEnd | tuple[ResourceKey, int]


def name_of(end: ConnectionEnd) -> EndName:
    """What identifies an end in both states: the key of a group of pods, else the end."""
    return end.key if isinstance(end, PodGroup) else end


@dataclass(frozen=True, slots=True)
class WideningEnd:
    """Some pods and a direction: one end of connections that may be new.

    `exceptions`: look at every pod of the cluster where an arbitrary pod does not gain the same.
    """

    between: NetworkDiff
    pods: PodGroup | Anywhere
    direction: Direction
    exceptions: bool = False

    def connections(
        self, other: ConnectionEnd, cause: ChangedPosition, within: Ports
    ) -> Iterator[Widening]:
        """The new connections with another end on the ports `within`.

        Where an arbitrary pod of a namespace does not gain all of them, each of its pods is looked
        at: some may gain what the others do not.
        """
        own_name = name_of(self.pods)
        if name_of(other) == own_name:
            return
        ports = self._new(other) & within
        if ports:
            yield self.widening(other, ports, cause)
        rest = within - ports
        for pods in self._members(other) if rest else ():
            more = self._new(pods) & rest
            if more and pods.key != own_name:
                yield self.widening(pods, more, cause)

    def _members(self, other: ConnectionEnd) -> Iterator[PodGroup]:
        """The pods that an arbitrary pod of a namespace, or of the cluster, stands for."""
        if not isinstance(other, Anywhere) or other.labels:
            return
        population = self.between.after.population
        if other.namespace_labels is None:
            yield from population.in_namespace(other.namespace)
        elif other == ANY_POD and self.exceptions:
            for space in population.namespaces:
                yield from population.in_namespace(space)

    def _ends(self, other: ConnectionEnd) -> tuple[ConnectionEnd, ConnectionEnd]:
        """The source and the target of a connection."""
        return (other, self.pods) if self.direction == "ingress" else (self.pods, other)

    def _new(self, other: ConnectionEnd) -> Ports:
        return self.between.new_ports(*self._ends(other))

    def widening(self, other: ConnectionEnd, ports: Ports, cause: ChangedPosition) -> Widening:
        """The connection with the other end as a value."""
        return Widening(*self._ends(other), self.direction, ports, cause)
