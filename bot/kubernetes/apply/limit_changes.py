"""How a changed limit compares with the limit before: whether it refuses more, or less."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from bot.core.resource import Node, Resource
from bot.core.values import Value
from bot.kubernetes import kinds
from bot.kubernetes.workloads.quantities import quantity

LimitChange: TypeAlias = Literal["same", "looser", "tighter", "unknown"]
"""What a change does to what an object refuses; `unknown` where only the cluster can say."""

_UNORDERED: Final = frozenset({kinds.NETWORK_POLICY, kinds.RESOURCE_QUOTA, kinds.LIMIT_RANGE})
"""Kinds whose lists are sets. In those of other groups the first rule that matches may decide."""
_RULES: Final = {"Ingress": "ingress", "Egress": "egress"}


def limit_change(old: Resource, new: Resource) -> LimitChange:
    """Return how the limit of an object changes, in the cluster's own kinds also by meaning."""
    if _content(old) == _content(new):
        return "same"
    if _refuses_all(old, new):
        return "looser"
    return "tighter" if _refuses_all(new, old) else "unknown"


def _content(resource: Resource) -> dict[str, Value]:
    fields = resource.body.items()
    is_set = resource.group_kind in _UNORDERED
    return {
        name: _canonical(value) if is_set else value for name, value in fields if name != "metadata"
    }


def _canonical(value: Value) -> str:
    """A text that is the same for lists with the same items, in any order."""
    if isinstance(value, tuple):
        return f"[{','.join(sorted(map(_canonical, value)))}]"
    if isinstance(value, Mapping):
        fields = (f"{json.dumps(name)}:{_canonical(item)}" for name, item in value.items())
        return f"{{{','.join(sorted(fields))}}}"
    return json.dumps(value)


def _refuses_all(one: Resource, other: Resource) -> bool:
    """Whether an object certainly refuses all that another one refuses."""
    if one.group_kind == kinds.NETWORK_POLICY:
        return _isolates_all(one.at("spec"), other.at("spec"))
    if one.group_kind == kinds.RESOURCE_QUOTA:
        return _allots_less(one.at("spec"), other.at("spec"))
    return False


def _isolates_all(one: Node, other: Node) -> bool:
    """Whether a policy isolates the pods of another one, and lets no more in or out.

    A policy that selects other pods, or isolates in another way, also allows what it lists there.
    """
    types, other_types = _types(one), _types(other)
    selects_same = one["podSelector"].value == other["podSelector"].value
    if not selects_same or types != other_types:
        if any(node[field].value for node in (one, other) for field in _RULES.values()):
            return False
        selects_all = not one["podSelector"].mapping
        return (selects_same or selects_all) and types >= other_types
    return all(_rules(one, name) <= _rules(other, name) for name in types & _RULES.keys())


def _types(spec: Node) -> frozenset[str]:
    """https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-resource."""
    default = ("Ingress", "Egress") if spec["egress"].value else ("Ingress",)
    return frozenset(spec["policyTypes"].texts or default)


def _rules(spec: Node, name: str) -> frozenset[str]:
    return frozenset(_canonical(item.value) for item in spec[_RULES[name]].items())


def _allots_less(one: Node, other: Node) -> bool:
    if any(one[name].value != other[name].value for name in ("scopes", "scopeSelector")):
        return False
    for name, most in other["hard"].fields():
        least, limit = quantity(one["hard"][name].value), quantity(most.value)
        if least is None or limit is None or least > limit:
            return False
    return True
