"""A policy's YAML as plain values, and the line on which each of them stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from bot.errors import PolicyError

LONGEST: Final = 1_000_000
"""A policy of more characters is a mistake."""

MOST_VALUES: Final = 50_000
"""A policy of more values, aliases resolved, is a mistake or a bomb."""

DEEPEST: Final = 20

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document as plain values, and the line (1-based) of each place in it."""

    value: Any
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """The line of a place, or of what it would stand in."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse_document(text: str) -> Document:
    """The document. Raises PolicyError for what is no YAML, or more of it than a policy needs."""
    if len(text) > LONGEST:
        raise PolicyError(f"the policy has {len(text):,} characters, legal are {LONGEST:,}")
    try:
        loaded = YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = (error.problem or error.context or "not YAML").partition("\n")[0]
        raise PolicyError(f"line {line}: {problem}", line) from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise PolicyError(f"the policy is not YAML: {str(error).partition(chr(10))[0]}") from error
    lines: dict[Path, int] = {}
    return Document(_plain(loaded, (), lines), lines)


def _plain(value: object, path: Path, lines: dict[Path, int]) -> Any:
    """The value without ruamel's own types; where each part of it stands goes into `lines`."""
    if len(lines) > MOST_VALUES or len(path) > DEEPEST:
        raise PolicyError(f"the policy has over {MOST_VALUES:,} values or {DEEPEST} levels of them")
    if isinstance(value, CommentedMap):
        keys = {key: (*path, str(key)) for key in value}
        for key, place in keys.items():
            lines[place] = _line(value, key) or lines.get(path, 1)
        return {place[-1]: _plain(value[key], place, lines) for key, place in keys.items()}
    if isinstance(value, CommentedSeq):
        for index in range(len(value)):
            lines[*path, index] = _line(value, index) or lines.get(path, 1)
        return [_plain(item, (*path, index), lines) for index, item in enumerate(value)]
    # YAML 1.1 reads `off` as false, and so does a file that says `%YAML 1.1`.
    own = path[2:] if path[:1] == ("branches",) else path
    rule = own[:1] == ("rules",) and (len(own) == 2 or own[2:] == ("severity",))
    return "off" if rule and value is False else _scalar(value)


def _line(held: CommentedMap | CommentedSeq, key: object) -> int | None:
    """The line of a key or an item, None for what a merge key brought in."""
    try:
        found = held.lc.key(key) if isinstance(held, CommentedMap) else held.lc.item(key)
    except (KeyError, IndexError, TypeError):
        return None
    return int(found[0]) + 1


def _scalar(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    for plain in (bool, int, float):
        if isinstance(value, plain):
            return plain(value)
    return None if value is None else str(value)
