"""Kyverno's policies: ClusterPolicy and Policy, and the exceptions from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import GroupKind, Node
from bot.core.state import State
from bot.kubernetes.guardrails.admission import same_text
from bot.kubernetes.guardrails.formulas import Formula, Not, Opaque, Or, Test, every, some
from bot.kubernetes.guardrails.guards import Clause, Guard, GuardEffect, GuardField, GuardRoots
from bot.kubernetes.guardrails.kyverno_checks import (
    failure_actions,
    required_conditions,
    verified,
    violated,
)
from bot.kubernetes.guardrails.kyverno_match import asked, matched
from bot.kubernetes.guardrails.matching import (
    NAMESPACE,
    conditions,
    fails_closed,
    judging,
)

KYVERNO: Final = "kyverno.io"
_KINDS: Final = ("ClusterPolicy", "Policy")
_CHANGING: Final = ("mutate", "generate")


def kyverno_guards(state: State) -> Iterator[Guard]:
    """The policies of a state, and the exceptions from them."""
    for kind in _KINDS:
        for resource in state.of(GroupKind(KYVERNO, kind)):
            roots = {resource.key: resource.root}
            yield Guard(str(resource.key), "Kyverno policies", roots, read_policy)
    for resource in state.of(GroupKind(KYVERNO, "PolicyException")):
        roots = {resource.key: resource.root}
        yield Guard(str(resource.key), "exceptions", roots, read_exception, absent=True)


def read_policy(roots: GuardRoots) -> tuple[Clause, ...]:
    """The rules of a policy."""
    return tuple(
        clause
        for root in roots.values()
        for rule in root["spec"]["rules"].items()
        for clause in _rule(root, rule)
    )


def _rule(root: Node, rule: Node) -> Iterator[Clause]:
    spec, name, match = root["spec"], rule["name"].text or "", rule["match"]
    enabled: Formula = spec["admission"].boolean is not False
    space = root.resource.namespace
    here = True if space is None else Test(NAMESPACE, "in", (space,))
    matching = every(
        enabled,
        here,
        asked(matched(match) if match.mapping else True, match),
        Not(matched(rule["exclude"])),
        required_conditions(rule["preconditions"]),
        conditions(rule["celPreconditions"]),
        conditions(spec["webhookConfiguration"]["matchConditions"]),
    )
    closed = fails_closed(_failure_policy(spec))
    effect: GuardEffect = "refuses"
    if rule["validate"].exists:
        enforced = _enforced(spec, rule["validate"])
        refused: Formula = violated(rule)
        if rule["validate"]["allowExistingViolations"].boolean is not False:
            existing = Opaque("the object violated the rule before")
            refused = every(refused, Not(existing))
    elif rule["verifyImages"].exists:
        first = next(rule["verifyImages"].items(), rule["verifyImages"])
        enforced = _enforced(spec, first)
        refused = Or(tuple(verified(rule)))
    else:
        effect, enforced = "changes", True
        refused = Or(
            tuple(
                Opaque(f"{name} {same_text(rule[name].value)}")
                for name in _CHANGING
                if rule[name].exists
            )
        )
    denies = every(matching, enforced, judging(refused, closed=closed))
    fields = tuple(_fields(spec, rule, name, effect))
    yield Clause(name, f"its rule {name}", denies, fields, rule, effect)


def _failure_policy(spec: Node) -> Node:
    """The newer field for it counts before the older one."""
    newer = spec["webhookConfiguration"]["failurePolicy"]
    return newer if newer.exists else spec["failurePolicy"]


def _enforced(spec: Node, check: Node) -> Formula:
    """Where violations are refused: a rule's own action and overrides count before the policy's."""
    own = check["failureAction"]
    if own.exists or check["failureActionOverrides"].exists:
        action = own if own.exists else spec["validationFailureAction"]
        overrides = check["failureActionOverrides"]
    else:
        action, overrides = (
            spec["validationFailureAction"],
            spec["validationFailureActionOverrides"],
        )
    enforced: Formula = (action.text or "Audit").lower() == "enforce"
    # The first override that holds decides.
    for where, refuses in reversed(tuple(failure_actions(overrides))):
        enforced = some(every(where, refuses), every(Not(where), enforced))
    return enforced


def _fields(spec: Node, rule: Node, name: str, effect: GuardEffect) -> Iterator[GuardField]:
    check = rule["validate"] if rule["validate"].exists else rule["verifyImages"]
    if effect == "refuses":
        first = check if rule["validate"].exists else next(check.items(), check)
        yield GuardField(f"{name} action", first["failureAction"], "action")
        overrides = first["failureActionOverrides"]
        yield GuardField(f"{name} overrides", overrides, "action")
        yield GuardField("action", spec["validationFailureAction"], "action")
        yield GuardField("overrides", spec["validationFailureActionOverrides"], "action")
    yield GuardField("admission", spec["admission"], "match")
    yield GuardField(f"{name} match", rule["match"], "match")
    yield GuardField(f"{name} exclude", rule["exclude"], "exclude")
    yield GuardField(f"{name} preconditions", rule["preconditions"], "match")
    yield GuardField(f"{name} CEL preconditions", rule["celPreconditions"], "match")
    yield GuardField("failure", spec["failurePolicy"], "failure")
    yield GuardField("webhook", spec["webhookConfiguration"], "failure")
    for kind in ("validate", "verifyImages", *_CHANGING):
        yield GuardField(f"{name} {kind}", rule[kind], "check")


def read_exception(roots: GuardRoots) -> tuple[Clause, ...]:
    """An exception, as a guard that refuses all that it does not let through."""
    return tuple(_exception(root["spec"], root) for root in roots.values())


def _exception(spec: Node, root: Node) -> Clause:
    from_rules = tuple(
        every(
            Test("policy", "in", (item["policyName"].text or "",)),
            Test("rule", "glob", item["ruleNames"].texts or ("*",)),
        )
        for item in spec["exceptions"].items()
    )
    match = spec["match"]
    excepted = every(
        Or(from_rules) if from_rules else True,
        matched(match) if match.mapping else True,
        required_conditions(spec["conditions"]),
        *(Opaque(f"control {same_text(item.value)}") for item in spec["podSecurity"].items()),
    )
    fields = (
        GuardField("exceptions", spec["exceptions"], "exception"),
        GuardField("match", match, "exception"),
        GuardField("conditions", spec["conditions"], "exception"),
        GuardField("podSecurity", spec["podSecurity"], "exception"),
        GuardField("spec", spec, "exception"),
    )
    return Clause("exception", "", Not(excepted), fields, root["metadata"]["name"])
