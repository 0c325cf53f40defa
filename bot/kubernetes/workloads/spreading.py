"""Spreading: workloads whose replicas nothing keeps apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.checks import ChangeReach, Violation
from bot.kubernetes.selectors import matches
from bot.kubernetes.workloads.pods import PodTemplate, effective_pod_templates, str_of
from bot.records import dataclass

REPLICATED: Final = (
    kinds.DEPLOYMENT,
    kinds.STATEFUL_SET,
    kinds.REPLICA_SET,
    kinds.REPLICATION_CONTROLLER,
    kinds.ROLLOUT,
    kinds.DEPLOYMENT_CONFIG,
)
"""The kinds whose replicas are alike and can be on any node."""

_TERMS: Final = "DuringSchedulingIgnoredDuringExecution"


@dataclass(frozen=True, slots=True)
class Spreading:
    """The question which workloads of at least `replicas` pods nothing spreads."""

    replicas: int

    def ask(self, state: State, reach: ChangeReach) -> Iterator[Violation]:
        """The workloads of these namespaces whose replicas may all run on one node."""
        scaled = _scaled(state)
        # Another resource may decide how many replicas there are, and what template a Rollout has.
        every = reach.changes_any(kinds.HORIZONTAL_POD_AUTOSCALER)
        for resource in reach.resources(state, *REPLICATED):
            if not (every or reach.changes(resource) or resource.group_kind == kinds.ROLLOUT):
                continue
            replicas = resource.at("spec", "replicas")
            minimum = scaled.get(resource.key)
            count = (minimum.integer or 1) if minimum is not None else (replicas.integer or 0)
            if count >= self.replicas:
                places = (replicas, *(() if minimum is None else (minimum,)))
                yield from _unspread(state, resource, count, places)


def _scaled(state: State) -> dict[ResourceKey, Node]:
    """The smallest replica counts that autoscalers keep, by target."""
    targets = {}
    for scaler in state.of(kinds.HORIZONTAL_POD_AUTOSCALER):
        target = scaler.at("spec", "scaleTargetRef")
        group = (target["apiVersion"].text or "").rpartition("/")[0]
        key = ResourceKey(
            group, target["kind"].text or "", scaler.namespace, target["name"].text or ""
        )
        targets[key] = scaler.at("spec", "minReplicas")
    return targets


def _unspread(
    state: State, resource: Resource, count: int, places: tuple[Node, ...]
) -> Iterator[Violation]:
    for template in effective_pod_templates(resource, state):
        if not _spread(template):
            affinity, spread = template.spec["affinity"], template.spec["topologySpreadConstraints"]
            yield Violation(
                "PODS-NOT-SPREAD",
                resource,
                (),
                f"{str_of(resource)} has {count} replicas, and nothing keeps them apart: all may "
                "run on one node",
                (*places, *_selectors(spread), spread, affinity, resource.at("metadata", "name")),
            )


def _selectors(spread: Node) -> Iterator[Node]:
    return (constraint["labelSelector"] for constraint in spread.items())


def _spread(template: PodTemplate) -> bool:
    """Whether a constraint or an anti-affinity applies to the template's own pods."""
    for constraint in template.spec["topologySpreadConstraints"].items():
        if matches(constraint["labelSelector"], template.labels):
            return True
    apart = template.spec["affinity"]["podAntiAffinity"]
    required = tuple(apart[f"required{_TERMS}"].items())
    preferred = (node["podAffinityTerm"] for node in apart[f"preferred{_TERMS}"].items())
    return any(
        matches(term["labelSelector"], template.labels) and _sees(term, template.namespace)
        for term in (*required, *preferred)
    )


def _sees(term: Node, namespace: str) -> bool:
    """Whether a term looks at the pods' own namespace, as it does unless it names others."""
    if term["namespaceSelector"].exists and term["namespaceSelector"].value is not None:
        return True  # which namespaces it selects is not looked up
    names = term["namespaces"].texts
    return not names or namespace in names
