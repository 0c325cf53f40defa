"""Quotas and LimitRanges that newly let a namespace have more than before.

Both are admission plugins: https://kubernetes.io/docs/concepts/policy/resource-quotas/ and
https://kubernetes.io/docs/concepts/policy/limit-range/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final, TypeAlias

from bot.core.finding import Finding, Severity
from bot.core.reading.yaml_texts import json_text
from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State, changes
from bot.core.values import Value
from bot.kubernetes import kinds
from bot.kubernetes.naming import escaped
from bot.kubernetes.rbac.wording import listed
from bot.kubernetes.workloads.pods import str_of
from bot.kubernetes.workloads.quantities import quantity
from bot.records import dataclass

_KINDS: Final = (kinds.RESOURCE_QUOTA, kinds.LIMIT_RANGE)
# https://kubernetes.io/docs/concepts/policy/resource-quotas/#compute-resource-quota
# https://github.com/kubernetes/kubernetes/tree/master/pkg/quota/v1/evaluator/core
_COUNTED: Final = (
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
)
_ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{name: f"requests.{name}" for name in ("cpu", "memory", "ephemeral-storage")},
        **{f"count/{name}": name for name in _COUNTED},
    }
)
_RANGE_BOUNDS: Final[Mapping[str, str]] = MappingProxyType(
    {"max": "{name} of a {type}", "maxLimitRequestRatio": "the ratio of {name} limit to request"}
)
_BoundKey: TypeAlias = tuple[str, str, str, str]
"""Namespace, what is bounded (quota, or field and type of a LimitRange), scopes, resource."""


@dataclass(frozen=True, slots=True)
class _Bound:
    """The lowest amount that a namespace may have of something, and the field that says so."""

    amount: Decimal
    node: Node
    words: str


def quotas_loosened(before: State, after: State) -> Iterator[Finding]:
    """What namespaces that remain may have more of, as a quota or LimitRange is gone or higher."""
    if not any(True for _ in changes(before, after, *_KINDS)):
        return
    old, new = _bounds(before), _bounds(after)
    removed: dict[ResourceKey, list[_Bound]] = {}
    for key, bound in old.items():
        namespace, what, _, name = key
        if namespace not in after.namespaces:
            continue
        candidates = [new[each] for each in (key, (namespace, what, "", name)) if each in new]
        lowest = min(candidates, key=lambda each: each.amount, default=None)
        if lowest is None and after.get(bound.node.resource.key) is None:
            removed.setdefault(bound.node.resource.key, []).append(bound)
        elif lowest is None:
            yield _lost(bound)
        elif lowest.amount > bound.amount:
            yield _raised(bound, lowest)
    for bounds in removed.values():
        yield _removed(bounds)


def _bounds(state: State) -> Mapping[_BoundKey, _Bound]:
    """Everything that is bounded in each namespace; of several bounds the lowest counts."""
    bounds: dict[_BoundKey, _Bound] = {}
    for resource in state.of(*_KINDS):
        quota = resource.group_kind == kinds.RESOURCE_QUOTA
        for key, bound in _quota_bounds(resource) if quota else _range_bounds(resource):
            if key not in bounds or bound.amount < bounds[key].amount:
                bounds[key] = bound
    return bounds


def _quota_bounds(quota: Resource) -> Iterator[tuple[_BoundKey, _Bound]]:
    spec = quota.at("spec")
    scopes = [*sorted(spec["scopes"].texts), *map(json_text, _selected(spec))]
    for name, node in spec["hard"].fields():
        amount = quantity(node.value)
        if amount is not None:
            key = (quota.namespace or "", "quota", " ".join(scopes), _ALIASES.get(name, name))
            yield key, _Bound(amount, node, escaped(name))


def _selected(spec: Node) -> Iterator[Value]:
    return (item.value for item in spec["scopeSelector"]["matchExpressions"].items())


def _range_bounds(limits: Resource) -> Iterator[tuple[_BoundKey, _Bound]]:
    for item in limits.at("spec", "limits").items():
        kind = item["type"].text or ""
        for field, words in _RANGE_BOUNDS.items():
            for name, node in item[field].fields():
                amount = quantity(node.value)
                if amount is not None:
                    key = (limits.namespace or "", f"{field} {kind}", "", name)
                    shown = words.format(name=escaped(name), type=escaped(kind.lower()))
                    yield key, _Bound(amount, node, shown)


def _removed(bounds: list[_Bound]) -> Finding:
    resource = bounds[0].node.resource
    words = listed([bound.words for bound in bounds])
    message = f"{str_of(resource)} is removed: the namespace no longer limits {words}"
    node = resource.at("metadata", "name")
    return Finding(node, message, Severity.WARNING, "bounds", _facts(resource), side="LEFT")


def _lost(bound: _Bound) -> Finding:
    resource = bound.node.resource
    message = f"{str_of(resource)} no longer limits {bound.words}"
    return Finding(
        bound.node, message, Severity.WARNING, bound.words, _facts(resource), side="LEFT"
    )


def _raised(old: _Bound, new: _Bound) -> Finding:
    """A higher bound is a notice, but for one that allowed nothing of it."""
    resource = new.node.resource
    was, now = escaped(str(old.node.value)), escaped(str(new.node.value))
    severity = Severity.NOTICE if old.amount else Severity.WARNING
    message = f"{str_of(resource)} raises the limit on {new.words} from {was} to {now}"
    return Finding(new.node, message, severity, new.words, _facts(resource))


def _facts(resource: Resource) -> Mapping[str, Value]:
    return MappingProxyType({"object": str(resource.key)})
