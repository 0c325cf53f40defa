"""Which ignored differences leave alone what limits others."""

from __future__ import annotations

from typing import Final

from bot.core.resource import Node
from bot.kubernetes.apply.ignored_differences import (
    FieldPath,
    ignored_kind,
    listed_fields,
    may_limit_others,
)

_CONTROLLERS: Final = frozenset({"kube-controller-manager"})
"""Managers of fields that set nothing which limits others."""
_DATA: Final = frozenset({"status", "data", "stringData", "binaryData"})
_OF_OTHERS: Final = frozenset({"replicas", "template", "clusterIP", "clusterIPs", "volumeName"})
"""Fields of a spec that workloads, Services and claims have, and what limits others has not."""
_LABELS: Final = ("metadata", "labels")
_POD_SECURITY: Final = "pod-security.kubernetes.io/"


def leaves_limits(item: Node) -> bool:
    """Return whether an item of ignored differences leaves alone what limits others."""
    kind = ignored_kind(item)
    is_namespace = kind == "Namespace"
    if not (may_limit_others(item) or is_namespace):
        return False
    if set(item["managedFieldsManagers"].texts) - _CONTROLLERS:
        return not is_namespace
    fields = listed_fields(item)
    if fields is None:
        return not is_namespace
    return any(_limits(path, kind) for path in fields)


def _limits(path: FieldPath, kind: str) -> bool:
    """Whether a field may limit others; without a kind, it is that of any object."""
    if path[0] == "metadata":
        label = path[2] if len(path) > 2 else _POD_SECURITY
        is_label = path[:2] == _LABELS[: len(path)] and label.startswith(_POD_SECURITY)
        return kind in ("", "Namespace") and is_label
    if kind == "Namespace" or path[0] in _DATA or path[-1] == "caBundle":
        return False
    return path[0] != "spec" or len(path) == 1 or path[1] not in _OF_OTHERS
