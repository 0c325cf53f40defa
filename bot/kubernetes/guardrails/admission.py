"""Kubernetes' own admission: policies with their bindings, and webhooks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from bot.core import values
from bot.core.resource import GroupKind, Node, Resource
from bot.core.state import State
from bot.core.values import Value
from bot.kubernetes.guardrails.cel import expression
from bot.kubernetes.guardrails.formulas import And, Formula, Not, Opaque, every
from bot.kubernetes.guardrails.guards import Clause, Guard, GuardEffect, GuardField, GuardRoots
from bot.kubernetes.guardrails.matching import (
    conditions,
    fails_closed,
    judging,
    match_fields,
    matches,
)

ADMISSION: Final = "admissionregistration.k8s.io"
_EFFECTS: Final[Mapping[str, GuardEffect]] = {"Validating": "refuses", "Mutating": "changes"}
_NO_PARAMETERS: Final = Opaque("the parameters are missing")


def same_text(value: Value) -> str:
    """A value as text that is equal for equal values."""
    return json.dumps(values.thaw(value), sort_keys=True, ensure_ascii=True)


def admission_guards(state: State) -> Iterator[Guard]:
    """The policies of a state, each with its bindings, and its webhooks."""
    for stem in _EFFECTS:
        yield from _policies(state, stem)
        for resource in state.of(GroupKind(ADMISSION, f"{stem}WebhookConfiguration")):
            roots = {resource.key: resource.root}
            yield Guard(str(resource.key), f"{stem} webhooks", roots, read_webhooks)


def _policies(state: State, stem: str) -> Iterator[Guard]:
    kind = GroupKind(ADMISSION, f"{stem}AdmissionPolicy")
    bindings: dict[str, list[Resource]] = {}
    for binding in state.of(GroupKind(ADMISSION, f"{stem}AdmissionPolicyBinding")):
        bindings.setdefault(binding.at("spec", "policyName").text or "", []).append(binding)
    policies = {policy.name: policy for policy in state.of(kind)}
    for name in sorted({*policies, *bindings}):
        parts = [*bindings.get(name, ()), *([policies[name]] if name in policies else ())]
        roots = {part.key: part.root for part in parts}
        yield Guard(f"{kind.kind}/{name}", f"{stem} policies", roots, read_policy)


def read_policy(roots: GuardRoots) -> tuple[Clause, ...]:
    """A policy in each of its bindings. One that is not in the state judges by its name alone.

    That a binding elsewhere enforces the policy is an assumed clause.
    """
    policy = next((node for key, node in roots.items() if key.kind.endswith("Policy")), None)
    bindings = [node for key, node in roots.items() if key.kind.endswith("Binding")]
    bound = tuple(_clause(policy, binding) for binding in bindings)
    return bound if policy is None else (*bound, _clause(policy, None))


def _clause(policy: Node | None, binding: Node | None) -> Clause:
    base = policy or binding
    if base is None:
        raise ValueError("a clause has a policy or a binding")
    effect = _EFFECTS["Mutating" if base.resource.key.kind.startswith("Mutating") else "Validating"]
    matched: Formula = True
    name = base["metadata"]["name"] if binding is None else binding["spec"]["policyName"]
    refused: Formula = Opaque(f"the policy {name.text} refuses the request")
    closed = True
    fields: list[GuardField] = []
    if policy is not None:
        spec = policy["spec"]
        matched = every(matches(spec["matchConstraints"]), conditions(spec["matchConditions"]))
        refused = _refused(spec, effect)
        closed = fails_closed(spec["failurePolicy"])
        fields += _policy_fields(spec, effect)
    if binding is not None:
        spec = binding["spec"]
        denies = effect == "changes" or "Deny" in spec["validationActions"].texts
        matched = every(denies, matched, matches(spec["matchResources"]))
        refused = _with_parameters(spec["paramRef"], refused, closed=closed)
        fields += _binding_fields(spec)
    denied = every(matched, judging(refused, closed=closed))
    bound = "" if binding is None else binding.resource.name
    return Clause(bound, "", denied, tuple(fields), name, effect, assumed=binding is None)


def _with_parameters(reference: Node, refused: Formula, *, closed: bool) -> Formula:
    """Without its parameters a policy lets everything in, or fails as its failure policy says."""
    if not reference.exists:
        return refused
    strict = reference["parameterNotFoundAction"].text == "Deny" and closed
    parameters = same_text({**reference.mapping, "parameterNotFoundAction": None})
    known = every(Not(_NO_PARAMETERS), refused, Opaque(f"parameters {parameters}"))
    return known if not strict else Not(every(Not(known), Not(_NO_PARAMETERS)))


def _refused(spec: Node, effect: GuardEffect) -> Formula:
    if effect == "changes":
        return Opaque(f"mutations {same_text(spec['mutations'].value)}")
    return Not(satisfied(spec))


def satisfied(spec: Node) -> Formula:
    """The expressions of `validations`, all of which an object has to meet."""
    variables = defined_variables(spec)
    return And(
        tuple(
            expression(item["expression"].text or "", variables)
            for item in spec["validations"].items()
        )
    )


def defined_variables(spec: Node) -> Mapping[str, str]:
    """The expressions of a policy's variables by their names."""
    return {
        item["name"].text or "": item["expression"].text or "" for item in spec["variables"].items()
    }


def _policy_fields(spec: Node, effect: GuardEffect) -> Iterator[GuardField]:
    yield GuardField("failurePolicy", spec["failurePolicy"], "failure")
    yield from match_fields("constraints ", spec["matchConstraints"])
    yield GuardField("conditions", spec["matchConditions"], "match")
    check = "mutations" if effect == "changes" else "validations"
    yield GuardField("check", spec[check], "check")
    yield GuardField("variables", spec["variables"], "check")


def _binding_fields(spec: Node) -> Iterator[GuardField]:
    yield GuardField("actions", spec["validationActions"], "action")
    yield from match_fields("resources ", spec["matchResources"])
    missing = spec["paramRef"]["parameterNotFoundAction"]
    yield GuardField("missing parameters", missing, "parameters")
    yield GuardField("parameters", spec["paramRef"], "check")


def read_webhooks(roots: GuardRoots) -> tuple[Clause, ...]:
    """The webhooks of a configuration. What each refuses is known by whom it asks alone."""
    return tuple(_webhook(hook) for root in roots.values() for hook in root["webhooks"].items())


def _asked(client: Node) -> Value:
    """Whom a webhook asks, with the API's defaults; the certificate is renewed by itself."""
    asked: dict[str, Value] = {
        name: value for name, value in client.mapping.items() if name != "caBundle"
    }
    service = client["service"]
    if service.mapping:
        asked["service"] = {"port": 443, "path": "", **service.mapping}
    return asked


def _webhook(hook: Node) -> Clause:
    name = hook["name"].text or ""
    asked = _asked(hook["clientConfig"])
    matched = every(matches(hook), conditions(hook["matchConditions"]))
    refused = Opaque(f"webhook {same_text(asked)}")
    closed = fails_closed(hook["failurePolicy"])
    mutating = hook.resource.key.kind.startswith("Mutating")
    return Clause(
        name,
        f"its webhook {name}",
        every(matched, judging(refused, closed=closed)),
        (
            GuardField(f"{name} failure", hook["failurePolicy"], "failure"),
            *match_fields(f"{name} ", hook),
            GuardField(f"{name} conditions", hook["matchConditions"], "match"),
            GuardField(f"{name} client", hook["clientConfig"], "check"),
        ),
        hook,
        "changes" if mutating else "refuses",
    )
