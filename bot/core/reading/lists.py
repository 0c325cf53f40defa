"""Lists unwrapped, as kubectl does with any mapping that has items, and kustomize with `*List`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from bot.core.manifest import Flag
from bot.core.reading.tags import Dialect
from bot.core.resource import ListStep, Route
from bot.errors import ReadingError
from bot.records import dataclass

_LIST_LIKE: Final = (
    "kubectl treats anything that has items as a list and applies only the items; kustomize "
    "applies the object itself"
)
_KINDLESS: Final = (
    "kubectl gives an item without kind and apiVersion those of its list; kustomize refuses it"
)


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """One object, the way to it through lists, and what its lists did."""

    value: Any
    item: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Unwrapping:
    """The way to a list (or an item) where unwrapping does what people may not expect."""

    flag: Flag
    item: tuple[int, ...]
    message: str
    field: tuple[str, ...] = ()

    @property
    def route(self) -> Route:
        """The route to it from the document's root."""
        steps = (step for index in self.item for step in ("items", ListStep("", index)))
        return (*steps, *self.field)


def _list_like(item: tuple[int, ...], message: str) -> Unwrapping:
    return Unwrapping("list-like", item, message, ("items",))


def unwrap(value: Any, dialect: Dialect) -> Iterator[Unwrapped | Unwrapping]:
    """The objects of a document in their order. Raises ReadingError where the reader does."""
    if dialect == "kustomize":
        if isinstance(value, list):
            raise ReadingError("a document is a list, not a resource")
        yield from _by_kind(value, ())
        return
    if isinstance(value, dict) and "items" in value:
        if value["items"] is not None and not isinstance(value["items"], list):
            raise ReadingError("items is a top-level field and not a list")
        if value["items"] is None:
            yield _list_like((), "items is null: kubectl reads this as an empty list")
            return
    yield from _by_items(value, ())


def _by_items(value: Any, way: tuple[int, ...]) -> Iterator[Unwrapped | Unwrapping]:
    """kubectl: the items of whatever has items; kind and apiVersion filled in from the list."""
    items = value.get("items") if isinstance(value, dict) else None
    if not isinstance(items, list):
        yield Unwrapped(value, way)
        return
    kind = value.get("kind")
    name = kind if isinstance(kind, str) else ""
    if not name.endswith("List"):
        yield _list_like(way, _LIST_LIKE)
    for index, item in enumerate(items):
        if isinstance(item, dict) and not item.get("kind") and not item.get("apiVersion"):
            yield Unwrapping("kindless-item", (*way, index), _KINDLESS)
            version = value.get("apiVersion")
            named = {"apiVersion": version, "kind": name.removesuffix("List")}
            filled = {
                key: item_kind
                for key, item_kind in named.items()
                if item_kind and isinstance(item_kind, str)
            }
            yield from _by_items({**item, **filled}, (*way, index))
        elif item is not None:
            yield from _by_items(item, (*way, index))


def _by_kind(value: Any, way: tuple[int, ...]) -> Iterator[Unwrapped]:
    """kustomize: the items of what its kind calls a list."""
    kind = value.get("kind") if isinstance(value, dict) else None
    listed = isinstance(kind, str) and kind.endswith("List") and "items" in value
    if not listed:
        yield Unwrapped(value, way)
        return
    items = value["items"]
    if items is None:
        return
    if not isinstance(items, list):
        raise ReadingError("items of a list is not a list")
    for index, item in enumerate(items):
        if not isinstance(item, dict) or not item.get("kind"):
            raise ReadingError("an item of a list has no kind")
        yield from _by_kind(item, (*way, index))
