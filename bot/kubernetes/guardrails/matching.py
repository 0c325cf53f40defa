"""Which requests a guard matches, in the form that Kubernetes' own admission has.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-rules
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bot.core.resource import Node
from bot.kubernetes.guardrails.cel import expression
from bot.kubernetes.guardrails.formulas import And, Formula, Not, Opaque, Or, Test, every, some
from bot.kubernetes.guardrails.guards import GuardField, GuardPurpose
from bot.kubernetes.selectors import Requirement, Selector, label_selector

GROUP: Final = "group"
VERSION: Final = "version"
RESOURCE: Final = "resource"
KIND: Final = "kind"
SUBRESOURCE: Final = "subresource"
OPERATION: Final = "operation"
NAMESPACE: Final = "namespace"
NAMESPACE_LABEL: Final = "namespace label "
LABEL: Final = "label "
NAME: Final = "name"
OPERATIONS: Final = ("CREATE", "UPDATE", "DELETE", "CONNECT")
"""All operations of admission.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-rules
"""

CLUSTER: Final = Not(Test(NAMESPACE, "exists"))
"""The request is for a resource that is in no namespace."""

JUDGED: Final = Opaque("the guard can judge the request")
"""Holds unless the guard fails: its webhook does not answer, or its expression cannot be run."""

_NAME_LABEL: Final = "kubernetes.io/metadata.name"


def matches(node: Node) -> Formula:
    """What `matchConstraints`, `matchResources` or a webhook's rules match.

    Without rules everything is matched: a binding then leaves it to its policy.
    """
    rules = "resourceRules" if node["resourceRules"].exists else "rules"
    matched: Formula = True
    if node[rules].exists:
        matched = Or(tuple(_rule(item) for item in node[rules].items()))
    excluded = Or(tuple(_rule(item) for item in node["excludeResourceRules"].items()))
    exact: Formula = True
    if node["matchPolicy"].text == "Exact":
        exact = Not(Opaque("the request uses another version of the resource"))
    return every(
        matched,
        Not(excluded),
        exact,
        some(CLUSTER, selected(label_selector(node["namespaceSelector"]), NAMESPACE_LABEL)),
        selected(label_selector(node["objectSelector"]), LABEL),
    )


def match_fields(prefix: str, node: Node) -> Iterator[GuardField]:
    """The fields that `matches` reads."""
    purposes: Mapping[str, GuardPurpose] = {
        "resourceRules": "match",
        "rules": "match",
        "namespaceSelector": "match",
        "objectSelector": "match",
        "matchPolicy": "match",
        "excludeResourceRules": "exclude",
    }
    for name, purpose in purposes.items():
        yield GuardField(f"{prefix}{name}", node[name], purpose)


def _rule(rule: Node) -> Formula:
    """One rule of resources, groups, versions and operations."""
    parts: list[Formula] = [
        _listed(GROUP, rule["apiGroups"]),
        _listed(VERSION, rule["apiVersions"]),
        _operations(rule["operations"]),
        Or(tuple(_resource(text) for text in rule["resources"].texts)),
    ]
    if not rule["resources"].exists:
        parts[-1] = True
    names = rule["resourceNames"].texts
    if names:
        parts.append(Test(NAME, "in", names))
    scope = rule["scope"].text
    if scope in {"Cluster", "Namespaced"}:
        parts.append(CLUSTER if scope == "Cluster" else Not(CLUSTER))
    return And(tuple(parts))


def _listed(dimension: str, node: Node) -> Formula:
    texts = node.texts
    return True if "*" in texts or not node.exists else Test(dimension, "in", texts)


def _operations(node: Node) -> Formula:
    """`*` is every operation, so that a list of all of them is equal to it."""
    texts = node.texts
    return Test(OPERATION, "in", OPERATIONS if "*" in texts or not node.exists else texts)


def _resource(text: str) -> Formula:
    """`pods`, `pods/exec`, `pods/*`, `*/scale`, `*` (no subresource) or `*/*`."""
    resource, _, subresource = text.partition("/")
    return every(
        True if resource == "*" else Test(RESOURCE, "in", (resource,)),
        True if subresource == "*" else Test(SUBRESOURCE, "in", (subresource,)),
    )


def selected(selector: Selector | None, dimension: str) -> Formula:
    """What a label selector selects; without one everything."""
    if selector is None:
        return True
    if selector.invalid is not None:
        return False
    return And(tuple(_required(held, dimension) for held in selector.requirements))


def _required(requirement: Requirement, dimension: str) -> Formula:
    key = f"{dimension}{requirement.key}"
    if dimension == NAMESPACE_LABEL and requirement.key == _NAME_LABEL:
        key = NAMESPACE  # the API gives every namespace its name as a label
    if requirement.operator == "In":
        return Test(key, "in", requirement.values)
    if requirement.operator == "NotIn":
        return Not(Test(key, "in", requirement.values))
    exists = Test(key, "exists")
    return exists if requirement.operator == "Exists" else Not(exists)


def conditions(node: Node, variables: Mapping[str, str] | None = None) -> Formula:
    """What `matchConditions` require: all of their expressions."""
    return And(tuple(expression(item["expression"].text or "", variables) for item in node.items()))


def fails_closed(node: Node, default: str = "Fail") -> bool:
    """Whether a request that cannot be judged is refused."""
    return (node.text or default).lower() == "fail"


def judging(refused: Formula, *, closed: bool) -> Formula:
    """A guard that refuses these requests, and those that it cannot judge where it is closed."""
    failed: Formula = every(Not(JUDGED), closed)
    return some(every(JUDGED, refused), failed)
