"""The pods that a change touches: what of the pods that a selector selects may differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from bot.core.state import State, changes
from bot.kubernetes.selectors import Selector
from bot.kubernetes.workloads.population import RUNNING, PodGroup, pods_of
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class TouchedPods:
    """Pods of base and of head, by namespace."""

    groups: Mapping[str, tuple[PodGroup, ...]]

    @classmethod
    def of(cls, pods: Iterable[PodGroup]) -> TouchedPods:
        """These pods by namespace."""
        groups: dict[str, list[PodGroup]] = {}
        for group in pods:
            groups.setdefault(group.namespace, []).append(group)
        return cls(MappingProxyType({space: tuple(held) for space, held in groups.items()}))

    @property
    def all(self) -> tuple[PodGroup, ...]:
        """The pods of all namespaces."""
        return tuple(group for groups in self.groups.values() for group in groups)

    def has(self, namespace: str, selector: Selector) -> bool:
        """Whether a selector selects, or may select, any of the pods of a namespace."""
        return any(
            group.selected_by(selector) is not False for group in self.groups.get(namespace, ())
        )


def changed_pods(before: State, after: State) -> TouchedPods:
    """The pods of the workloads that differ, as base and as head has them."""
    return after.against(before, _changed_pods)


def _changed_pods(before: State, after: State) -> TouchedPods:
    owners = (
        owner
        for change in changes(before, after, *RUNNING)
        for owner in (change.before, change.after)
        if owner is not None
    )
    return TouchedPods.of(group for owner in owners for group in owner.derived(pods_of))
