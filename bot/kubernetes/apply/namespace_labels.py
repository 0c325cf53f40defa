"""Labels of namespaces that the Pod Security admission of the API server refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, get_args

from bot.core.resource import Node, Resource
from bot.core.values import Value
from bot.kubernetes import kinds
from bot.kubernetes.apply.faults import ApiFault
from bot.kubernetes.apply.refusals import has_placeholder
from bot.kubernetes.podsecurity.new_violations import Enforced
from bot.kubernetes.workloads.pods import str_of
from bot.patterns import pattern

_PREFIX: Final = "pod-security.kubernetes.io/"
_MODES: Final = ("enforce", "audit", "warn")
_ENDS: Final = ("", "-version")
_LEVELS: Final = frozenset(get_args(Enforced))
_VERSION: Final = pattern(r"latest|v1\.(0|[1-9][0-9]*)")


def refused_labels(old: Resource | None, new: Resource) -> Iterator[ApiFault]:
    """The labels of a namespace whose level or version does not exist, and that base has not.

    https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/pod-security-admission/api/helpers.go
    """
    if new.group_kind != kinds.NAMESPACE:
        return
    before = {} if old is None else old.at("metadata", "labels").mapping
    for mode in _MODES:
        level, version = (new.at("metadata", "labels", f"{_PREFIX}{mode}{end}") for end in _ENDS)
        if _is_new(level, before) and level.value not in _LEVELS:
            yield _fault(level, "is none of privileged, baseline and restricted")
        if _is_new(version, before) and not _VERSION.fullmatch(str(version.value)):
            yield _fault(version, 'is neither "latest" nor like "v1.30"')


def _is_new(node: Node, before: Mapping[str, Value]) -> bool:
    """Whether a label is a text that base does not have and that nothing replaces any more."""
    is_kept = node.value == before.get(str(node.route[-1]))
    return isinstance(node.value, str) and not is_kept and not has_placeholder(node)


def _fault(node: Node, problem: str) -> ApiFault:
    message = f"The API refuses {str_of(node.resource)}: its label {node.route[-1]} {problem}"
    return ApiFault("INVALID", node, message)
