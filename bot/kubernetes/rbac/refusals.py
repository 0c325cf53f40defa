"""What the API server refuses in roles and bindings, with the field that it names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

import msgspec

from bot.core.resource import Node, Resource
from bot.kubernetes.rbac.effect import RBAC_GROUP
from bot.kubernetes.selectors import Selector
from bot.records import dataclass

MOST_TARGETS: Final = 20_000
"""Groups times resources of one rule beyond which we refuse to reason; no real rule has as many."""

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


class RoleManifest(msgspec.Struct, rename="camel"):
    """A Role or ClusterRole as the API server decodes it."""

    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    rules: list[_Rule] | None = None
    aggregation_rule: _Aggregation | None = None


class SubjectManifest(msgspec.Struct, rename="camel"):
    """A subject of a binding as the API server decodes it."""

    kind: str | None = None
    api_group: str | None = None
    namespace: str | None = None
    name: str | None = None


class RoleRefManifest(msgspec.Struct, rename="camel"):
    """The role that a binding refers to, as the API server decodes it."""

    api_group: str | None = None
    kind: str | None = None
    name: str | None = None


class BindingManifest(msgspec.Struct, rename="camel"):
    """A RoleBinding or ClusterRoleBinding as the API server decodes it."""

    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    subjects: list[SubjectManifest] | None = None
    role_ref: RoleRefManifest | None = None


def refused_role(
    resource: Resource, role: RoleManifest, selectors: tuple[Selector, ...] | None
) -> Iterator[RbacRefusal]:
    """What the API server refuses in a role; `selectors` are those of its aggregation rule."""
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
        yield None, f"more than {MOST_TARGETS:,} resources in one rule are not judged"


def refused_binding(resource: Resource, binding: BindingManifest) -> Iterator[RbacRefusal]:
    """What the API server refuses in a binding."""
    cluster = resource.key.kind == "ClusterRoleBinding"
    if binding.role_ref is None:
        yield RbacRefusal(("roleRef",), "a binding needs a roleRef")
    else:
        yield from _refused_reference(binding.role_ref, cluster=cluster)
    for index, subject in enumerate(binding.subjects or ()):
        for field, reason in _refused_subject(subject, cluster=cluster):
            yield RbacRefusal(("subjects", index, field), reason)


def _refused_reference(reference: RoleRefManifest, *, cluster: bool) -> Iterator[RbacRefusal]:
    if (reference.api_group or RBAC_GROUP) != RBAC_GROUP:
        yield RbacRefusal(("roleRef", "apiGroup"), f"roleRef.apiGroup must be {RBAC_GROUP}")
    legal = ("ClusterRole",) if cluster else ("Role", "ClusterRole")
    if reference.kind not in legal:
        yield RbacRefusal(("roleRef", "kind"), f"roleRef.kind must be {' or '.join(legal)}")
    if not reference.name:
        yield RbacRefusal(("roleRef", "name"), "roleRef needs a name")


def _refused_subject(subject: SubjectManifest, *, cluster: bool) -> Iterator[tuple[str, str]]:
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
