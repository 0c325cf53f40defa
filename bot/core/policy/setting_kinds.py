"""Kinds of settings, and how two values of one differ in what the gate lets through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Any, Final, Protocol, TypeAlias

from bot.records import dataclass

LONGEST_VALUE: Final = 160
"""The most characters that are shown of a value."""


class Effect(IntEnum):
    """What a change of a setting does to the gate; the worst first."""

    LOOSER = 0
    OTHER = 1
    STRICTER = 2

    @property
    def opposite(self) -> Effect:
        """The effect of the change in the other direction."""
        return Effect(Effect.STRICTER - self)


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting that changes, its value before and after, and what that means for the gate.

    `setting` is written as in messages: `rules.pvc-shrink.mode`. A value is the empty text where
    there is none. `meaning` is a clause: `no finding blocks`.
    """

    setting: str
    before: str
    after: str
    meaning: str
    effect: Effect


class Setting(Protocol):
    """A kind of setting."""

    def changes(self, name: str, before: Any, after: Any) -> Iterator[SettingChange]:
        """The changes from one value of the setting to another; None: the file does not set it."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A setting with a value from a list, the strictest first, and what each value means.

    `decides`: the gate depends on it.
    """

    meanings: Mapping[Any, str]
    default: Any = None
    decides: bool = True

    def changes(self, name: str, before: Any, after: Any) -> Iterator[SettingChange]:
        """One change, looser where the value moves down the list."""
        before, after = (self.default if value is None else value for value in (before, after))
        if before != after:
            order = list(self.meanings)
            effect = _effect(looser=order.index(after) > order.index(before))
            yield SettingChange(
                name,
                shown("" if before is None else before),
                shown("" if after is None else after),
                self.meanings[after],
                effect if self.decides else Effect.OTHER,
            )


@dataclass(frozen=True, slots=True)
class Number:
    """A number that lets more through the higher it is."""

    meaning: str
    default: int

    def changes(self, name: str, before: Any, after: Any) -> Iterator[SettingChange]:
        """One change."""
        before, after = (value or self.default for value in (before, after))
        if before != after:
            effect = _effect(looser=after > before)
            yield SettingChange(name, str(before), str(after), self.meaning, effect)


@dataclass(frozen=True, slots=True)
class NameList:
    """A list of names or globs; what an entry means that comes or goes, and its effect if it comes.

    `order` is what another order means, empty where the order decides nothing.
    """

    added: str
    removed: str
    effect: Effect
    default: Sequence[str] = ()
    order: str = ""

    def changes(self, name: str, before: Any, after: Any) -> Iterator[SettingChange]:
        """What is added is one change, and what is removed another."""
        before, after = (
            dict.fromkeys(self.default if value is None else value) for value in (before, after)
        )
        added = [item for item in after if item not in before]
        removed = [item for item in before if item not in after]
        if added:
            yield SettingChange(name, "", shown(added), self.added, self.effect)
        if removed:
            yield SettingChange(name, shown(removed), "", self.removed, self.effect.opposite)
        if self.order and not added and not removed and [*before] != [*after]:
            yield SettingChange(name, shown([*before]), shown([*after]), self.order, Effect.LOOSER)


@dataclass(frozen=True, slots=True)
class EntryList:
    """A list of mappings, and what an entry means that comes or goes.

    `identity` names the keys that tell which entry is which. `compare` gives meaning and effect of
    an entry that changes. `order` is what another order of the same entries means.
    """

    identity: tuple[str, ...]
    added: tuple[str, Effect]
    removed: tuple[str, Effect]
    compare: Callable[[Mapping[str, Any], Mapping[str, Any]], tuple[str, Effect]]
    order: str = ""

    def changes(self, name: str, before: Any, after: Any) -> Iterator[SettingChange]:
        """One change for each entry that comes, goes or changes, and one for the order."""
        sides = [self._by_identity(value or ()) for value in (before, after)]
        for key in dict.fromkeys([*sides[0], *sides[1]]):
            old, new = (side.get(key) for side in sides)
            if old is None:
                yield SettingChange(name, "", shown(new), *self.added)
            elif new is None:
                yield SettingChange(name, shown(old), "", *self.removed)
            elif old != new:
                yield SettingChange(name, shown(old), shown(new), *self.compare(old, new))
        orders = [[key for key in side if key in sides[1 - at]] for at, side in enumerate(sides)]
        if self.order and orders[0] != orders[1]:
            old, new = (shown([f"[{key[0]}]" for key in keys]) for keys in orders)
            yield SettingChange(f"{name}, their order", old, new, self.order, Effect.LOOSER)

    def _by_identity(self, entries: Sequence[Mapping[str, Any]]) -> dict[_Identity, Any]:
        """The entries by identity, those with the same one numbered."""
        numbers: Counter[_Identity] = Counter()
        out: dict[_Identity, Any] = {}
        for entry in entries:
            identity = tuple(_text(entry.get(key, "")) for key in self.identity)
            out[*identity, str(numbers[identity])] = entry
            numbers[identity] += 1
        return out


_Identity: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Whole:
    """A setting of which every change means the same, and may loosen the gate or not."""

    meaning: str

    def changes(self, name: str, before: Any, after: Any) -> Iterator[SettingChange]:
        """One change."""
        if before != after:
            old, new = ("" if value is None else shown(value) for value in (before, after))
            yield SettingChange(name, old, new, self.meaning, Effect.OTHER)


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """The settings of rules by id: `off`, a severity, or a mapping with mode and options."""

    severity: Setting
    mode: Setting
    option: Setting

    def changes(self, name: str, before: Any, after: Any) -> Iterator[SettingChange]:
        """A change for the severity, the mode and each option of a rule."""
        sides = [before or {}, after or {}]
        for rule in dict.fromkeys([*sides[0], *sides[1]]):
            old, new = (_of_rule(side.get(rule)) for side in sides)
            for key in dict.fromkeys([*old, *new]):
                kind = {"severity": self.severity, "mode": self.mode}.get(key, self.option)
                where = f"{name}.{rule}" if key == "severity" else f"{name}.{rule}.{key}"
                yield from kind.changes(where, old.get(key), new.get(key))


def _of_rule(setting: Any) -> Mapping[str, Any]:
    return setting if isinstance(setting, Mapping) else {"severity": setting}


def shown(value: Any) -> str:
    """A value as one short line."""
    text = _text(value)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_text(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _effect(*, looser: bool) -> Effect:
    return Effect.LOOSER if looser else Effect.STRICTER
