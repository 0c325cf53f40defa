"""Which settings a change of a policy file changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.core.policy.document import KeyPath, parse_document
from bot.core.policy.faults import as_written
from bot.core.policy.layers import BRANCHES, Held, at_branch
from bot.core.policy.meanings import SETTINGS
from bot.core.policy.reading import check_document
from bot.core.policy.setting_kinds import Effect, SettingChange, shown
from bot.errors import PolicyError

_LOCKED: Final = "locked"


def setting_changes(before: str, after: str) -> tuple[SettingChange, ...]:
    """The settings in which two texts of a policy differ, those that let more through first.

    The empty text stands for a file that does not exist. A text at base that is not valid counts as
    empty, since nothing was decided by it. Raises PolicyError where the text at head is not valid.
    """
    try:
        old = _settings(before)
    except PolicyError:
        old = {}
    new = _settings(after)
    everywhere = ({key: side[key] for key in side if key != BRANCHES} for side in (old, new))
    changes = [*_changes("", *everywhere), *_branch_changes(old, new)]
    # Among changes with the same effect, the order is that of SETTINGS.
    return tuple(sorted(changes, key=lambda change: change.effect))


def _settings(text: str) -> Held:
    """The settings of a policy file, of a repository or an organisation; {} of an empty one."""
    if not text.strip():
        return {}
    document = parse_document(text)
    locked = document.value.pop(_LOCKED, []) if isinstance(document.value, dict) else []
    names = [name for name in locked if isinstance(name, str)] if isinstance(locked, list) else []
    return {**check_document(document, None), _LOCKED: names}


def _changes(place: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[SettingChange]:
    for path, setting in SETTINGS.items():
        yield from setting.changes(place + as_written(path), _at(old, path), _at(new, path))


def _at(settings: Any, path: KeyPath) -> Any:
    """The value at a key path, None where the file does not set it."""
    for key in path:
        settings = settings.get(key) if isinstance(settings, Mapping) else None
    return settings


def _branch_changes(old: Held, new: Held) -> Iterator[SettingChange]:
    """The changes for the branches of each entry, of what one of the two files sets for them."""
    files = (old, new)
    places = [
        {", ".join(entry["names"]): at for at, entry in enumerate(file.get(BRANCHES, ()))}
        for file in files
    ]
    for names in dict.fromkeys([*places[0], *places[1]]):
        pairs = [(file, at.get(names)) for file, at in zip(files, places, strict=True)]
        entries = (file[BRANCHES][place] for file, place in pairs if place is not None)
        keys = {key for entry in entries for key in entry}
        effective = (at_branch(file, place).items() for file, place in pairs)
        sides = ({key: value for key, value in side if key in keys} for side in effective)
        yield from _changes(f"{BRANCHES}[{shown(names)}].", *sides)
    orders = [[name for name in side if name in places[1 - at]] for at, side in enumerate(places)]
    if orders[0] != orders[1]:
        meaning = "the first entry that matches a branch applies to it"
        before, after = map(shown, orders)
        yield SettingChange(f"{BRANCHES}, their order", before, after, meaning, Effect.LOOSER)
