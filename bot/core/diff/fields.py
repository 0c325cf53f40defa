"""The fields in which two bodies of one resource differ.

deepdiff aligns lists that have no merge keys. It takes a quarter of a second of CPU to import, so
whoever needs a difference imports this module, and nobody else does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final, TypeAlias

import msgspec
from deepdiff import DeepDiff
from deepdiff.helper import notpresent

from bot.core.diff.model import LARGEST_DIFFERENCE, MOST_FIELDS, FieldChange
from bot.core.diff.paths import field_path
from bot.core.diff.server_fields import without_server_fields
from bot.core.diff.shown import HIDDEN, hides, shown, shown_lines
from bot.core.resource import Resource, item_key

_LARGEST_BODY: Final = 512 * 1024
_MOST_STEPS: Final = 4_000_000
"""Values that are walked in one difference; a second of CPU or two."""

_Route: TypeAlias = tuple[str, ...]

_MOST_DIFFS: Final = 4_000
_LONGEST_LIST: Final = 400
"""Items of a list without merge keys that are aligned; longer lists are compared by index."""

_DEEPEST: Final = 60
_IDENTITY: Final = frozenset({"apiVersion", "kind"})

_ORDER: Final = "[order]"
"""Where the order of the items that both lists have stands, beside the items themselves."""

_CREATED: Final = "creationTimestamp"
"""Generators write it as null into the metadata of templates, which means that it is absent."""


class FieldComparison:
    """Compares resources field by field, within one budget of time and text for all of them."""

    def __init__(self) -> None:
        self._steps = self._text = 0
        self._known: dict[bytes, tuple[tuple[FieldChange, ...], int]] = {}

    def fields(
        self, before: Resource, after: Resource, ignored: Collection[str] = ()
    ) -> tuple[tuple[FieldChange, ...], int]:
        """The changed fields in path order, and how many more there are.

        `ignored` are paths of values that change on every build. A resource that is too large, or
        for which the budget is spent, has no fields and 1 more.
        """
        large = max(len(before.encoded), len(after.encoded)) > _LARGEST_BODY
        if large or self._steps > _MOST_STEPS or self._text > LARGEST_DIFFERENCE:
            return (), 1
        secret = after.key.kind == "Secret" and after.key.group == ""
        old, new = (
            without_server_fields(msgspec.json.decode(side.encoded), side.key.group)
            for side in (before, after)
        )
        pruned = self._pruned(old, new, "", 0)
        key = msgspec.json.encode((secret, pruned))
        if key not in self._known:
            self._known[key] = self._compared(*pruned, secret=secret)
        changes, more = self._known[key]
        below = tuple(f"{path}{mark}" for path in ignored for mark in (".", "["))
        whole = frozenset(ignored)
        kept = (
            change
            for change in changes
            if change.path not in whole and not change.path.startswith(below)
        )
        return tuple(kept), more

    def _compared(
        self, before: Any, after: Any, *, secret: bool
    ) -> tuple[tuple[FieldChange, ...], int]:
        changes, more = _changes(before, after, secret=secret)
        kept: list[FieldChange] = []
        for change in changes[:MOST_FIELDS]:
            self._text += sum(map(len, (change.path, change.before or "", change.after or "")))
            if self._text > LARGEST_DIFFERENCE:
                break
            kept.append(change)
        return tuple(kept), more + len(changes) - len(kept)

    def _pruned(self, before: Any, after: Any, holder: str, depth: int) -> tuple[Any, Any]:
        """Both values without what is equal in them, and lists with merge keys as mappings."""
        self._steps += 1
        if depth > _DEEPEST:
            # Nothing that the API accepts is nested as deeply: two texts are enough.
            return shown(before), shown(after)
        if isinstance(before, list) and isinstance(after, list):
            self._steps += len(before) * len(after) // 8
        old, new = _keyed(before, after, holder)
        if not (isinstance(old, dict) and isinstance(new, dict)):
            return old, new
        left: dict[str, Any] = {}
        right: dict[str, Any] = {}
        for key in old.keys() | new.keys():
            if key in old and key in new:
                self._steps += 1
                if old[key] == new[key] and type(old[key]) is type(new[key]):
                    continue
                left[key], right[key] = self._pruned(old[key], new[key], key, depth + 1)
            elif key in old:
                left[key] = old[key]
            else:
                right[key] = new[key]
        return left, right


def _keyed(before: Any, after: Any, holder: str) -> tuple[Any, Any]:
    """Two lists as mappings by merge key, if both have one for each item; else by index if long."""
    if not (isinstance(before, list) and isinstance(after, list)):
        return before, after
    old, new = _by_key(before, holder), _by_key(after, holder)
    if old is not None and new is not None:
        return _with_order(old, new), _with_order(new, old)
    if identity := _identity(before, after):
        old, new = _by_field(before, identity), _by_field(after, identity)
        return _with_order(old, new), _with_order(new, old)
    if max(len(before), len(after)) <= _LONGEST_LIST:
        return before, after
    return _by_index(before), _by_index(after)


def _by_key(items: list[Any], holder: str) -> dict[str, Any] | None:
    if not all(isinstance(item, dict) for item in items):
        return None
    keys = [item_key(holder, item) for item in items]
    if not all(keys) or len(set(keys)) != len(keys):
        return None
    return {f"[{key}]": item for key, item in zip(keys, items, strict=True)}


def _with_order(items: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """The items and, as one text, the order of those that the other list has too.

    A changed order starts new pods, and init containers then run one after the other differently.
    """
    shared = (key for key in items if key in others)
    return {**items, _ORDER: ", ".join(key[1:-1].removeprefix("name=") for key in shared)}


def _identity(before: list[Any], after: list[Any]) -> str | None:
    """The field by which people tell the items of both lists apart, None where there is none.

    Each item has it, no two items of a list share its value, and the lists share some values.
    """
    items = [*before, *after]
    if not before or not after or not all(isinstance(item, dict) for item in items):
        return None
    best, most = None, 0
    for name in before[0]:
        old, new = ({_scalar(item.get(name)) for item in side} for side in (before, after))
        if len(old) < len(before) or len(new) < len(after) or None in old | new:
            continue
        shared = len(old & new)
        if shared > most:
            best, most = name, shared
    return best


def _scalar(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _by_field(items: list[Any], name: str) -> dict[str, Any]:
    return {f"[{name}={item[name]}]": item for item in items}


def _by_index(items: list[Any]) -> dict[str, Any]:
    return {f"[{index}]": item for index, item in enumerate(items)}


def _changes(before: Any, after: Any, *, secret: bool) -> tuple[list[FieldChange], int]:
    """The changes between two pruned bodies in path order, and 1 where there may be more."""
    changes: list[FieldChange] = []
    reached = 0
    for route, old, new in _differing(before, after, ()):
        if isinstance(old, list) and isinstance(new, list):
            inside, more = _inside_list(old, new)
            reached |= more
        else:
            inside = [((), old, new)]
        changes += [_change((*route, *rest), *pair, secret=secret) for rest, *pair in inside]
    return sorted(changes, key=lambda change: change.path), reached


def _differing(before: Any, after: Any, route: _Route) -> Iterator[tuple[_Route, Any, Any]]:
    """The places where two pruned bodies differ; of a list only the list itself."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        if not _same_number(before, after):
            yield route, before, after
        return
    for key in before.keys() | after.keys():
        old, new = before.get(key, notpresent), after.get(key, notpresent)
        if key == _CREATED and (old, new) in ((None, notpresent), (notpresent, None)):
            continue
        yield from _differing(old, new, (*route, key))


