"""The changed field that brings a finding about."""

from __future__ import annotations

from collections.abc import Iterable

from bot.core import values
from bot.core.finding import Side
from bot.core.resource import ListStep, Node
from bot.core.state import State
from bot.core.values import Value
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class ChangedPosition:
    """A field, and the side of the difference on which it stands."""

    node: Node
    side: Side = "RIGHT"


def changed_position(before: State, candidates: Iterable[Node]) -> ChangedPosition:
    """The first of these fields of head that differs from base; the first field if none differs.

    A field that head does not have stands at base.
    """
    listed = tuple(candidates)
    return changed_place(before, listed) or ChangedPosition(listed[0])


def changed_place(before: State, candidates: Iterable[Node]) -> ChangedPosition | None:
    """The first of these fields of head that differs from base; None if none differs."""
    for node in candidates:
        old = same_place(before, node)
        if old is None or not old.exists:
            if node.exists:
                return ChangedPosition(node)
        elif not node.exists:
            return ChangedPosition(old, "LEFT")
        elif old.value != node.value:
            return ChangedPosition(node)
    return None


def lost_place(after: State, places: Iterable[Node]) -> ChangedPosition | None:
    """The first of these fields of base that differs at head; None if none differs.

    The position is at head where head still has the field, and the name of the resource where head
    does not have the resource.
    """
    for node in places:
        if after.get(node.resource.key) is None:
            return ChangedPosition(node.resource.at("metadata", "name"), "LEFT")
        new = same_place(after, node)
        if new is None or not new.exists:
            if node.exists:
                return ChangedPosition(node, "LEFT")
        elif new.value != node.value:
            return ChangedPosition(new)
    return None


def same_place(state: State, node: Node) -> Node | None:
    """The same field in another state; None where the resource or the list item is missing."""
    resource = state.get(node.resource.key)
    if resource is None:
        return None
    old, new = resource.root, node.resource.root
    for step in node.route:
        if isinstance(step, ListStep):
            listed = values.sequence(new.value)
            if step.index >= len(listed):
                return None
            new = Node(new.resource, (*new.route, step), listed[step.index])
            item = _same_item(old, new.value, step)
            if item is None:
                return None
            old = item
        else:
            old, new = old[step], new[step]
    return old


def _same_item(listed: Node, value: Value, step: ListStep) -> Node | None:
    """Base's list item with the same merge key; without a key an equal item, else the same index.

    Most lists are long and hardly changed, so the item's own index is tried first.
    """
    entries = values.sequence(listed.value)
    if step.index < len(entries) and entries[step.index] == value:
        return _item(listed, entries, step.key, step.index)
    if step.key:
        return next((old for old in listed.items() if old.route[-1] == step), None)
    index = entries.index(value) if value in entries else step.index
    return _item(listed, entries, "", index) if index < len(entries) else None


def _item(listed: Node, entries: tuple[Value, ...], key: str, index: int) -> Node:
    return Node(listed.resource, (*listed.route, ListStep(key, index)), entries[index])
