"""The place where a change was made that brought something about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.core import values
from bot.core.finding import Side
from bot.core.resource import ListStep, Node
from bot.core.state import State
from bot.core.values import Value


@dataclass(frozen=True, slots=True)
class ChangedPosition:
    """A place, and the side of the difference on which it stands."""

    node: Node
    side: Side = "RIGHT"


def changed_position(before: State, candidates: Iterable[Node]) -> ChangedPosition:
    """The first of these places at head that base has otherwise; the first of all if none is.

    A place that head no longer has stands at base.
    """
    listed = tuple(candidates)
    return changed_place(before, listed) or ChangedPosition(listed[0])


def changed_place(before: State, candidates: Iterable[Node]) -> ChangedPosition | None:
    """The first of these places at head that base has otherwise; None if there is none."""
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
    """The first of these places at base that head has otherwise; None if there is none.

    It stands at head where head still has it. Of a resource that is gone, it is the name.
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
    """The same place in another state; None where that has no such resource or item."""
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
            found = _same_item(old, new.value, step)
            if found is None:
                return None
            old = found
        else:
            old, new = old[step], new[step]
    return old


def _same_item(listed: Node, value: Value, step: ListStep) -> Node | None:
    """The item of base's list with this merge key; without one, an equal item or that place's.

    Most lists are long and hardly changed, so that the item's own place is looked at first.
    """
    held = values.sequence(listed.value)
    if step.index < len(held) and held[step.index] == value:
        return _item(listed, held, step.key, step.index)
    if step.key:
        return next((old for old in listed.items() if old.route[-1] == step), None)
    index = held.index(value) if value in held else step.index
    return _item(listed, held, "", index) if index < len(held) else None


def _item(listed: Node, held: tuple[Value, ...], key: str, index: int) -> Node:
    return Node(listed.resource, (*listed.route, ListStep(key, index)), held[index])
