"""RBAC objects as the API server decodes and validates them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

from bot.core.resource import Node, Resource
from bot.core.values import freeze
from bot.kubernetes import kinds
from bot.kubernetes.rbac.effect import RBAC_GROUP
from bot.kubernetes.rbac.rules import CLUSTER, RbacRule
from bot.kubernetes.rbac.subjects import Subject, account, group, user
from bot.kubernetes.selectors import Selector, label_selector

MOST_TARGETS: Final = 20_000
"""Groups times resources of one rule beyond which we refuse to reason; no real rule has as many."""


class RoleKey(NamedTuple):
    """The role that a roleRef names; `namespace` is empty for a ClusterRole."""

    kind: str
    namespace: str
    name: str

    @property
    def reference(self) -> str:
        """The role in a roleRef's terms: `ClusterRole/name` or `Role/name`."""
        return f"{self.kind}/{self.name}"

    def __str__(self) -> str:
        space = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {space}{self.name}"


@dataclass(frozen=True, slots=True)
class Role:
    """A Role or ClusterRole that the API server accepts.

    `selectors` is None for a role with rules of its own, and not None for an aggregated role.
    `is_contended` says that the rules of an aggregated role are written again and again by whoever
    applies the manifest, so that they hold beside those that it aggregates.
    """

    key: RoleKey
    resource: Resource
    rules: tuple[RbacRule, ...]
    selectors: tuple[Selector, ...] | None
    labels: Mapping[str, str]
    is_contended: bool = False


@dataclass(frozen=True, slots=True)
class Binding:
    """A binding that the API server accepts: its subjects in order, and the role that they get."""

    resource: Resource
    scope: str
    role: RoleKey
    subjects: tuple[Subject, ...]

    def subject_node(self, subject: Subject) -> Node:
        """The node of the item that names this subject; the whole list where no item does."""
        place = self.resource.at("subjects")
        if subject not in self.subjects:
            return place
        return tuple(place.items())[self.subjects.index(subject)]


FieldRoute: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class RbacRefusal:
    """A reason why the API server refuses an object, and the field that it names."""

    route: FieldRoute
    reason: str

    def node(self, resource: Resource) -> Node:
        """The node of the refusal, as deep as it exists."""
        node = resource.root
        for step in self.route:
            below = node[step] if isinstance(step, str) else _item(node, step)
            if below is None:
                break
            node = below
        return node


def _item(node: Node, index: int) -> Node | None:
    items = tuple(node.items())
    return items[index] if index < len(items) else None


Strings: TypeAlias = list[str] | None


class _Rule(msgspec.Struct, rename="camel"):
    verbs: Strings = None
    api_groups: Strings = None
    resources: Strings = None
    resource_names: Strings = None
    non_resource_urls: Strings = msgspec.field(name="nonResourceURLs", default=None)


class _Metadata(msgspec.Struct):
    labels: dict[str, str | None] | None = None


class _Aggregation(msgspec.Struct, rename="camel"):
    cluster_role_selectors: list[dict[str, object]] | None = None


class _Role(msgspec.Struct, rename="camel"):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    rules: list[_Rule] | None = None
    aggregation_rule: _Aggregation | None = None


class _Subject(msgspec.Struct, rename="camel"):
    kind: str | None = None
    api_group: str | None = None
    namespace: str | None = None
    name: str | None = None


class _RoleRef(msgspec.Struct, rename="camel"):
    api_group: str | None = None
    kind: str | None = None
    name: str | None = None


class _Binding(msgspec.Struct, rename="camel"):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    subjects: list[_Subject] | None = None
    role_ref: _RoleRef | None = None


_decode_role: Final = msgspec.json.Decoder(_Role).decode
_decode_binding: Final = msgspec.json.Decoder(_Binding).decode


def read(resource: Resource) -> Role | Binding | tuple[RbacRefusal, ...]:
    """The parsed object, or every reason why the API server refuses it.

    https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/rbac/validation/validation.go
    """
    binds = resource.group_kind in (kinds.ROLE_BINDING, kinds.CLUSTER_ROLE_BINDING)
    try:
        if binds:
            document = _decode_binding(resource.encoded)
            return tuple(_refused_binding(resource, document)) or _binding(resource, document)
        role = _decode_role(resource.encoded)
        selectors = _selectors(resource, role)
        return tuple(_refused_role(resource, role, selectors)) or _role(resource, role, selectors)
    except msgspec.ValidationError as error:
        return (_unquoted(resource) or _mistyped(str(error)),)


def _unquoted(resource: Resource) -> RbacRefusal | None:
    """The refusal of a label whose value is not a string, the most common mistake."""
    for key, node in resource.at("metadata", "labels").fields():
        if node.value is not None and node.text is None:
            return RbacRefusal(
                ("metadata", "labels", key), f"the label {key} has to be a quoted string"
            )
    return None


_PLACE: Final = re.compile(r" - at `\$([^`]*)`$")
_STEP: Final = re.compile(r"\.([A-Za-z]+)|\[(\d+)\]")


def _mistyped(message: str) -> RbacRefusal:
    """The refusal of a value of the wrong type; the decoder's message names types, never values."""
    match = _PLACE.search(message)
    text = match[1] if match else ""
    route = tuple(step[1] or int(step[2]) for step in _STEP.finditer(text))
    what = _PLACE.sub("", message).replace("`", "").replace(" | null", "")
    for decoded, named in (("array", "a list"), ("object", "a mapping"), ("str", "a string")):
        what = re.sub(rf"\b{decoded}\b", named, what)
    return RbacRefusal(
        route, f"{text.lstrip('.') or 'the object'} has the wrong type: {what.lower()}"
    )


