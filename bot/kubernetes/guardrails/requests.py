"""Admission requests: which can exist, how guards compare over them, and how one reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.kubernetes.guardrails.formulas import Formula, Request, Test, glob_matches, leaves
from bot.kubernetes.guardrails.matching import (
    GROUP,
    KIND,
    LABEL,
    NAME,
    NAMESPACE,
    NAMESPACE_LABEL,
    OPERATION,
    OPERATIONS,
    RESOURCE,
    SUBRESOURCE,
    VERSION,
)
from bot.kubernetes.guardrails.search import CHECK, OTHER, GuardComparison, compare

_NAMESPACED: Final = frozenset(
    {
        "ConfigMap",
        "CronJob",
        "DaemonSet",
        "Deployment",
        "Ingress",
        "Job",
        "PersistentVolumeClaim",
        "Pod",
        "ReplicaSet",
        "Role",
        "RoleBinding",
        "Secret",
        "Service",
        "ServiceAccount",
        "StatefulSet",
    }
)
# Kinds that are in one group and version alone; others have namesakes, such as Knative's Service.
_GROUPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("ConfigMap", "PersistentVolumeClaim", "Pod", "Secret", "ServiceAccount"), ""
        ),
        **dict.fromkeys(("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"), "apps"),
        "CronJob": "batch",
    }
)
_RESOURCES: Final = frozenset(
    "ingresses" if kind == "Ingress" else f"{kind.lower()}s" for kind in _NAMESPACED
)
_NAMED: Final = 3


def can_exist(request: Request) -> bool:
    """Whether there can be such a request.

    Some kinds are always in a namespace, or in one group and version alone. Only subresources, such
    as `pods/exec`, know CONNECT.
    """
    kind = request.get(KIND)
    group = _GROUPS.get(kind) if isinstance(kind, str) else None
    if group is not None and (request.get(GROUP, group), request.get(VERSION, "v1")) != (
        group,
        "v1",
    ):
        return False
    operation = request.get(OPERATION, "CREATE")
    if operation not in OPERATIONS:
        return False
    if operation == "CONNECT" and request.get(SUBRESOURCE) == "":
        return False
    return request.get(NAMESPACE, "") is not None or (
        request.get(KIND) not in _NAMESPACED and request.get(RESOURCE) not in _RESOURCES
    )


def compared(base: Formula, head: Formula) -> GuardComparison:
    """How head's formula refuses what base's refuses, over requests that can exist."""
    return compare(base, head, can_exist)


def in_words(request: Request, base: Formula, head: Formula) -> str:
    """A newly admitted request, by the dimensions about which the two formulas differ.

    Empty where they differ about none of them.
    """
    differing = {
        leaf.dimension
        for leaf in {*leaves(base)} ^ {*leaves(head)}
        if isinstance(leaf, Test) and not leaf.dimension.startswith(CHECK)
    }
    both = dict.fromkeys((*leaves(base), *leaves(head)))
    tests = [leaf for leaf in both if isinstance(leaf, Test)]
    words = [
        text
        for dimension in _ordered(differing & {key for key in request if isinstance(key, str)})
        if (text := _words(dimension, request, tests))
    ]
    return ", ".join(words)


def _ordered(dimensions: set[str]) -> Iterator[str]:
    first = (OPERATION, KIND, RESOURCE, SUBRESOURCE, NAMESPACE, NAME)
    yield from (dimension for dimension in first if dimension in dimensions)
    yield from sorted(dimensions - set(first))


def _words(dimension: str, request: Request, tests: list[Test]) -> str:
    value = request[dimension]
    if value is None:
        if dimension == NAMESPACE:
            return "resources in no namespace"
        return f"what has no {dimension}"
    text = _pattern(dimension, str(value), tests)
    if OTHER in text:
        named = [
            value
            for test in tests
            if test.dimension == dimension and test.operator in {"in", "glob"}
            for value in test.values
        ]
        listed = ", ".join(dict.fromkeys(named[:_NAMED]))
        return f"every other {dimension} than {listed}" if listed else ""
    if dimension.startswith((LABEL, NAMESPACE_LABEL)):
        return f"{dimension}={text}"
    return text if dimension in {OPERATION, KIND, RESOURCE} else f"{dimension} {text or 'none'}"


def _pattern(dimension: str, value: str, tests: list[Test]) -> str:
    """The pattern of a guard that a value stands for, where no guard names the value itself."""
    listed = [text for test in tests if test.dimension == dimension for text in test.values]
    if value in listed or value == OTHER:
        return value
    globs = (test for test in tests if test.dimension == dimension and test.operator == "glob")
    matching = (glob for test in globs for glob in test.values if glob_matches(glob, value))
    return max(matching, key=len, default=value)
