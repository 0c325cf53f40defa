"""What Kyverno deletes on a schedule, as guards that keep all that it does not delete.

https://kyverno.io/docs/policy-types/deleting-policy/
https://kyverno.io/docs/policy-types/cleanup-policy/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.finding import Severity
from bot.core.resource import GroupKind, Node
from bot.core.state import State
from bot.kubernetes.guardrails.admission import same_text
from bot.kubernetes.guardrails.formulas import Formula, Not, Opaque, Test, every
from bot.kubernetes.guardrails.guards import Clause, Guard, GuardField, GuardRoots
from bot.kubernetes.guardrails.kyverno_match import matched
from bot.kubernetes.guardrails.matching import NAMESPACE, conditions, match_fields, matches
from bot.kubernetes.guardrails.targets import kyverno_targets, resource_targets

DELETIONS: Final = "deletions"
"""The family of these guards."""

_DELETING: Final = tuple(
    GroupKind("policies.kyverno.io", kind)
    for kind in ("DeletingPolicy", "NamespacedDeletingPolicy")
)
_CLEANUP: Final = tuple(
    GroupKind("kyverno.io", kind) for kind in ("ClusterCleanupPolicy", "CleanupPolicy")
)


def kyverno_deletion_guards(state: State) -> Iterator[Guard]:
    """The policies of a state that delete resources."""
    for kind in (*_DELETING, *_CLEANUP):
        for resource in state.of(kind):
            roots = {resource.key: resource.root}
            yield Guard(str(resource.key), DELETIONS, roots, read_deletions, absent=True)


def read_deletions(roots: GuardRoots) -> tuple[Clause, ...]:
    """The one clause of each policy: everything stays but what it deletes."""
    return tuple(_clause(root) for root in roots.values())


def _clause(root: Node) -> Clause:
    spec, key = root["spec"], root.resource.key
    deleting = root.resource.group_kind in _DELETING
    deleted: Formula = every(
        True if key.namespace is None else Test(NAMESPACE, "in", (key.namespace,)),
        _selected(spec) if deleting else _cleaned(spec),
    )
    fields = (
        *(
            GuardField(field.label, field.node, "deletion")
            for field in match_fields("constraints ", spec["matchConstraints"])
        ),
        *(
            GuardField(name, spec[name], "deletion")
            for name in ("match", "exclude", "conditions", "variables")
        ),
    )
    return Clause("deletion", "", Not(deleted), fields, root["metadata"]["name"])


def deletion_severity(clause: Clause) -> Severity:
    """An error where the policy names a kind that limits others: deleted, it limits nothing."""
    spec = clause.node.resource.at("spec")
    targets = (*resource_targets(spec["matchConstraints"]), *kyverno_targets(spec["match"]))
    limits = any(target.limits_others for target in targets)
    return Severity.ERROR if limits else Severity.WARNING


def _selected(spec: Node) -> Formula:
    return every(matches(spec["matchConstraints"]), conditions(spec["conditions"]))


def _cleaned(spec: Node) -> Formula:
    asked = spec["conditions"]
    met: Formula = Opaque(f"conditions {same_text(asked.value)}") if asked.mapping else True
    return every(matched(spec["match"]), Not(matched(spec["exclude"])), met)
