"""Which changed fields of a guard make it weaker, and where exactly they changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.core import values
from bot.core.finding import Side
from bot.core.resource import Node, ResourceKey, Route
from bot.core.values import Body, Value
from bot.kubernetes.guardrails.formulas import Formula
from bot.kubernetes.guardrails.guards import Clause, Guard, GuardField
from bot.kubernetes.guardrails.requests import compared
from bot.kubernetes.guardrails.search import GuardComparison
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class GuardCause:
    """A field that changed, how the clause relates with that change alone, and its position.

    `after` is what the clause refuses with that change alone.
    """

    old: GuardField
    field: GuardField
    comparison: GuardComparison
    after: Formula
    node: Node
    side: Side


def causes(guard: Guard, old: Clause, new: Clause, whole: GuardComparison) -> Iterator[GuardCause]:
    """The fields whose change alone weakens a clause; else the first that changed at all."""
    head = {field.label: field for field in new.fields}
    changed = [
        (field, head[field.label])
        for field in old.fields
        if field.label in head and _differs(field.node, head[field.label].node)
    ]
    blamed: list[Route] = []
    for field, counterpart in changed:
        route = field.node.route
        if any(done[: len(route)] == route for done in blamed):
            continue
        alone = _alone(guard, old, field, counterpart)
        comparison = compared(old.denies, alone)
        if comparison.relation != "kept":
            blamed.append(route)
            position = changed_position(field.node, counterpart.node)
            yield GuardCause(field, counterpart, comparison, alone, *position)
    if not blamed and changed:
        field, counterpart = changed[0]
        position = changed_position(field.node, counterpart.node)
        yield GuardCause(field, counterpart, whole, new.denies, *position)


def _differs(old: Node, new: Node) -> bool:
    return (old.exists, old.value) != (new.exists, new.value)


def _alone(guard: Guard, old: Clause, field: GuardField, new: GuardField) -> Formula:
    """What the clause refuses with this one field as it is at head."""
    key = field.node.resource.key
    root = guard.roots.get(key)
    if root is None:
        return old.denies
    body = _replaced(root.value, field.node.route, new.node.value, exists=new.node.exists)
    roots: dict[ResourceKey, Node] = {**guard.roots, key: Node(root.resource, (), body)}
    hybrid = next((clause for clause in guard.read(roots) if clause.id == old.id), None)
    return old.denies if hybrid is None else hybrid.denies


def _replaced(holder: Value, route: Route, value: Value, *, exists: bool) -> Value:
    """A value in which another one stands at this route, or nothing."""
    if not route:
        return value
    step, *rest = route
    if isinstance(step, str):
        fields: dict[str, Value] = dict(values.mapping(holder))
        if rest or exists:
            fields[step] = _replaced(fields.get(step), tuple(rest), value, exists=exists)
        else:
            fields.pop(step, None)
        return fields
    items = list(values.sequence(holder))
    if step.index < len(items):
        items[step.index] = _replaced(items[step.index], tuple(rest), value, exists=exists)
    return tuple(items)


def changed_position(old: Node, new: Node) -> tuple[Node, Side]:
    """The deepest single place that differs between two versions of a field, and its side."""
    if not new.exists:
        return (old, "LEFT") if old.exists else (new, "RIGHT")
    if not old.exists:
        return new, "RIGHT"
    pairs = tuple(_differing(old, new))
    if len(pairs) != 1:
        return new, "RIGHT"
    before, after = pairs[0]
    if after is None:
        return (before, "LEFT") if before is not None else (new, "RIGHT")
    return (after, "RIGHT") if before is None else changed_position(before, after)


def _differing(old: Node, new: Node) -> Iterator[tuple[Node | None, Node | None]]:
    """The parts of two versions of a field that differ; of lists by their content."""
    if isinstance(old.value, Mapping) and isinstance(new.value, Mapping):
        yield from _fields(old, new, old.mapping, new.mapping)
        return
    before, after = tuple(old.items()), tuple(new.items())
    gone = [item for item in before if item.value not in values.sequence(new.value)]
    come = [item for item in after if item.value not in values.sequence(old.value)]
    if len(gone) == len(come) == 1:
        yield gone[0], come[0]
        return
    yield from ((item, None) for item in gone)
    yield from ((None, item) for item in come)


def _fields(
    old: Node, new: Node, before: Body, after: Body
) -> Iterator[tuple[Node | None, Node | None]]:
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield (old[name] if name in before else None, new[name] if name in after else None)
