"""Kinds without whose objects more is allowed."""

from __future__ import annotations

from typing import Final

from bot.core.resource import GroupKind
from bot.kubernetes import kinds

_GUARDING: Final = frozenset(
    {
        "admissionregistration.k8s.io",
        "config.gatekeeper.sh",
        "constraints.gatekeeper.sh",
        "kyverno.io",
        "policies.kyverno.io",
        "templates.gatekeeper.sh",
    }
)


def limits_others(kind: GroupKind) -> bool:
    """Whether objects of a kind refuse traffic, requests or resources that are allowed without."""
    return (
        kind in {kinds.RESOURCE_QUOTA, kinds.LIMIT_RANGE}
        or kind.kind.endswith("NetworkPolicy")
        or (kind.group in _GUARDING and not kind.kind.endswith("Exception"))
    )
