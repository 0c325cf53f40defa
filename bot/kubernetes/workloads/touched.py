"""The pods that a change touches: what of the pods that a selector selects may differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from bot.core.state import State, changes
from bot.kubernetes.selectors import Selector
from bot.kubernetes.workloads.population import RUNNING, PodGroup, pods_of
from bot.kubernetes.workloads.template_paths import added_by_controllers
from bot.records import cached_property, dataclass


@dataclass(frozen=True)
class TouchedPods:
    """Pods of base and of head, by namespace and by label."""

    groups: Mapping[str, tuple[PodGroup, ...]]

    @classmethod
    def of(cls, pods: Iterable[PodGroup]) -> TouchedPods:
        """These pods by namespace."""
        groups: dict[str, list[PodGroup]] = {}
        for group in {id(group): group for group in pods}.values():
            groups.setdefault(group.namespace, []).append(group)
        return cls(MappingProxyType({space: tuple(held) for space, held in groups.items()}))

    @property
    def all(self) -> tuple[PodGroup, ...]:
        """The pods of all namespaces."""
        return tuple(group for groups in self.groups.values() for group in groups)

    def has(self, namespace: str, selector: Selector) -> bool:
        """Whether a selector selects, or may select, any of the pods of a namespace."""
        candidates = self._with(namespace, selector.equalities)
        return any(group.selected_by(selector) is not False for group in candidates)

    def may_have(self, namespace: str, labels: Mapping[str, str]) -> bool:
        """Whether any of the pods of a namespace has, or may come to have, all of these labels."""
        return any(
            all(
                group.labels.get(key) == value or added_by_controllers(key)
                for key, value in labels.items()
            )
            for group in self._with(namespace, labels.items())
        )

    def _with(self, namespace: str, labels: Iterable[tuple[str, str]]) -> tuple[PodGroup, ...]:
        """The pods of a namespace with the first of these labels that only a template can give."""
        label = next((label for label in labels if not added_by_controllers(label[0])), None)
        if label is None:
            return self.groups.get(namespace, ())
        return tuple(self._by_label.get((namespace, *label), ()))

    @cached_property
    def _by_label(self) -> Mapping[tuple[str, str, str], list[PodGroup]]:
        pods: dict[tuple[str, str, str], list[PodGroup]] = {}
        for group in self.all:
            for key, value in group.labels.items():
                pods.setdefault((group.namespace, key, value), []).append(group)
        return pods


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
