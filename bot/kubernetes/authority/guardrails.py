"""Admission guardrails: what a change no longer enforces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from bot.core.finding import Finding, Side
from bot.core.resource import GroupKind, Node, Resource
from bot.core.state import Change, State, changes
from bot.kubernetes import kinds
from bot.kubernetes.authority.pattern_lists import added, place, removed, text_of
from bot.kubernetes.selectors import label_selector
from bot.kubernetes.workloads.pods import str_of

Weakening: TypeAlias = tuple[Node, str, Side]

KYVERNO: Final = "kyverno.io"
KYVERNO_CEL: Final = "policies.kyverno.io"
CONSTRAINTS: Final = "constraints.gatekeeper.sh"
ADMISSION: Final = "admissionregistration.k8s.io"
POD_SECURITY: Final = "pod-security.kubernetes.io/enforce"
_NAMESPACED: Final = frozenset(("Policy", "PolicyException", "NamespacedValidatingPolicy"))
_LEVELS: Final = ("privileged", "baseline", "restricted")


def guardrails_weakened(before: State, after: State) -> Iterator[Finding]:
    """What a change no longer enforces.

    Every changed resource is looked at, because each Gatekeeper constraint has a kind of its own.
    """
    for change in changes(before, after):
        for node, message, side in _weakened(change):
            facts = MappingProxyType({"object": str(change.key)})
            yield Finding(node, message, key=message, facts=facts, side=side)


def _weakened(change: Change) -> Iterator[Weakening]:
    kind = change.key.group_kind
    old, new = change.before, change.after
    if kind.kind == "PolicyException" and kind.group in (KYVERNO, KYVERNO_CEL):
        yield from _excepted(old, new)
        return
    guard = _GUARDS.get(kind)
    if kind.group == CONSTRAINTS:
        guard = _constraint
    if guard is None or old is None:
        return
    if new is not None:
        yield from guard(old, new)
    elif kind != kinds.NAMESPACE:
        yield old.at("metadata", "name"), f"{_name(old)} is removed: it guards nothing", "LEFT"


def _name(resource: Resource) -> str:
    """The name of a guardrail in messages, with its namespace where it has one."""
    if resource.key.kind in _NAMESPACED:
        return str_of(resource)
    return f"{resource.key.kind} {resource.name}"


def _excepted(old: Resource | None, new: Resource | None) -> Iterator[Weakening]:
    if new is None:
        return
    if old is None:
        node = new.at("metadata", "name")
        yield node, f"{_name(new)} excepts resources from policies", "RIGHT"
    elif old.at("spec").value != new.at("spec").value:
        yield new.at("spec"), f"{_name(new)} excepts other resources than before", "RIGHT"


def _switched(old: Node, new: Node, strict: str, default: str) -> bool:
    """Whether a field loses its strict value; letter case is ignored, as the controllers do."""
    before, after = (field_node.text or default for field_node in (old, new))
    return before.lower() == strict.lower() != after.lower()


def _value_or_default(node: Node, default: str) -> str:
    return node.text or f"{default} (the default)"


def _kyverno(old: Resource, new: Resource) -> Iterator[Weakening]:
    base, head, name = old.at("spec"), new.at("spec"), _name(new)
    field = "validationFailureAction"
    if _switched(base[field], head[field], "Enforce", "Audit"):
        node, side = place(head[field], base[field])
        yield node, f"{name} no longer refuses what violates it, but only reports it", side
    yield from _failure_policy(name, base, head)
    rules = {item["name"].text: item for item in head["rules"].items()}
    for rule in base["rules"].items():
        counterpart = rules.get(rule["name"].text)
        if counterpart is None:
            yield rule, f"{name} no longer has the rule {rule['name'].text}", "LEFT"
            continue
        yield from _kyverno_rule(name, rule, counterpart)


def _kyverno_rule(name: str, old: Node, new: Node) -> Iterator[Weakening]:
    rule_name, field = old["name"].text, "failureAction"
    before, after = old["validate"][field], new["validate"][field]
    if before.exists and _switched(before, after, "Enforce", "Audit"):
        node, side = place(after, before)
        yield node, f"{name} no longer refuses what violates its rule {rule_name}", side
    if new["exclude"].value and old["exclude"].value != new["exclude"].value:
        yield new["exclude"], f"The rule {rule_name} of {name} excludes other resources", "RIGHT"


def _kyverno_cel(old: Resource, new: Resource) -> Iterator[Weakening]:
    yield from _deny(old.at("spec", "validationActions"), new.at("spec", "validationActions"))
    yield from _failure_policy(_name(new), old.at("spec"), new.at("spec"))


def _constraint(old: Resource, new: Resource) -> Iterator[Weakening]:
    base, head, name = old.at("spec"), new.at("spec"), _name(new)
    field = "enforcementAction"
    if _switched(base[field], head[field], "deny", "deny"):
        node, side = place(head[field], base[field])
        yield node, f"{name} no longer denies: {_value_or_default(head[field], 'deny')}", side
    for item in added(*_both(base, head, "match", "excludedNamespaces"), text_of):
        yield item, f"{name} now leaves out namespace {item.text}", "RIGHT"
    for item in removed(*_both(base, head, "match", "namespaces"), text_of):
        if head["match"]["namespaces"].value:
            yield item, f"{name} no longer guards namespace {item.text}", "LEFT"


def _both(base: Node, head: Node, *fields: str) -> tuple[Node, Node]:
    return base.at(*fields), head.at(*fields)


def _deny(old: Node, new: Node) -> Iterator[Weakening]:
    """Report a list of actions that loses `Deny`, the only action that refuses a request."""
    if "Deny" in old.texts and "Deny" not in new.texts:
        node, side = place(new, old)
        name = _name(new.resource)
        yield node, f"{name} no longer refuses what violates it, but only reports it", side


def _binding(old: Resource, new: Resource) -> Iterator[Weakening]:
    yield from _deny(old.at("spec", "validationActions"), new.at("spec", "validationActions"))
    yield from _narrowed(_name(new), *_both(old.at("spec"), new.at("spec"), "matchResources"))


def _policy(old: Resource, new: Resource) -> Iterator[Weakening]:
    base, head, name = old.at("spec"), new.at("spec"), _name(new)
    yield from _failure_policy(name, base, head)
    yield from _narrowed(name, *_both(base, head, "matchConstraints"))
    yield from _conditions(name, base, head)
    kept = {item["expression"].text for item in head["validations"].items()}
    for item in base["validations"].items():
        if item["expression"].text not in kept and len(kept) < sum(
            1 for _ in base["validations"].items()
        ):
            yield item, f"{name} no longer has one of its validations", "LEFT"


def _webhooks(old: Resource, new: Resource) -> Iterator[Weakening]:
    hooks = {item["name"].text: item for item in new.at("webhooks").items()}
    for hook in old.at("webhooks").items():
        hook_name = hook["name"].text
        counterpart = hooks.get(hook_name)
        if counterpart is None:
            yield hook, f"{_name(new)} no longer has the webhook {hook_name}", "LEFT"
            continue
        name = f"The webhook {hook_name} of {_name(new)}"
        yield from _failure_policy(name, hook, counterpart)
        yield from _narrowed(name, hook, counterpart)
        yield from _conditions(name, hook, counterpart)


def _failure_policy(name: str, old: Node, new: Node) -> Iterator[Weakening]:
    field = "failurePolicy"
    if _switched(old[field], new[field], "Fail", "Fail"):
        node, side = place(new[field], old[field])
        yield node, f"{name} now lets through what it fails to judge", side


def _narrowed(name: str, old: Node, new: Node) -> Iterator[Weakening]:
    """Report selectors with more requirements than before: they select fewer objects."""
    for field in ("namespaceSelector", "objectSelector"):
        before = label_selector(old[field])
        after = label_selector(new[field])
        if after is None or before == after:
            continue
        required = set(before.requirements) if before is not None else set()
        if not set(after.requirements) <= required:
            yield new[field], f"{name} now judges only {field} {after}", "RIGHT"


def _conditions(name: str, old: Node, new: Node) -> Iterator[Weakening]:
    for item in added(
        old["matchConditions"],
        new["matchConditions"],
        lambda node: node["expression"].text or "",
        str.__eq__,
    ):
        yield item, f"{name} now judges only what {item['name'].text} matches", "RIGHT"


def _namespace(old: Resource, new: Resource) -> Iterator[Weakening]:
    """Report a lower enforced Pod Security level; most clusters enforce none without the label."""
    before, after = (namespace.labels.get(POD_SECURITY, "privileged") for namespace in (old, new))
    if before not in _LEVELS or after not in _LEVELS:
        return
    if _LEVELS.index(after) < _LEVELS.index(before):
        node, side = place(
            *(namespace.at("metadata", "labels", POD_SECURITY) for namespace in (new, old))
        )
        yield node, f"{_name(new)} lowers its Pod Security level from {before} to {after}", side


Guard: TypeAlias = Callable[[Resource, Resource], Iterator[Weakening]]


def _only_removal(old: Resource, new: Resource) -> Iterator[Weakening]:
    del old, new
    yield from ()


_GUARDS: Final[Mapping[GroupKind, Guard]] = MappingProxyType(
    {
        GroupKind(KYVERNO, "ClusterPolicy"): _kyverno,
        GroupKind(KYVERNO, "Policy"): _kyverno,
        GroupKind(KYVERNO_CEL, "ValidatingPolicy"): _kyverno_cel,
        GroupKind(KYVERNO_CEL, "NamespacedValidatingPolicy"): _kyverno_cel,
        GroupKind(KYVERNO_CEL, "ImageValidatingPolicy"): _kyverno_cel,
        GroupKind("templates.gatekeeper.sh", "ConstraintTemplate"): _only_removal,
        GroupKind(ADMISSION, "ValidatingAdmissionPolicy"): _policy,
        GroupKind(ADMISSION, "ValidatingAdmissionPolicyBinding"): _binding,
        GroupKind(ADMISSION, "ValidatingWebhookConfiguration"): _webhooks,
        GroupKind(ADMISSION, "MutatingWebhookConfiguration"): _webhooks,
        kinds.NAMESPACE: _namespace,
    }
)
"""What is compared of each kind that guards; of all but Namespaces a removal counts as well."""
