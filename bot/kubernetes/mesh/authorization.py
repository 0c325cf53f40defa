"""What Istio's AuthorizationPolicies newly let through.

https://istio.io/latest/docs/concepts/security/#implicit-enablement
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from bot.core.finding import Finding, Severity, Side
from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State, changes
from bot.core.values import sequence
from bot.kubernetes.addresses import Addresses
from bot.kubernetes.guardrails.formulas import Formula, Not, Opaque, Or, Request, every, reduced
from bot.kubernetes.guardrails.search import OTHER, compare
from bot.kubernetes.mesh.rules import address_blocks, can_exist, matched
from bot.kubernetes.mesh.workloads import AUTHORIZATION_POLICY, MeshWorkload, selects, workloads
from bot.kubernetes.naming import escaped
from bot.kubernetes.workloads.pods import str_of
from bot.records import dataclass

_DRY_RUN: Final = "istio.io/dry-run"
_FIELDS: Final = ("action", "selector", "targetRef", "targetRefs", "provider", "rules")
_SHOWN: Final = ("principal", "host", "method", "path", "port")
_TRUE: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})

_Policies: TypeAlias = Mapping[ResourceKey, Resource]


@dataclass(frozen=True, slots=True)
class _Loosened:
    """A workload for which a policy newly lets requests through, for certain or perhaps."""

    workload: MeshWorkload
    certain: bool
    request: Request


def authorization_widened(before: State, after: State) -> Iterator[Finding]:
    """The workloads that newly take requests which policies refused.

    One finding for each policy that brings it about, which names the widest workload.
    """
    touched = [change.key for change in changes(before, after, AUTHORIZATION_POLICY)]
    if not touched:
        return
    old, new = ({each.key: each for each in s.of(AUTHORIZATION_POLICY)} for s in (before, after))
    blocks = address_blocks(each.at("spec") for each in (*old.values(), *new.values()))
    loosened: dict[ResourceKey, _Loosened] = {}
    for workload in workloads(before, after, AUTHORIZATION_POLICY):
        selected, reselected = _selecting(old, workload), _selecting(new, workload)
        comparison = compare(_refused(selected, blocks), _refused(reselected, blocks), can_exist)
        if comparison.relation == "kept":
            continue
        widening = _Loosened(workload, comparison.relation == "weakened", comparison.request)
        for key in _culprits(selected, reselected, touched, blocks):
            known = loosened.get(key)
            if known is None or (widening.certain and not known.certain):
                loosened[key] = widening
    for key, widening in loosened.items():
        yield _finding(old.get(key), new.get(key), widening)


def _selecting(policies: _Policies, workload: MeshWorkload) -> _Policies:
    return {key: policy for key, policy in policies.items() if selects(policy, workload)}


def _culprits(
    old: _Policies, new: _Policies, touched: list[ResourceKey], blocks: tuple[Addresses, ...]
) -> list[ResourceKey]:
    """The policies that let something through by themselves, or all that changed."""
    base = _refused(old, blocks)
    changed = [key for key in touched if key in old or key in new]
    swapped = {key: _refused(_swapped(old, new, key), blocks) for key in changed}
    alone = [
        key for key, head in swapped.items() if compare(base, head, can_exist).relation != "kept"
    ]
    return alone or changed


def _swapped(old: _Policies, new: _Policies, key: ResourceKey) -> _Policies:
    """Base's policies with this one as it is at head."""
    others = {other: policy for other, policy in old.items() if other != key}
    return {**others, key: new[key]} if key in new else others


def _refused(policies: _Policies, blocks: tuple[Addresses, ...]) -> Formula:
    """The requests that policies refuse: those denied, and those not allowed where any allows."""
    denied: list[Formula] = []
    allowed: list[Formula] = []
    for policy in policies.values():
        spec, action = policy.at("spec"), policy.at("spec", "action").text or "ALLOW"
        if policy.annotations.get(_DRY_RUN) in _TRUE:
            continue
        requests = matched(spec, blocks)
        if action == "ALLOW":
            allowed.append(requests)
        elif action == "DENY":
            denied.append(requests)
        elif action == "CUSTOM":
            provider = spec["provider"]["name"].text
            denied.append(every(requests, Opaque(f"refused by the provider {provider}")))
    if allowed:
        denied.append(Not(Or(tuple(allowed))))
    return reduced(Or(tuple(denied)), {})


def _finding(old: Resource | None, new: Resource | None, widening: _Loosened) -> Finding:
    node, side = _place(old, new)
    policy = node.resource
    does = "is removed" if new is None else "is new" if old is None else "changes"
    effect = "newly take requests that policies refused"
    if not widening.certain:
        effect = "may newly take requests that policies refused; compare them by hand"
    example = _example(widening.request) if widening.certain else ""
    message = f"{str_of(policy)} {does}: {widening.workload} {effect}{example}"
    severity = Severity.ERROR if widening.certain else Severity.WARNING
    facts = MappingProxyType({"object": str(policy.key)})
    return Finding(node, message, severity, message, facts, side=side)


def _example(request: Request) -> str:
    """What is known of a request that is newly let through."""
    words = [
        f"{dimension} {escaped(value)}"
        for dimension, value in request.items()
        if dimension in _SHOWN and isinstance(value, str) and OTHER not in value
    ]
    return f", such as {', '.join(words)}" if words else ""


def _place(old: Resource | None, new: Resource | None) -> tuple[Node, Side]:
    """The first field that differs; of a policy that is new or gone, its name."""
    if new is None and old is not None:
        return old.at("metadata", "name"), "LEFT"
    if new is None:
        raise ValueError("neither base nor head has the policy")
    if old is None:
        return new.at("metadata", "name"), "RIGHT"
    for name in _FIELDS:
        was, field = old.at("spec", name), new.at("spec", name)
        if was.value == field.value:
            continue
        if not field.exists:
            return was, "LEFT"
        rules = [rule for rule in field.items() if rule.value not in sequence(was.value)]
        return (rules[0] if name == "rules" and rules else field), "RIGHT"
    return new.at("metadata"), "RIGHT"
