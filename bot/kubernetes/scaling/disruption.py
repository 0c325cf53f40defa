"""PodDisruptionBudgets under which no pod may ever be evicted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from bot.core.finding import Severity
from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.checks import ChangeReach, Violation
from bot.kubernetes.scaling.autoscalers import SCALED, target_of
from bot.kubernetes.selectors import Selector, label_selector
from bot.kubernetes.workloads.pods import str_of
from bot.kubernetes.workloads.population import PodGroup, population
from bot.patterns import pattern
from bot.records import dataclass

_PERCENT: Final = pattern(r"(\d{1,4})%")


@dataclass(frozen=True, slots=True)
class _Amount:
    """A number of pods, or a share of them in percent."""

    number: int
    percent: bool

    def of(self, replicas: int) -> int:
        """The number of pods out of so many; a share is rounded up, as the controller does."""
        return math.ceil(self.number * replicas / 100) if self.percent else self.number


def check_disruption_budgets(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """The budgets of these namespaces that allow no eviction however healthy the pods are."""
    for budget in state.of(kinds.POD_DISRUPTION_BUDGET):
        if budget.namespace in reach:
            yield from _blocking(state, budget)


def _blocking(state: State, budget: Resource) -> Iterator[Violation]:
    spec = budget.at("spec")
    groups = _selected(state, budget, label_selector(spec["selector"]))
    replicas = None if groups is None else _replicas(state, groups)
    for field in ("maxUnavailable", "minAvailable"):
        node = spec[field]
        amount = _amount(node)
        if amount is None or not groups:
            continue
        why = _why(field, amount, replicas)
        if why:
            names = " and ".join(str(group) for group in groups[:2])
            counts = (group.template.owner.at("spec", "replicas") for group in groups)
            yield Violation(
                "DISRUPTION-BLOCKED",
                budget,
                (field,),
                f"{str_of(budget)} lets no pod of {names} be evicted, as {why}: a node with one of "
                "them cannot be drained",
                (node, spec["selector"], *counts),
                facts=MappingProxyType({"field": field, "replicas": replicas}),
            )


def check_shared_pods(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """The pods of these namespaces that two budgets select: no eviction of them is ever allowed.

    https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/registry/core/pod/storage/eviction.go
    """
    budgets: dict[tuple[ResourceKey, int], Resource] = {}
    for budget in reach.resources(state, kinds.POD_DISRUPTION_BUDGET):
        selector = budget.at("spec", "selector")
        for group in _selected(state, budget, label_selector(selector)) or ():
            first = budgets.setdefault(group.key, budget)
            if first is not budget:
                labels = group.template.node.at("metadata", "labels")
                yield Violation(
                    "DISRUPTION-SHARED",
                    budget,
                    (str(first.key), str(group)),
                    f"{str_of(budget)} and {str_of(first)} both select the pods of {group}: with "
                    "two budgets no pod is ever evicted, so a node that runs one cannot be drained",
                    (selector, first.at("spec", "selector"), labels),
                    Severity.WARNING,
                )


def _why(field: str, amount: _Amount, replicas: int | None) -> str:
    if field == "maxUnavailable":
        return "maxUnavailable is 0" if amount.number == 0 else ""
    if amount.percent and amount.number >= 100:
        return "minAvailable is 100%"
    if replicas and amount.of(replicas) >= replicas:
        return f"minAvailable is {amount.of(replicas)} of {replicas}"
    return ""


def _amount(node: Node) -> _Amount | None:
    if node.integer is not None:
        return _Amount(node.integer, percent=False)
    match = _PERCENT.fullmatch(node.text or "")
    return None if match is None else _Amount(int(match.group(1)), percent=True)


def _selected(
    state: State, budget: Resource, selector: Selector | None
) -> tuple[PodGroup, ...] | None:
    if selector is None or selector.invalid is not None:
        return None
    return population(state).select(budget.namespace or "", selector).pods


def _replicas(state: State, groups: tuple[PodGroup, ...]) -> int | None:
    """How many pods there are; None where a number is not known or an autoscaler sets it."""
    scaled = {
        target.key
        for autoscaler in state.of(kinds.HORIZONTAL_POD_AUTOSCALER)
        if (target := target_of(autoscaler)) is not None
    }
    total = 0
    for group in groups:
        owner = group.template.owner
        if owner.group_kind not in SCALED or owner.key in scaled:
            return None
        replicas = owner.at("spec", "replicas")
        count = 1 if not replicas.exists else replicas.integer
        if count is None:
            return None
        total += count
    return total
