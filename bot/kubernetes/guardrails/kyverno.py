"""Kyverno's policies: ClusterPolicy and Policy, and the exceptions from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bot.core.resource import GroupKind, Node
from bot.core.state import State
from bot.kubernetes.guardrails.admission import same_text
from bot.kubernetes.guardrails.formulas import Formula, Not, Opaque, Or, Test, every, some
from bot.kubernetes.guardrails.guards import (
    Clause,
    Guard,
    GuardEffect,
    GuardField,
    GuardPurpose,
    GuardRoots,
)
from bot.kubernetes.guardrails.kyverno_autogen_rules import CONTROLLERS, derived_rules
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
    """The rules of a policy, each followed by those that Kyverno derives from it."""
    return tuple(
        clause
        for root in roots.values()
        for rule in root["spec"]["rules"].items()
        for clause in _clauses(root, rule)
    )


def _clauses(root: Node, rule: Node) -> Iterator[Clause]:
    """A rule, and what it means for the controllers of pods, of which Kyverno derives rules."""
    name = rule["name"].text or ""
    refusing = rule["validate"].exists or rule["verifyImages"].exists
    words, effect = f"its rule {name}", _EFFECTS[refusing]
    fields = tuple(_fields(root["spec"], rule, name, effect))
    yield Clause(name, words, _denied(root, rule), fields, rule, effect)
    deciding = (*fields, *_deciding_fields(root, rule))
    for derived_name, derived in derived_rules(root, rule):
        denied = derived is not None and _denied(root, derived)
        yield Clause(derived_name, words, denied, deciding, rule, effect, derived=True)


_EFFECTS: Final[Mapping[bool, GuardEffect]] = {True: "refuses", False: "changes"}


def _denied(root: Node, rule: Node) -> Formula:
    spec, match = root["spec"], rule["match"]
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
    enforced, refused = _checked(spec, rule)
    return every(matching, enforced, judging(refused, closed=closed))


def _checked(spec: Node, rule: Node) -> tuple[Formula, Formula]:
    """Where a rule is enforced, and what it refuses or changes among the requests it matches."""
    if rule["validate"].exists:
        refused: Formula = violated(rule)
        if rule["validate"]["allowExistingViolations"].boolean is not False:
            existing = Opaque("the object violated the rule before")
            refused = every(refused, Not(existing))
        return _enforced(spec, rule["validate"]), refused
    if rule["verifyImages"].exists:
        first = next(rule["verifyImages"].items(), rule["verifyImages"])
        return _enforced(spec, first), Or(tuple(verified(rule)))
    changed = (name for name in _CHANGING if rule[name].exists)
    contents = tuple(
        Opaque(f"{rule['name'].text or ''} {same_text(rule[name].value)}") for name in changed
    )
    return True, Or(contents)


def _deciding_fields(root: Node, rule: Node) -> Iterator[GuardField]:
    """The fields that decide for which controllers rules are derived."""
    controllers = root["metadata"]["annotations"][CONTROLLERS]
    yield GuardField("controllers", controllers, "match")
    for other in root["spec"]["rules"].items():
        if other.route != rule.route:
            name = other["name"].text or ""
            for field in ("match", "exclude", *_CHANGING):
                purpose: GuardPurpose = "exclude" if field == "exclude" else "match"
                yield GuardField(f"{name} {field}", other[field], purpose)


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