def _same_number(before: Any, after: Any) -> bool:
    """Whether these are one number: JSON's 80.0 is 80, and true is not 1."""
    numbers = all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in (before, after)
    )
    return numbers and bool(before == after)


def _inside_list(before: list[Any], after: list[Any]) -> tuple[list[tuple[_Route, Any, Any]], int]:
    """What deepdiff says of two lists without merge keys: routes from the list, and both values."""
    result = DeepDiff(
        before,
        after,
        view="tree",
        max_diffs=_MOST_DIFFS,
        ignore_numeric_type_changes=True,
        threshold_to_diff_deeper=0,
    )
    places = [
        (
            tuple(
                step if isinstance(step, str) else f"[{step}]"
                for step in level.path(output_format="list")
            ),
            level.t1,
            level.t2,
        )
        for levels in result.values()
        for level in levels
    ]
    reached = result.get_stats()["MAX DIFF LIMIT REACHED"]  # type: ignore[no-untyped-call] # it has no types
    return places, int(reached)


def _change(route: tuple[str, ...], before: Any, after: Any, *, secret: bool) -> FieldChange:
    if len(route) == 1 and route[0] in _IDENTITY:
        secret = False
    if hides(route, secret=secret):
        return FieldChange(
            field_path(route), *(_text(value, lambda _: HIDDEN) for value in (before, after))
        )
    if isinstance(before, str) and isinstance(after, str) and "\n" in f"{before}{after}":
        return FieldChange(field_path(route), *shown_lines(before, after))
    # `1` and `"1"` look alike: where the type changes, strings have quotes.
    both = before is not notpresent and after is not notpresent
    write = _quoted if both and type(before) is not type(after) else shown
    return FieldChange(field_path(route), _text(before, write), _text(after, write))


def _quoted(value: Any) -> str:
    return f'"{shown(value)}"' if isinstance(value, str) else shown(value)


def _text(value: Any, write: Callable[[Any], str]) -> str | None:
    """The value as text, None where a side does not have it."""
    return None if value is notpresent else write(value)
