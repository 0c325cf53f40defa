"""Control-plane nodes: what lets a pod run there despite their taints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from bot.core.resource import Node
from bot.kubernetes.naming import escaped
from bot.kubernetes.workloads.pods import PodTemplate
from bot.patterns import pattern
from bot.records import dataclass

Way: TypeAlias = Literal["tolerates", "named", "chosen", "maybe-named"]
"""Tolerates the taint, names such a node, chooses such nodes by label, names a node at all."""

# The taints of installers: kubeadm's, its former name, and RKE's with its value.
# https://kubernetes.io/docs/reference/labels-annotations-taints/
_TAINTS: Final = {
    "node-role.kubernetes.io/control-plane": "",
    "node-role.kubernetes.io/master": "",
    "node-role.kubernetes.io/controlplane": "true",
}
_NODE_NAME: Final = pattern(r"(?:^|[-.])(?:control-?plane|master)\d*(?:[-.\d]|$)")


@dataclass(frozen=True, slots=True)
class Access:
    """One way onto the control plane: its node, and a clause whose subject is the pod."""

    way: Way
    node: Node
    text: str


def control_plane_access(template: PodTemplate) -> Iterator[Access]:
    """Every way in which these pods may be scheduled onto control-plane nodes."""
    spec = template.spec
    yield from _named(spec["nodeName"])
    for name, node in spec["nodeSelector"].fields():
        if name in _TAINTS:
            yield Access("chosen", node, f"selects nodes by {name}")
    terms = tuple(_required_terms(spec))
    for term in (*terms, *_preferred_terms(spec)):
        for expression in term["matchExpressions"].items():
            if expression["key"].text in _TAINTS and _chooses(expression):
                yield Access("chosen", expression, f"selects nodes by {expression['key'].text}")
    if not (terms and all(_keeps_away(term) for term in terms)):
        yield from _tolerations(spec)


def _named(node: Node) -> Iterator[Access]:
    if node.text:
        way: Way = "named" if _NODE_NAME.search(node.text) else "maybe-named"
        yield Access(way, node, f"names node {escaped(node.text)}, past the scheduler and taints")


def _tolerations(spec: Node) -> Iterator[Access]:
    for item in spec["tolerations"].items():
        key = item["key"].text or ""
        if key:
            if key in _TAINTS and _matches(item, key) and _effect(item) != "PreferNoSchedule":
                yield Access("tolerates", item, f"tolerates the taint {key}")
        elif item["operator"].text == "Exists" and _effect(item) in {"", "NoSchedule"}:
            yield Access("tolerates", item, "tolerates every taint")


def _effect(toleration: Node) -> str:
    return toleration["effect"].text or ""


def _matches(toleration: Node, key: str) -> bool:
    """Whether a toleration tolerates a taint; a missing operator means Equal.

    As k8s.io/component-helpers decides.
    """
    match toleration["operator"].text or "Equal":
        case "Exists":
            return True
        case "Equal":
            return (toleration["value"].text or "") == _TAINTS[key]
        case _:
            return False


def _required_terms(spec: Node) -> Iterator[Node]:
    required = spec.at("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    yield from required["nodeSelectorTerms"].items()


def _preferred_terms(spec: Node) -> Iterator[Node]:
    preferred = spec.at(
        "affinity", "nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution"
    )
    for item in preferred.items():
        yield item["preference"]


def _chooses(expression: Node) -> bool:
    match expression["operator"].text:
        case "Exists":
            return True
        case "In":
            return bool(set(expression["values"].texts) & {"", "true"})
        case _:
            return False


def _keeps_away(term: Node) -> bool:
    """Whether a term excludes control-plane nodes; of alternatives, all must do so."""
    return any(
        expression["key"].text in _TAINTS and expression["operator"].text == "DoesNotExist"
        for expression in term["matchExpressions"].items()
    )
