"""Parameters of guards in CEL: objects of the cluster that say what a policy refuses.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#parameter-resources
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.finding import Finding
from bot.core.resource import GroupKind, Node, Resource
from bot.core.state import State
from bot.kubernetes.guardrails.admission import ADMISSION
from bot.kubernetes.guardrails.attribution import changed_position
from bot.kubernetes.guardrails.matching import fails_closed
from bot.kubernetes.selectors import matches
from bot.kubernetes.workloads.pods import str_of
from bot.records import dataclass

_KYVERNO: Final = (GroupKind("kyverno.io", "ClusterPolicy"), GroupKind("kyverno.io", "Policy"))
_DESCRIBING: Final = frozenset({"apiVersion", "kind", "metadata", "status"})


@dataclass(frozen=True, slots=True)
class _Reference:
    """The parameters that a guard in force takes: their kind, and which of them."""

    guard: Resource
    kind: Node
    chosen: Node
    closed: bool

    def names(self, resource: Resource) -> bool:
        """Whether an object is one of the parameters."""
        group = (self.kind["apiVersion"].text or "").rpartition("/")[0]
        if resource.group_kind != GroupKind(group, self.kind["kind"].text or ""):
            return False
        namespace, name = self.chosen["namespace"].text, self.chosen["name"].text
        if namespace and resource.namespace != namespace:
            return False
        if name:
            return resource.name == name
        return self.chosen["selector"].exists and matches(self.chosen["selector"], resource.labels)


def parameters_changed(before: State, after: State) -> Iterator[Finding]:
    """Yield the changed and removed parameters of guards that are in force on both sides.

    What an expression makes of them only the cluster knows.
    """
    differing = [change for change in after.since(before) if change.before is not None]
    if not differing:
        return
    guards = {reference.guard.key for reference in before.derived(_references)}
    references = [one for one in after.derived(_references) if one.guard.key in guards]
    for change in differing:
        old, new = change.before, change.after
        using = next((one for one in references if old is not None and one.names(old)), None)
        if old is None or using is None or (new is None and using.closed):
            continue
        if new is None:
            lost = f"{str_of(old)} is removed, of which {str_of(using.guard)} takes its parameters"
            message = f"{lost}: without them it refuses nothing"
            yield Finding(old.at("metadata", "name"), message, side="LEFT", key="parameters")
            continue
        names = sorted((old.body.keys() | new.body.keys()) - _DESCRIBING)
        for name in (name for name in names if old.body.get(name) != new.body.get(name)):
            node, side = changed_position(old.at(name), new.at(name))
            message = f"{str_of(using.guard)} takes this as a parameter: it may refuse less now"
            yield Finding(node, message, side=side, key="parameters")


def _references(state: State) -> tuple[_Reference, ...]:
    return (*_of_admission(state), *_of_kyverno(state))


def _of_admission(state: State) -> Iterator[_Reference]:
    for stem in ("Validating", "Mutating"):
        policies = {
            policy.name: policy.at("spec")
            for policy in state.of(GroupKind(ADMISSION, f"{stem}AdmissionPolicy"))
        }
        for binding in state.of(GroupKind(ADMISSION, f"{stem}AdmissionPolicyBinding")):
            spec = binding.at("spec")
            policy = policies.get(spec["policyName"].text or "")
            is_denying = stem == "Mutating" or "Deny" in spec["validationActions"].texts
            if policy is not None and is_denying and spec["paramRef"].exists:
                denies = spec["paramRef"]["parameterNotFoundAction"].text == "Deny"
                closed = denies and fails_closed(policy["failurePolicy"])
                yield _Reference(binding, policy["paramKind"], spec["paramRef"], closed)


def _of_kyverno(state: State) -> Iterator[_Reference]:
    for policy in state.of(*_KYVERNO):
        for rule in policy.at("spec", "rules").items():
            cel = rule["validate"]["cel"]
            if cel["paramRef"].exists:
                closed = cel["paramRef"]["parameterNotFoundAction"].text == "Deny"
                yield _Reference(policy, cel["paramKind"], cel["paramRef"], closed)
