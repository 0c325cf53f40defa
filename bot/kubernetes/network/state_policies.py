"""The network policies of a state, of every modelled kind, as traffic policies."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import field
from operator import itemgetter
from types import MappingProxyType
from typing import Final

from bot.core.resource import GroupKind, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.network.admin_policies import admin_policies
from bot.kubernetes.network.cilium import cilium_policies
from bot.kubernetes.network.outline import subject_of
from bot.kubernetes.network.policies import network_policies
from bot.kubernetes.network.traffic import PodPeer, TrafficPolicy
from bot.kubernetes.workloads.population import PodSelection, Population, population
from bot.kubernetes.workloads.template_paths import TEMPLATED, added_by_controllers
from bot.records import cached_property, dataclass

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

_BEYOND_NAMESPACES: Final = tuple(kind for kind in POLICY_KINDS if kind != kinds.NETWORK_POLICY)

NETWORK_KINDS: Final = (*POLICY_KINDS, kinds.SERVICE, kinds.NAMESPACE, *TEMPLATED)
"""The kinds that decide together how packets travel."""


def _resource_policies(resource: Resource) -> tuple[TrafficPolicy, ...]:
    return tuple(_READERS[resource.group_kind](resource))


@dataclass(frozen=True)
class Policies:
    """The network policies of a state, and the pods that they and their peers select.

    A policy is modelled when it is first asked for, once for base and head where they share it.
    """

    state: State
    population: Population
    _subjects: dict[str, _Subjects] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def of(self, resource: Resource) -> tuple[TrafficPolicy, ...]:
        """The traffic policies of a resource, including those that the API refuses."""
        current = self.state.get(resource.key)
        if current is None or current.group_kind not in _READERS:
            return ()
        return current.derived(_resource_policies)

    @cached_property
    def valid(self) -> tuple[TrafficPolicy, ...]:
        """The policies that the API accepts, in the order of the state."""
        return tuple(self._accepted(self.state.of(*POLICY_KINDS)))

    @cached_property
    def wide(self) -> tuple[TrafficPolicy, ...]:
        """Those of `valid` whose subjects may be in several namespaces."""
        return tuple(
            policy
            for policy in self._accepted(self.state.of(*_BEYOND_NAMESPACES))
            if policy.subject.namespaces is not None
        )

    def around(self, space: str, labels: Mapping[str, str]) -> tuple[TrafficPolicy, ...]:
        """Those of `valid` in a namespace that may select pods with these labels, in its order."""
        if space not in self._subjects:
            self._subjects[space] = _Subjects(self.state.of(*POLICY_KINDS, namespace=space))
        return tuple(self._accepted(self._subjects[space].around(labels)))

    def among(self, keys: Container[ResourceKey]) -> tuple[TrafficPolicy, ...]:
        """Those of `valid` whose resources have one of these keys."""
        resources = self.state.of(*POLICY_KINDS)
        return tuple(self._accepted(each for each in resources if each.key in keys))

    @staticmethod
    def _accepted(resources: Iterable[Resource]) -> Iterator[TrafficPolicy]:
        for resource in resources:
            for policy in resource.derived(_resource_policies):
                if not policy.refusals:
                    yield policy

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


class _Subjects:
    """The policies of one namespace, by a label that each pod must have which they select."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._by_label: dict[tuple[str, str], list[tuple[int, Resource]]] = {}
        self._others: list[tuple[int, Resource]] = []
        for place in enumerate(resources):
            labels = (subject_of(place[1]) or {}).items()
            telling = next((label for label in labels if not added_by_controllers(label[0])), None)
            held = self._others if telling is None else self._by_label.setdefault(telling, [])
            held.append(place)

    def around(self, labels: Mapping[str, str]) -> Iterator[Resource]:
        """Yield the policies that may select pods with these labels, in their order."""
        places = [place for label in labels.items() for place in self._by_label.get(label, ())]
        for _, resource in sorted((*self._others, *places), key=itemgetter(0)):
            yield resource


def policies(state: State) -> Policies:
    """The network policies of a state."""
    return state.derived(_policies)


def _policies(state: State) -> Policies:
    return Policies(state, population(state))
