"""RBAC objects as the API server decodes and validates them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from bot.core.resource import Node, Resource
from bot.core.values import freeze
from bot.kubernetes import kinds
from bot.kubernetes.rbac.refusals import (
    BindingManifest,
    RbacRefusal,
    RoleManifest,
    RoleRefManifest,
    SubjectManifest,
    refused_binding,
    refused_role,
)
from bot.kubernetes.rbac.rules import CLUSTER, RbacRule
from bot.kubernetes.rbac.subjects import Subject, account, group, user
from bot.kubernetes.selectors import Selector, label_selector
from bot.patterns import pattern
from bot.records import dataclass


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
        if subject not in self.subjects:
            return self.resource.at("subjects")
        items = [item for field in _LISTS for item in self.resource.at(field).items()]
        return items[self.subjects.index(subject)]


_LISTS: Final = ("subjects", "users", "groups")
"""The fields that name subjects: of a binding, and of OpenShift's SecurityContextConstraints."""

_decode_role: Final = msgspec.json.Decoder(RoleManifest).decode
_decode_binding: Final = msgspec.json.Decoder(BindingManifest).decode


def read(resource: Resource) -> Role | Binding | tuple[RbacRefusal, ...]:
    """The parsed object, or every reason why the API server refuses it.

    https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/rbac/validation/validation.go
    """
    binds = resource.group_kind in (kinds.ROLE_BINDING, kinds.CLUSTER_ROLE_BINDING)
    try:
        if binds:
            document = _decode_binding(resource.encoded)
            return tuple(refused_binding(resource, document)) or _binding(resource, document)
        role = _decode_role(resource.encoded)
        selectors = _selectors(resource, role)
        return tuple(refused_role(resource, role, selectors)) or _role(resource, role, selectors)
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


def users_of_constraints(resource: Resource) -> tuple[Role, Binding] | tuple[()]:
    """What SecurityContextConstraints grant by themselves: to be used, in every namespace.

    https://github.com/openshift/apiserver-library-go/blob/master/pkg/securitycontextconstraints/sccmatching/matcher.go
    """
    names = [item.text or "" for item in resource.at("users").items()]
    groups = [item.text or "" for item in resource.at("groups").items()]
    if not names and not groups:
        return ()
    key = RoleKey(resource.key.kind, "", resource.name)
    group_name, plural = kinds.SECURITY_CONTEXT_CONSTRAINTS.group, "securitycontextconstraints"
    rule = RbacRule(("use",), (group_name,), (plural,), (resource.name,), ())
    subjects = (*map(user, names), *map(group, groups))
    return Role(key, resource, (rule,), None, {}), Binding(resource, CLUSTER, key, subjects)


_PLACE: Final = pattern(r" - at `\$([^`]*)`$")
_STEP: Final = pattern(r"\.([A-Za-z]+)|\[(\d+)\]")


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


def _selectors(resource: Resource, role: RoleManifest) -> tuple[Selector, ...] | None:
    if role.aggregation_rule is None or resource.key.kind == "Role":
        return None
    selectors = role.aggregation_rule.cluster_role_selectors or []
    return tuple(label_selector(freeze(selector)) or Selector() for selector in selectors)


def _role(resource: Resource, role: RoleManifest, selectors: tuple[Selector, ...] | None) -> Role:
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


def _binding(resource: Resource, document: BindingManifest) -> Binding:
    space = resource.namespace or "" if resource.key.kind == "RoleBinding" else ""
    reference = document.role_ref or RoleRefManifest()
    kind = reference.kind or ""
    return Binding(
        resource,
        space or CLUSTER,
        RoleKey(kind, space if kind == "Role" else "", reference.name or ""),
        tuple(_canonical(subject, space) for subject in document.subjects or ()),
    )


def _canonical(subject: SubjectManifest, space: str) -> Subject:
    name = subject.name or ""
    if subject.kind == "ServiceAccount":
        return account(subject.namespace or space, name)
    return user(name) if subject.kind == "User" else group(name)
