"""Guards of Kubewarden and of Sigstore's policy controller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import GroupKind, Node
from bot.core.state import State
from bot.kubernetes.guardrails.admission import same_text
from bot.kubernetes.guardrails.formulas import And, Formula, Not, Opaque, Or, Test, every, some
from bot.kubernetes.guardrails.guards import Clause, Guard, GuardEffect, GuardField, GuardRoots
from bot.kubernetes.guardrails.matching import (
    NAMESPACE,
    conditions,
    fails_closed,
    judging,
    match_fields,
    matches,
)

_KUBEWARDEN: Final = "policies.kubewarden.io"
_KUBEWARDEN_KINDS: Final = (
    "AdmissionPolicy",
    "AdmissionPolicyGroup",
    "ClusterAdmissionPolicy",
    "ClusterAdmissionPolicyGroup",
)
IMAGE_POLICY: Final = GroupKind("policy.sigstore.dev", "ClusterImagePolicy")


def other_guards(state: State) -> Iterator[Guard]:
    """The policies of a state."""
    for name in _KUBEWARDEN_KINDS:
        for resource in state.of(GroupKind(_KUBEWARDEN, name)):
            roots = {resource.key: resource.root}
            yield Guard(str(resource.key), f"{_KUBEWARDEN} {name}", roots, read_kubewarden)
    for resource in state.of(IMAGE_POLICY):
        roots = {resource.key: resource.root}
        yield Guard(str(resource.key), str(IMAGE_POLICY), roots, read_image_policy)


def read_kubewarden(roots: GuardRoots) -> tuple[Clause, ...]:
    """What a policy refuses is known by its module and its settings alone.

    https://docs.kubewarden.io/reference/CRDs
    """
    return tuple(_kubewarden(root) for root in roots.values())


def _kubewarden(root: Node) -> Clause:
    spec = root["spec"]
    names = ("module", "settings", "policies", "expression")
    checked = Opaque(same_text({name: spec[name].value for name in names}))
    namespace = root.resource.namespace
    matched = every(
        (spec["mode"].text or "protect") == "protect",
        matches(spec),
        conditions(spec["matchConditions"]),
        True if namespace is None else Test(NAMESPACE, "in", (namespace,)),
    )
    effect: GuardEffect = "changes" if spec["mutating"].value is True else "refuses"
    fields = (
        GuardField("mode", spec["mode"], "action"),
        GuardField("failurePolicy", spec["failurePolicy"], "failure"),
        *match_fields("", spec),
        GuardField("conditions", spec["matchConditions"], "match"),
        *(GuardField(name, spec[name], "check") for name in names),
    )
    denied = every(matched, judging(checked, closed=fails_closed(spec["failurePolicy"])))
    return Clause("policy", "", denied, fields, root["metadata"]["name"], effect)


def read_image_policy(roots: GuardRoots) -> tuple[Clause, ...]:
    """The images that have to be signed; a signature by any of the authorities is enough.

    https://docs.sigstore.dev/policy-controller/overview/
    """
    return tuple(_image_policy(root) for root in roots.values())


def _image_policy(root: Node) -> Clause:
    spec = root["spec"]
    globs = tuple(item["glob"].text or "" for item in spec["images"].items())
    unsigned = And(tuple(Not(_accepts(item)) for item in spec["authorities"].items()))
    refused: Formula = unsigned
    if spec["policy"].exists:
        refused = some(unsigned, Opaque(f"policy {same_text(spec['policy'].value)}"))
    matched = Or(tuple(Test("image", "glob", (glob,)) for glob in globs))
    denied = every((spec["mode"].text or "enforce") == "enforce", matched, refused)
    fields = (
        GuardField("mode", spec["mode"], "action"),
        GuardField("images", spec["images"], "match"),
        GuardField("match", spec["match"], "match"),
        GuardField("authorities", spec["authorities"], "check"),
        GuardField("policy", spec["policy"], "check"),
    )
    return Clause("policy", "", denied, fields, root["metadata"]["name"])


def _accepts(authority: Node) -> Formula:
    if authority["static"]["action"].text == "pass":
        return True
    body = {name: value for name, value in authority.mapping.items() if name != "name"}
    return Opaque(f"authority {same_text(body)}")
