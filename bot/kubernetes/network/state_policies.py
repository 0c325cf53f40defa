"""The network policies of a state, of every kind that is known, in one form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final

from bot.core.resource import GroupKind, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.network.admin_policies import admin_policies
from bot.kubernetes.network.cilium import cilium_policies
from bot.kubernetes.network.policies import network_policies
from bot.kubernetes.network.traffic import PodPeer, TrafficPolicy
from bot.kubernetes.workloads.pods import TEMPLATED
from bot.kubernetes.workloads.population import PodSelection, Population, population

_READERS: Final[Mapping[GroupKind, Callable[[Resource], Iterator[TrafficPolicy]]]] = (
    MappingProxyType(
        {
            kinds.NETWORK_POLICY: network_policies,
            kinds.CILIUM_NETWORK_POLICY: cilium_policies,
            kinds.CILIUM_CLUSTERWIDE_NETWORK_POLICY: cilium_policies,
            kinds.ADMIN_NETWORK_POLICY: admin_policies,
            kinds.BASELINE_ADMIN_NETWORK_POLICY: admin_policies,
            kinds.CLUSTER_NETWORK_POLICY: admin_policies,
        }
    )
)
POLICY_KINDS: Final = tuple(_READERS)
"""The kinds of policy whose effect is known."""

NETWORK_KINDS: Final = (*POLICY_KINDS, kinds.SERVICE, kinds.NAMESPACE, *TEMPLATED)
"""The kinds that decide together how packets travel."""


@dataclass(frozen=True)
class Policies:
    """The policies of a state that the API takes, and the pods that they and their peers select."""

    state: State
    population: Population

    @cached_property
    def _by_key(self) -> Mapping[ResourceKey, tuple[TrafficPolicy, ...]]:
        return MappingProxyType(
            {
                found.key: tuple(_READERS[found.group_kind](found))
                for found in self.state.of(*POLICY_KINDS)
            }
        )

    def of(self, resource: Resource) -> tuple[TrafficPolicy, ...]:
        """The policies that a resource of this state is, also if the API refuses them."""
        return self._by_key.get(resource.key, ())

    @cached_property
    def valid(self) -> tuple[TrafficPolicy, ...]:
        """The policies that the API takes, in the order of the state."""
        return tuple(
            found for held in self._by_key.values() for found in held if not found.refusals
        )

    def subjects(self, policy: TrafficPolicy) -> PodSelection:
        """The pods whose traffic a policy decides, host-network pods among them."""
        return self.peers(policy, policy.subject)

    def peers(self, policy: TrafficPolicy, peer: PodPeer) -> PodSelection:
        """The pods of the state that a peer of this policy means."""
        pods: list[PodSelection] = [
            self.population.select(space, peer.pods) for space in self.spaces(policy, peer)
        ]
        if len(pods) == 1:
            return pods[0]
        return PodSelection(
            tuple(held for found in pods for held in found.pods),
            tuple(held for found in pods for held in found.possible),
        )

    def spaces(self, policy: TrafficPolicy, peer: PodPeer) -> Iterator[str]:
        """The known namespaces that a peer of this policy reaches into for certain."""
        if peer.namespaces is None:
            yield policy.resource.namespace or ""
        else:
            yield from self.population.scope(peer.namespaces)


def policies(state: State) -> Policies:
    """The network policies of a state."""
    return state.derived(_policies)


def _policies(state: State) -> Policies:
    return Policies(state, population(state))
