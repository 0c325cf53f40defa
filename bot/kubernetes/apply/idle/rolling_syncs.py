"""Applications that no step of their set's rolling sync syncs, and that nothing syncs then.

https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Progressive-Syncs/ and
https://github.com/argoproj/argo-cd/blob/master/applicationset/progressivesync/progressive_sync.go
"""

from __future__ import annotations

from typing import Final

from bot.core.resource import Node, Resource
from bot.kubernetes import kinds
from bot.kubernetes.gitops.unknowns import holds_unknown

_NONE_AT_ONCE: Final = (0, "0%")


def unselected_by(owner: Resource) -> Node | None:
    """Return the steps of a set that sync none of its Applications, as far as is known.

    A step whose `maxUpdate` is zero leaves what it selects to people.
    """
    strategy = owner.at("spec", "strategy")
    is_set = owner.group_kind == kinds.APPLICATION_SET
    if not is_set or strategy["type"].text != "RollingSync":
        return None
    labels = owner.at("spec", "template", "metadata", "labels")
    steps = strategy["rollingSync"]["steps"]
    is_selected = any(
        all(_may_fit(expression, labels) for expression in step["matchExpressions"].items())
        for step in steps.items()
        if step["maxUpdate"].value not in _NONE_AT_ONCE
    )
    return None if is_selected else steps


def _may_fit(expression: Node, labels: Node) -> bool:
    """Whether the labels of an Application fit; those of a template may get any value."""
    label = labels[expression["key"].text or ""]
    if label.text is not None and ("{{" in label.text or holds_unknown(label.text)):
        return True
    is_listed = label.text in expression["values"].texts
    return is_listed if expression["operator"].text == "In" else not is_listed
