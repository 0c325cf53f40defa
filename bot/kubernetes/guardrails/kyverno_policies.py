"""The policies of `policies.kyverno.io`, which have the form of Kubernetes' own.

https://kyverno.io/docs/policy-types/validating-policy/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bot.core.resource import GroupKind, Node
from bot.core.state import State
from bot.kubernetes.guardrails.admission import defined_variables, same_text, satisfied
from bot.kubernetes.guardrails.cel import expression
from bot.kubernetes.guardrails.formulas import And, Formula, Not, Opaque, Or, Test, every
from bot.kubernetes.guardrails.guards import Clause, Guard, GuardEffect, GuardField, GuardRoots
from bot.kubernetes.guardrails.kyverno_autogen_specs import derived_specs
from bot.kubernetes.guardrails.kyverno_checks import image_matches
from bot.kubernetes.guardrails.matching import (
    NAMESPACE,
    conditions,
    fails_closed,
    judging,
    match_fields,
    matches,
)

POLICIES: Final = "policies.kyverno.io"
_STEMS: Final = (
    "ValidatingPolicy",
    "ImageValidatingPolicy",
    "MutatingPolicy",
    "GeneratingPolicy",
)
_CONTENT: Final = {
    "MutatingPolicy": ("mutations",),
    "GeneratingPolicy": ("generate", "variables"),
    "ImageValidatingPolicy": ("attestors", "attestations", "validationConfigurations"),
}


_DERIVING: Final = frozenset({"ValidatingPolicy", "ImageValidatingPolicy", "MutatingPolicy"})


def kyverno_policy_guards(state: State) -> Iterator[Guard]:
    """The policies of a state, in namespaces as well, and the exceptions from them."""
    for stem in _STEMS:
        for kind in (stem, f"Namespaced{stem}"):
            for resource in state.of(GroupKind(POLICIES, kind)):
                yield Guard(str(resource.key), stem, {resource.key: resource.root}, read_policy)
    for resource in state.of(GroupKind(POLICIES, "PolicyException")):
        roots = {resource.key: resource.root}
        yield Guard(str(resource.key), "CEL exceptions", roots, read_exception, absent=True)


def read_policy(roots: GuardRoots) -> tuple[Clause, ...]:
    """The clause of each policy, and those that Kyverno derives for the controllers of pods."""
    return tuple(clause for root in roots.values() for clause in _clauses(root))


def _clauses(root: Node) -> Iterator[Clause]:
    policy = _policy(root, root["spec"])
    yield policy
    stem = root.resource.key.kind.removeprefix("Namespaced")
    if stem not in _DERIVING:
        return
    fields = (*policy.fields, GuardField("controllers", root["spec"]["autogen"], "match"))
    for name, spec in derived_specs(root["spec"]):
        denied = spec is not None and _policy(root, spec).denies
        yield replace(policy, id=name, denies=denied, fields=fields, derived=True)


def _policy(root: Node, spec: Node) -> Clause:
    key = root.resource.key
    stem = key.kind.removeprefix("Namespaced")
    refusing = stem in {"ValidatingPolicy", "ImageValidatingPolicy"}
    effect: GuardEffect = "refuses" if refusing else "changes"
    enabled: Formula = spec["evaluation"]["admission"]["enabled"].boolean is not False
    actions = spec["validationActions"]
    denies: Formula = not refusing or "Deny" in (actions.texts or ("Deny",))
    matching = every(
        enabled,
        denies,
        True if key.namespace is None else Test(NAMESPACE, "in", (key.namespace,)),
        _mode(spec),
        matches(spec["matchConstraints"]),
        conditions(spec["matchConditions"]),
        _images(spec) if stem == "ImageValidatingPolicy" else True,
    )
    refused: Formula = Not(satisfied(spec)) if refusing else True
    content = {name: spec[name].value for name in _CONTENT.get(stem, ()) if spec[name].exists}
    if content:
        refused = every(refused, Opaque(f"content {same_text(content)}"))
    closed = fails_closed(spec["failurePolicy"])
    return Clause(
        "policy",
        "",
        every(matching, judging(refused, closed=closed)),
        tuple(_fields(spec, stem)),
        root["metadata"]["name"],
        effect,
    )


def _mode(spec: Node) -> Formula:
    """Another mode judges other things than objects of Kubernetes."""
    mode = spec["evaluation"]["mode"].text or "Kubernetes"
    return True if mode == "Kubernetes" else Opaque(f"mode {mode}")


def _images(spec: Node) -> Formula:
    """The images that are verified: any of the globs and expressions; without them every one."""
    references = tuple(spec["matchImageReferences"].items())
    if not references:
        return True
    globs = tuple(text for item in references if (text := item["glob"].text))
    variables = defined_variables(spec)
    expressions = (item["expression"].text for item in references)
    return Or(
        (
            image_matches(globs),
            *(expression(text, variables) for text in expressions if text),
        )
    )


def _fields(spec: Node, stem: str) -> Iterator[GuardField]:
    yield GuardField("actions", spec["validationActions"], "action")
    yield GuardField("evaluation", spec["evaluation"], "action")
    yield from match_fields("constraints ", spec["matchConstraints"])
    yield GuardField("conditions", spec["matchConditions"], "match")
    yield GuardField("images", spec["matchImageReferences"], "match")
    yield GuardField("failure", spec["failurePolicy"], "failure")
    for name in ("validations", "variables", *_CONTENT.get(stem, ())):
        yield GuardField(name, spec[name], "check")


def read_exception(roots: GuardRoots) -> tuple[Clause, ...]:
    """An exception, as a guard that refuses all that it does not let through."""
    return tuple(_exception(root["spec"], root) for root in roots.values())


def _exception(spec: Node, root: Node) -> Clause:
    references = tuple(
        every(
            Test("policy", "in", (item["name"].text or "",)),
            Test("kind of policy", "in", (item["kind"].text or "",)),
        )
        for item in spec["policyRefs"].items()
    )
    excepted: list[Formula] = [
        Or(references) if references else True,
        conditions(spec["matchConditions"]),
    ]
    excepted += [
        Test(f"value of {name}", "glob", spec[name].texts)
        for name in ("images", "allowedValues")
        if spec[name].texts
    ]
    return Clause(
        "exception",
        "",
        Not(And(tuple(excepted))),
        (
            GuardField("policies", spec["policyRefs"], "exception"),
            GuardField("conditions", spec["matchConditions"], "exception"),
            GuardField("images", spec["images"], "exception"),
            GuardField("values", spec["allowedValues"], "exception"),
            GuardField("spec", spec, "exception"),
        ),
        root["metadata"]["name"],
    )