def _selectors(resource: Resource, role: _Role) -> tuple[Selector, ...] | None:
    if role.aggregation_rule is None or resource.key.kind == "Role":
        return None
    selectors = role.aggregation_rule.cluster_role_selectors or []
    return tuple(label_selector(freeze(selector)) or Selector() for selector in selectors)


def _role(resource: Resource, role: _Role, selectors: tuple[Selector, ...] | None) -> Role:
    kind = resource.key.kind
    key = RoleKey(kind, (resource.namespace or "") if kind == "Role" else "", resource.name)
    labels = {name: value or "" for name, value in (role.metadata.labels or {}).items()}
    rules = tuple(
        RbacRule(
            tuple(rule.verbs or ()),
            tuple(rule.api_groups or ()),
            tuple(rule.resources or ()),
            tuple(rule.resource_names or ()),
            tuple(rule.non_resource_urls or ()),
        )
        for rule in role.rules or ()
    )
    return Role(key, resource, rules, selectors, labels)


def _binding(resource: Resource, document: _Binding) -> Binding:
    space = resource.namespace or "" if resource.key.kind == "RoleBinding" else ""
    reference = document.role_ref or _RoleRef()
    kind = reference.kind or ""
    return Binding(
        resource,
        space or CLUSTER,
        RoleKey(kind, space if kind == "Role" else "", reference.name or ""),
        tuple(_canonical(subject, space) for subject in document.subjects or ()),
    )


def _canonical(subject: _Subject, space: str) -> Subject:
    name = subject.name or ""
    if subject.kind == "ServiceAccount":
        return account(subject.namespace or space, name)
    return user(name) if subject.kind == "User" else group(name)


def _refused_role(
    resource: Resource, role: _Role, selectors: tuple[Selector, ...] | None
) -> Iterator[RbacRefusal]:
    for index, rule in enumerate(role.rules or ()):
        for field, reason in _refused_rule(rule, resource.key.kind):
            yield RbacRefusal(("rules", index, *((field,) if field else ())), reason)
    if selectors is None:
        return
    place: FieldRoute = ("aggregationRule", "clusterRoleSelectors")
    if not selectors:
        yield RbacRefusal(place, "an aggregationRule needs at least one clusterRoleSelector")
    for index, selector in enumerate(selectors):
        if selector.invalid is not None:
            yield RbacRefusal((*place, index), f"the selector is invalid: {selector.invalid}")


def _refused_rule(
    rule: _Rule, kind: str
) -> Iterator[tuple[Literal["verbs", "nonResourceURLs", "apiGroups", "resources"] | None, str]]:
    if not rule.verbs:
        yield "verbs", "a rule needs at least one verb"
    if rule.non_resource_urls:
        if kind == "Role":
            yield "nonResourceURLs", "a Role cannot grant URLs, which are in no namespace"
        if rule.api_groups or rule.resources or rule.resource_names:
            yield "nonResourceURLs", "a rule cannot apply to both resources and URLs"
        return
    if not rule.api_groups:
        yield "apiGroups", 'a rule for resources needs apiGroups (the core group is "")'
    if not rule.resources:
        yield "resources", "a rule needs at least one resource or nonResourceURL"
    if len(rule.api_groups or ()) * len(rule.resources or ()) > MOST_TARGETS:
        yield None, f"more than {MOST_TARGETS:,} resources in one rule are not looked at"


def _refused_binding(resource: Resource, binding: _Binding) -> Iterator[RbacRefusal]:
    cluster = resource.key.kind == "ClusterRoleBinding"
    if binding.role_ref is None:
        yield RbacRefusal(("roleRef",), "a binding needs a roleRef")
    else:
        yield from _refused_reference(binding.role_ref, cluster=cluster)
    for index, subject in enumerate(binding.subjects or ()):
        for field, reason in _refused_subject(subject, cluster=cluster):
            yield RbacRefusal(("subjects", index, field), reason)


def _refused_reference(reference: _RoleRef, *, cluster: bool) -> Iterator[RbacRefusal]:
    if (reference.api_group or RBAC_GROUP) != RBAC_GROUP:
        yield RbacRefusal(("roleRef", "apiGroup"), f"roleRef.apiGroup must be {RBAC_GROUP}")
    legal = ("ClusterRole",) if cluster else ("Role", "ClusterRole")
    if reference.kind not in legal:
        yield RbacRefusal(("roleRef", "kind"), f"roleRef.kind must be {' or '.join(legal)}")
    if not reference.name:
        yield RbacRefusal(("roleRef", "name"), "roleRef needs a name")


def _refused_subject(subject: _Subject, *, cluster: bool) -> Iterator[tuple[str, str]]:
    if not subject.name:
        yield "name", "a subject needs a name"
    if subject.kind == "ServiceAccount":
        if subject.api_group:
            yield "apiGroup", "a ServiceAccount is of the core group: its apiGroup must be empty"
        if cluster and not subject.namespace:
            yield "namespace", "a ServiceAccount in a ClusterRoleBinding needs a namespace"
    elif subject.kind in ("User", "Group"):
        if (subject.api_group or RBAC_GROUP) != RBAC_GROUP:
            yield "apiGroup", f"the apiGroup of a {subject.kind} must be {RBAC_GROUP}"
    else:
        yield "kind", "a subject's kind must be User, Group or ServiceAccount"
