"""Values at the end of a route in a body: read, and replaced."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.core.resource import ListStep, Route
from bot.core.values import Value


def value_at(value: Value, route: Route) -> Value:
    """Return the value at the end of a route in a body, with list items found by merge key.

    None where nothing stands there.
    """
    for step in route:
        if isinstance(step, ListStep):
            value = _item(value, step)
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


def with_value(value: Value, route: Route, replacement: Value) -> Value:
    """Return a body with another value at the end of a route that exists in it."""
    if not route:
        return replacement
    step, rest = route[0], route[1:]
    if isinstance(step, ListStep) and isinstance(value, tuple) and step.index < len(value):
        items = list(value)
        items[step.index] = with_value(items[step.index], rest, replacement)
        return tuple(items)
    if isinstance(step, str) and isinstance(value, Mapping):
        return MappingProxyType({**value, step: with_value(value.get(step), rest, replacement)})
    return value


def _item(value: Value, step: ListStep) -> Value:
    if not isinstance(value, tuple):
        return None
    if not step.key:
        return value[step.index] if step.index < len(value) else None
    named = dict(part.partition("=")[::2] for part in step.key.split(","))
    for item in value:
        if isinstance(item, Mapping):
            if all(str(item.get(name)) == text for name, text in named.items()):
                return item
        elif str(item) == step.key:
            return item
    return None
