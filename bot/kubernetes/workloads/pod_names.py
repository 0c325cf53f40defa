"""Pods in words: who owns them, and which pods come closest to a selector."""

from __future__ import annotations

from collections.abc import Iterable

from bot.core.resource import Resource
from bot.core.words import first_of, series
from bot.kubernetes.selectors import Requirement, Selector
from bot.kubernetes.workloads.population import PodGroup, Population


def named(pods: Iterable[PodGroup]) -> str:
    """The owners of these pods in words, at most two of them by name."""
    names = list(dict.fromkeys(map(str, pods)))
    return first_of(names, 2) if len(names) > 2 else series(names)


def nearest(population: Population, subject: Resource, selector: Selector) -> str:
    """The pods that come closest to matching a selector of this resource, in words."""
    equalities = [
        requirement for requirement in selector.requirements if requirement.operator == "In"
    ]
    best = max(
        population.in_namespace(subject.namespace or ""),
        key=lambda pods: (
            sum(requirement.holds(pods.labels) for requirement in equalities),
            pods.template.owner.name == subject.name,
        ),
        default=None,
    )
    if best is None:
        return ""
    wrong = [
        f"{requirement.key}={best.labels[requirement.key]}"
        for requirement in equalities
        if _differs(requirement, best)
    ]
    return f" ({best} has {', '.join(wrong)})" if wrong and len(wrong) < 3 else ""


def _differs(requirement: Requirement, pods: PodGroup) -> bool:
    return requirement.key in pods.labels and not requirement.holds(pods.labels)
