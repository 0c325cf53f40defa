"""Handling: how a tool handles the changes of a resource, and what says so."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from bot.core.resource import ListStep, Node, Resource, ResourceKey, route_text
from bot.kubernetes.apply.ignored_differences import (
    FieldPath,
)
from bot.records import dataclass

Manner: TypeAlias = Literal[
    "unmanaged",
    "uncertain",
    "installed",
    "created",
    "updated",
    "partly",
    "passing",
    "replaced",
    "deselected",
]
"""Neither created nor updated; perhaps neither; created when a release is installed, and never
later; created, and never updated; updated, and never created; updated but for some fields; kept
only in passing, as a hook; applied as a hook, whose first upgrade deletes what the release had as
an object; perhaps deleted, as it may no longer be chosen for a cluster."""
_ABOUT: Final = ("kind", "name")


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
        if not self.field.route:
            return f"{self.field.resource.key}, which nothing here applies"
        return setting_in_words(self.field, resource.key)


def setting_in_words(field: Node, key: ResourceKey) -> str:
    """Return a field that decides about the object of a key, with its value and its own object.

    That object is named where it is another one; its root stands for it where no field decides.
    """
    owner = field.resource.key
    if not field.route:
        return str(owner)
    if not field.exists:
        return f"{owner} without {route_text(field.route)}"
    last = field.route[-1]
    name = _item_in_words(field) if isinstance(last, ListStep) else last
    value = str(field.value).lower() if isinstance(field.value, bool) else field.text
    words = name if value is None or "\n" in value else f"{name}: {value}"
    return words if owner == key else f"{words} of {owner}"


def _item_in_words(item: Node) -> str:
    """The route of an item of a list; one without a name of its own by what it is about."""
    route = route_text(item.route)
    if not route.endswith("[*]"):
        return route
    fields = (*item.fields(), *item["target"].fields())
    about = [f"{name}={node.text}" for name, node in fields if name in _ABOUT and node.text]
    return f"{route[:-3]}[{','.join(about) or '*'}]"
