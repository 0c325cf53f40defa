"""The JSON values at the beginning of a file, as Go's decoder takes them one after the other."""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

from bot.core.reading.limits import FileLimits
from bot.core.reading.scalars import whole_or_float
from bot.errors import ReadingError
from bot.patterns import pattern
from bot.records import dataclass

_SPACES: Final = (
    rb"(?:[\t\n\v\f\r ]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]"
    rb"|\xe2\x81\x9f|\xe3\x80\x80)"
)
_BRACE: Final = pattern(_SPACES + rb"*\{")
_ONE_SPACE: Final = pattern(_SPACES)
_JSON_SPACE: Final = pattern(r"[ \t\r\n]*")
_ESCAPE: Final = pattern(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u([dD][89a-fA-F])"
    r"[0-9a-fA-F]{2}|.)",
    re.DOTALL,
)
# What go-yaml refuses in JSON: an escaped slash, half of a surrogate pair, a key beyond 1024.
_ONLY_JSON: Final = pattern(r'\\(?:/|u[dD][89a-fA-F])|"[^"]{1000}')
_LOOKED_AT: Final = 4096  # kubectl's buffer: a brace behind more white space is not seen
_AMBIGUOUS: Final = 2  # after so many values a stream is JSON for good


@dataclass(frozen=True, slots=True)
class JsonValue:
    """One value, and where it stands.

    `alike`: kustomize's YAML reading of it is the same. `repeats`: a key stands twice in it.
    """

    value: Any
    start: int
    end: int
    alike: bool
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class JsonStream:
    """The values of a stream. `rest`: where YAML takes over, None where nothing is left."""

    values: tuple[JsonValue, ...]
    rest: int | None = None
    refused: ReadingError | None = None


def looks_like_json(data: bytes) -> bool:
    """Whether the file begins with a brace, so that it is tried as JSON first."""
    return bool(_BRACE.match(data[:_LOOKED_AT]))


def json_values(data: bytes, limits: FileLimits) -> JsonStream:
    """The values that Go's JSON decoder takes, and where it gives up for YAML."""
    if sum(map(data.count, (b",", b"[", b"{"))) > limits.nodes:
        refused = ReadingError(f"more than {limits.nodes} values", 0, limit=True)
        return JsonStream((), refused=refused)
    text = data.decode("utf-8", "surrogateescape")
    if "\\u" in text:
        text = _ESCAPE.sub(_whole, text)
    values: list[JsonValue] = []
    at = start = 0
    while True:
        begin = _after_space(text, at)
        start += begin - at  # JSON's white space is ASCII
        if begin == len(text):
            return JsonStream(tuple(values))
        if len(values) == limits.documents:
            refusal = ReadingError(f"more than {limits.documents} documents", start, limit=True)
            return JsonStream(tuple(values), refused=refusal)
        try:
            value, at = _read(text, begin, limits)
        except ReadingError as refused:
            refusal = ReadingError(str(refused), start, limit=refused.limit)
            return JsonStream(tuple(values), refused=refusal)
        except RecursionError:
            refusal = ReadingError(_too_deep(limits), start, limit=True)
            return JsonStream(tuple(values), refused=refusal)
        except ValueError:
            return _given_up(data, tuple(values), values[-1].end if values else 0)
        source = text[begin:at]
        end = start + len(source.encode("utf-8", "surrogateescape"))
        values.append(
            JsonValue(value.value, start, end, value.plain and _alike(source), not value.plain)
        )
        start = end


@dataclass(frozen=True, slots=True)
class _Held:
    value: Any
    plain: bool


class _Hooks:
    """What makes JSON's numbers and mappings Kubernetes' own, within the limits."""

    def __init__(self, limits: FileLimits) -> None:
        self._digits = limits.digits
        self.plain = True

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(pairs)
        if len(mapping) != len(pairs):
            self.plain = False
        return mapping

    def integer(self, text: str) -> int:
        if len(text) > self._digits:
            raise self._too_long()
        return int(text)

    def number(self, text: str) -> int | float:
        if len(text) > self._digits:
            raise self._too_long()
        value = float(text)
        if value in {float("inf"), float("-inf")}:
            raise ReadingError("a number that is out of range")
        return whole_or_float(value)

    def _too_long(self) -> ReadingError:
        return ReadingError(f"a number of more than {self._digits} digits", limit=True)

    @staticmethod
    def refuse(constant: str) -> NoReturn:
        raise ValueError(constant)


def _read(text: str, at: int, limits: FileLimits) -> tuple[_Held, int]:
    """The value at `at`, and where it ends. Raises ValueError where there is none."""
    hooks = _Hooks(limits)
    decoder = json.JSONDecoder(
        object_pairs_hook=hooks.pairs,
        parse_int=hooks.integer,
        parse_float=hooks.number,
        parse_constant=hooks.refuse,
    )
    value, end = decoder.raw_decode(text, at)
    if _deeper(value, limits.depth):
        raise ReadingError(_too_deep(limits), limit=True)
    return _Held(value, hooks.plain), end


def _given_up(data: bytes, values: tuple[JsonValue, ...], at: int) -> JsonStream:
    """Where YAML takes over: behind white space up to and with the first line end."""
    refused = ReadingError("neither JSON nor YAML", at)
    if len(values) >= _AMBIGUOUS:
        return JsonStream(values, refused=ReadingError("invalid JSON after two JSON values", at))
    while True:
        if at + 4 > len(data):
            return JsonStream(values, refused=refused)
        space = _ONE_SPACE.match(data, at)
        if not space:
            return JsonStream(values, at)
        at = space.end()
        if space[0] == b"\n":
            return JsonStream(values, at)


def _after_space(text: str, at: int) -> int:
    match = _JSON_SPACE.match(text, at)
    return match.end() if match else at


def _too_deep(limits: FileLimits) -> str:
    return f"nested deeper than {limits.depth}"


def _deeper(value: Any, depth: int) -> bool:
    """Whether the value is nested deeper than `depth`."""
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return any(isinstance(nested, dict | list) for nested in level)


def _whole(escape: re.Match[str]) -> str:
    """The escape itself; for half of a surrogate pair U+FFFD, as Go reads it."""
    return "\\ufffd" if escape[1] else escape[0]


def _alike(source: str) -> bool:
    """Whether go-yaml reads this JSON as Go's JSON decoder does."""
    return source.isascii() and not _ONLY_JSON.search(source)
