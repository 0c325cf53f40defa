"""Which requests a rule of a Kyverno policy matches and excludes.

https://kyverno.io/docs/policy-types/cluster-policy/match-exclude/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.core import values
from bot.core.resource import Node
from bot.kubernetes.guardrails.admission import same_text
from bot.kubernetes.guardrails.formulas import And, Formula, Not, Opaque, Or, Test, every
from bot.kubernetes.guardrails.matching import (
    CLUSTER,
    GROUP,
    KIND,
    LABEL,
    NAME,
    NAMESPACE,
    NAMESPACE_LABEL,
    OPERATION,
    SUBRESOURCE,
    VERSION,
)

ANNOTATION: Final = "annotation "
_OPERATIONS: Final = ("CREATE", "UPDATE")
"""What a rule without `operations` is asked about."""
_WILD: Final = frozenset("*?")


def matched(node: Node) -> Formula:
    """What `match` or `exclude` selects: any or all of its filters, or the older plain form."""
    if node["any"].exists:
        return Or(tuple(_filter(item) for item in node["any"].items()))
    if node["all"].exists:
        return And(tuple(_filter(item) for item in node["all"].items()))
    return _filter(node) if node.mapping else False


def _filter(node: Node) -> Formula:
    parts = [_resources(node["resources"])]
    for field in ("subjects", "roles", "clusterRoles"):
        items = [Opaque(f"{field} {same_text(item.value)}") for item in node[field].items()]
        if items:
            parts.append(Or(tuple(items)))
    return And(tuple(parts))


def _resources(node: Node) -> Formula:
    names = (*node["names"].texts, *((node["name"].text,) if node["name"].text else ()))
    parts: list[Formula] = []
    if node["kinds"].exists:
        parts.append(Or(tuple(_kind(text) for text in node["kinds"].texts)))
    if names:
        parts.append(_glob(NAME, names))
    if node["namespaces"].texts:
        # `*` matches resources in no namespace as well.
        anywhere: Formula = "*" in node["namespaces"].texts
        parts.append(Or((anywhere, _glob(NAMESPACE, node["namespaces"].texts))))
    for key, value in node["annotations"].mapping.items():
        parts.append(_glob(f"{ANNOTATION}{key}", (values.text(value) or "",)))
    if node["selector"].exists:
        parts.append(selector(node["selector"], LABEL))
    if node["namespaceSelector"].exists:
        parts += [Not(CLUSTER), selector(node["namespaceSelector"], NAMESPACE_LABEL)]
    operations = node["operations"].texts
    if operations:
        parts.append(Test(OPERATION, "in", operations))
    return And(tuple(parts))


def asked(matching: Formula, node: Node) -> Formula:
    """What a rule is asked about: without operations, objects that are created or updated."""
    listed = any(
        part["resources"]["operations"].texts
        for part in (node, *node["any"].items(), *node["all"].items())
    )
    return matching if listed else every(matching, Test(OPERATION, "in", _OPERATIONS))


def selector(node: Node, dimension: str) -> Formula:
    """A label selector, whose values may hold wildcards; one with wildcards in keys is opaque."""
    parts: list[Formula] = []
    for key, value in node["matchLabels"].mapping.items():
        text = values.text(value) or ""
        if _WILD & set(key):
            parts.append(Opaque(f"{dimension}{key}={text}"))
        else:
            parts.append(_glob(f"{dimension}{key}", (text,)))
    parts.extend(_expression(item, dimension) for item in node["matchExpressions"].items())
    return And(tuple(parts))


def _expression(item: Node, dimension: str) -> Formula:
    key, listed = f"{dimension}{item['key'].text or ''}", item["values"].texts
    operator = item["operator"].text
    if operator == "In":
        return _glob(key, listed)
    if operator == "NotIn":
        return Not(_glob(key, listed))
    exists = Test(key, "exists")
    if operator in {"Exists", "DoesNotExist"}:
        return exists if operator == "Exists" else Not(exists)
    return Opaque(f"{dimension}{same_text(item.value)}")


def _glob(dimension: str, texts: tuple[str, ...]) -> Formula:
    wild = any(_WILD & set(text) for text in texts)
    return Test(dimension, "glob" if wild else "in", texts)


def _kind(text: str) -> Formula:
    """`Pod`, `v1/Pod`, `apps/v1/Deployment`, `*/*`, `Pod/exec`, `Pod.status`."""
    group, version, kind, subresource = _parts(text)
    parts: Mapping[str, str] = {
        GROUP: group,
        VERSION: version,
        KIND: kind,
        SUBRESOURCE: subresource,
    }
    return And(tuple(_glob(dimension, (part,)) for dimension, part in parts.items() if part != "*"))


def _parts(text: str) -> tuple[str, str, str, str]:
    parts = text.split("/")
    subresource = ""
    if len(parts) > 1 and parts[-1][:1].islower() and parts[-2][:1].isupper():
        subresource = parts.pop()
    kind = parts[-1]
    if "." in kind and kind[:1].isupper():
        kind, _, subresource = kind.partition(".")
    version = parts[-2] if len(parts) > 1 else "*"
    group = parts[-3] if len(parts) > 2 else "*"
    if len(parts) == 2 and not _is_version(version):
        group, version = version, "*"
    # Of the core group a version alone is written: `v1/Pod`.
    return group, version, kind, subresource


def _is_version(text: str) -> bool:
    return text == "*" or (text[:1] == "v" and text[1:2].isdigit())
