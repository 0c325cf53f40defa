"""Which ignored differences keep changes of objects that limit others from being applied?"""

from __future__ import annotations

from typing import Final

from bot.core.resource import Node
from bot.kubernetes import kinds
from bot.kubernetes.apply.ignored_differences import FieldPath, ignored_fields
from bot.kubernetes.apply.ignored_targets import may_be_about, may_limit_others

_OTHER: Final = frozenset({"metadata", "status", "data", "stringData", "binaryData"})
_OF_OTHERS: Final = frozenset({"replicas", "template", "clusterIP", "clusterIPs", "volumeName"})
"""Fields of a spec that workloads, Services and claims have, and no object that limits others."""
_LABELS: Final = ("metadata", "labels")
_POD_SECURITY: Final = "pod-security.kubernetes.io/"


def leaves_limits(item: Node) -> bool:
    """Return whether an item of ignored differences covers objects that limit others."""
    is_about_limits = may_limit_others(item)
    is_about_namespaces = may_be_about(item, kinds.NAMESPACE)
    fields = ignored_fields(item)
    if fields is None:
        return is_about_limits
    return any(
        (is_about_limits and _limits(path)) or (is_about_namespaces and _is_pod_security(path))
        for path in fields
    )


def _limits(path: FieldPath) -> bool:
    """Whether a field of an object that limits others may decide what it refuses."""
    if path[0] in _OTHER or path[-1] == "caBundle":
        return False
    return path[0] != "spec" or len(path) == 1 or path[1] not in _OF_OTHERS


def _is_pod_security(path: FieldPath) -> bool:
    """Whether a field is, or contains, a label by which a namespace limits its pods."""
    label = path[2] if len(path) > 2 else _POD_SECURITY
    return path[:2] == _LABELS[: len(path)] and label.startswith(_POD_SECURITY)
