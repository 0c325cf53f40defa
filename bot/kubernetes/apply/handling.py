"""Handling: how a tool handles the changes of a resource, and what says so."""

from __future__ import annotations

from typing import Literal, TypeAlias

from bot.core.resource import ListStep, Node, Resource, route_text
from bot.kubernetes.apply.ignored_differences import (
    FieldPath,
)
from bot.records import dataclass

Manner: TypeAlias = Literal[
    "unmanaged", "installed", "created", "updated", "partly", "passing", "replaced"
]
"""Neither created nor updated; created when a release is installed, and never later; created, and
never updated; updated, and never created; updated but for some fields; kept only in passing, as a
hook; applied as a hook, whose first upgrade deletes what the release had as an object."""


@dataclass(frozen=True, slots=True)
class Handling:
    """How changes of a resource reach the cluster; `field` says so.

    `frozen` are the fields that are never updated, where only some are not.
    """

    manner: Manner
    field: Node
    frozen: tuple[FieldPath, ...] = ()

    def words(self, resource: Resource) -> str:
        """Return the field with its value, and its object where that is another one."""
        if not self.field.exists:
            return f"{self.field.resource.key} without {route_text(self.field.route)}"
        last = self.field.route[-1]
        name = route_text(self.field.route) if isinstance(last, ListStep) else last
        value = self.field.text
        if value is not None and "\n" in value:
            value = None
        if value is None and self.field.value is True:
            value = "true"
        words = f"{name}: {value}" if value is not None else str(name)
        is_own = self.field.resource.key == resource.key
        return words if is_own else f"{words} of {self.field.resource.key}"
