"""Amounts that an update may change in one direction alone."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from bot.core.resource import Resource
from bot.kubernetes import kinds
from bot.kubernetes.apply.immutable.fields import ImmutableField
from bot.kubernetes.apply.refusals import RefusedChange
from bot.kubernetes.workloads.quantities import quantity


def misdirected(old: Resource, new: Resource) -> Iterator[RefusedChange]:
    """The amounts that the API server refuses to change in this direction.

    The storage request of a claim can only grow, the deadline of a Pod only come nearer.
    """
    if new.group_kind == kinds.PERSISTENT_VOLUME_CLAIM:
        path = "spec.resources.requests.storage"
        before, after = (_amount(resource, path) for resource in (old, new))
        if before is not None and after is not None and after < before:
            yield RefusedChange(path, new.at(*path.split(".")), "RIGHT")
    if new.group_kind == kinds.POD:
        path = "spec.activeDeadlineSeconds"
        before, after = (_amount(resource, path) for resource in (old, new))
        if before is not None and (after is None or after > before):
            yield RefusedChange(path, *ImmutableField(path).place(old, new))


def _amount(resource: Resource, path: str) -> Decimal | None:
    return quantity(resource.at(*path.split(".")).value)
