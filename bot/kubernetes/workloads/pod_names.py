"""Pods in words: whose they are, and which come closest to what is asked for."""

from __future__ import annotations

from collections.abc import Iterable

from bot.core.resource import Resource
from bot.kubernetes.selectors import Requirement, Selector
from bot.kubernetes.workloads.population import PodGroup, Population


def named(pods: Iterable[PodGroup]) -> str:
    """The owners of these pods in words, at most two of them by name."""
    names = list(dict.fromkeys(map(str, pods)))
    if len(names) > 2:
        return f"{', '.join(names[:2])} and {len(names) - 2} more"
    return " and ".join(names)


def nearest(found: Population, subject: Resource, selector: Selector) -> str:
    """The pods that come closest to what a selector of this resource asks for, in words."""
    told = [held for held in selector.requirements if held.operator == "In"]
    best = max(
        found.in_namespace(subject.namespace or ""),
        key=lambda pods: (
            sum(held.holds(pods.labels) for held in told),
            pods.template.owner.name == subject.name,
        ),
        default=None,
    )
    if best is None:
        return ""
    wrong = [f"{held.key}={best.labels[held.key]}" for held in told if _differs(held, best)]
    return f" ({best} has {', '.join(wrong)})" if wrong and len(wrong) < 3 else ""


def _differs(requirement: Requirement, pods: PodGroup) -> bool:
    return requirement.key in pods.labels and not requirement.holds(pods.labels)
