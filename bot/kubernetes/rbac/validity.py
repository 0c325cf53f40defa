"""Invalid RBAC: objects that the API server refuses, and rules that match no request."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.resource import Node, Resource
from bot.core.values import EMPTY
from bot.kubernetes.rbac.effect import (
    BUILT_IN_SCOPED,
    dead_group,
    dead_name,
    dead_resource,
    dead_url,
    dead_verb,
)
from bot.kubernetes.rbac.objects import Role, read
from bot.kubernetes.workloads.pods import str_of


def invalid(resource: Resource) -> Iterator[Finding]:
    """The reasons why the API server refuses this object; else its rules that match no request."""
    parsed = resource.derived(read)
    if isinstance(parsed, tuple):
        for refusal in parsed:
            message = f"The API refuses {str_of(resource)}: {refusal.reason}"
            yield Finding(refusal.node(resource), message, Severity.ERROR, key=refusal.reason)
    elif isinstance(parsed, Role):
        yield from _dead(parsed)


def _dead(role: Role) -> Iterator[Finding]:
    name = str_of(role.resource)
    if role.selectors is not None and role.rules:
        node = role.resource.at("rules")
        message = (
            f"{name} is aggregated: rules that it collects overwrite those that are written in it"
        )
        yield Finding(node, message, Severity.WARNING, facts=EMPTY)
    for entry in role.resource.at("rules").items():
        for node, reason in _dead_items(entry, role.key.kind):
            message = f"In {name} {reason}"
            yield Finding(node, message, Severity.WARNING, key=node.text or "")


def _dead_items(rule: Node, kind: str) -> Iterator[tuple[Node, str]]:
    """The items of a rule that match nothing, whatever the rest of the rule says."""
    for field, why in (
        ("verbs", dead_verb),
        ("apiGroups", dead_group),
        ("resources", dead_resource),
        ("resourceNames", dead_name),
        ("nonResourceURLs", dead_url),
    ):
        for item in rule[field].items():
            reason = why(item.text or "")
            if reason is not None:
                yield item, reason
    yield from _dead_pairs(rule, kind)


def _dead_pairs(rule: Node, kind: str) -> Iterator[tuple[Node, str]]:
    """The items that match nothing because of the items beside them."""
    if rule["resourceNames"].texts and "" not in rule["resourceNames"].texts:
        for item in rule["verbs"].items():
            if item.text == "deletecollection":
                yield item, "deletecollection never has a name, so resourceNames leave it nothing"
    groups = rule["apiGroups"].texts
    if kind != "Role" or not groups:
        return
    for item in rule["resources"].items():
        main = (item.text or "").partition("/")[0]
        everywhere = all((group, main) in BUILT_IN_SCOPED for group in groups)
        if everywhere and (main != "namespaces") and not _binds(rule, main):
            yield item, f"{item.text!r} are in no namespace, so a Role cannot grant them"


def _binds(rule: Node, main: str) -> bool:
    """Whether this is the one right on ClusterRoles that is checked in a namespace."""
    return main == "clusterroles" and bool({"bind", "*"} & set(rule["verbs"].texts))
