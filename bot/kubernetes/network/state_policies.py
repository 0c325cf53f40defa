"""The network policies of a state, of every modelled kind, as traffic policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
from bot.kubernetes.workloads.population import PodSelection, Population, population
from bot.kubernetes.workloads.template_paths import TEMPLATED
from bot.records import dataclass

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


def _resource_policies(resource: Resource) -> tuple[TrafficPolicy, ...]:
    return tuple(_READERS[resource.group_kind](resource))


@dataclass(frozen=True)
class Policies:
    """The network policies of a state, and the pods that they and their peers select."""

    state: State
    population: Population

    @cached_property
    def _by_key(self) -> Mapping[ResourceKey, tuple[TrafficPolicy, ...]]:
        return MappingProxyType(
            {
                resource.key: resource.derived(_resource_policies)
                for resource in self.state.of(*POLICY_KINDS)
            }
        )

    def of(self, resource: Resource) -> tuple[TrafficPolicy, ...]:
        """The traffic policies of a resource, including those that the API refuses."""
        return self._by_key.get(resource.key, ())

    @cached_property
    def valid(self) -> tuple[TrafficPolicy, ...]:
        """The policies that the API accepts, in the order of the state."""
        return tuple(
            policy for listed in self._by_key.values() for policy in listed if not policy.refusals
        )

    def subjects(self, policy: TrafficPolicy) -> PodSelection:
        """The pods whose traffic a policy decides, including host-network pods."""
        return self.peers(policy, policy.subject)

    def peers(self, policy: TrafficPolicy, peer: PodPeer) -> PodSelection:
        """The pods of the state that a peer of this policy selects."""
        pods: list[PodSelection] = [
            self.population.select(space, peer.pods) for space in self.spaces(policy, peer)
        ]
        if len(pods) == 1:
            return pods[0]
        return PodSelection(
            tuple(group for selection in pods for group in selection.pods),
            tuple(group for selection in pods for group in selection.possible),
        )

    def spaces(self, policy: TrafficPolicy, peer: PodPeer) -> Iterator[str]:
        """The known namespaces that a peer of this policy certainly reaches."""
        if peer.namespaces is None:
            yield policy.resource.namespace or ""
        else:
            yield from self.population.scope(peer.namespaces)


def policies(state: State) -> Policies:
    """The network policies of a state."""
    return state.derived(_policies)


def _policies(state: State) -> Policies:
    return Policies(state, population(state))
