"""What a plain scalar means to go-yaml v2 (kubectl) and v3 (kustomize).

The tables are those of `resolve.go` in https://github.com/yaml/go-yaml, branches v2 and v3. Both
read 1.1 octals; v3 alone turns dates into times and leaves `yes` and its like alone.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, TypeAlias

from bot.patterns import pattern
from bot.records import dataclass

Scalar: TypeAlias = bool | int | float | str | None

_TRUE: Final = frozenset({"true", "True", "TRUE"})
_FALSE: Final = frozenset({"false", "False", "FALSE"})
_YES: Final = frozenset({"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"})
_NO: Final = frozenset({"n", "N", "no", "No", "NO", "off", "Off", "OFF"})
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_NOT_FINITE: Final = {
    **dict.fromkeys((".nan", ".NaN", ".NAN"), ".nan"),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), ".inf"),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), "-.inf"),
}
INTEGER: Final = pattern(
    r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))"
)
_FLOAT: Final = pattern(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
# After a dot Go's ParseFloat decides alone: an underscore must stand between digits.
_DOT_FLOAT: Final = pattern(r"\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?")
_DATE: Final = pattern(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(\.[0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})"
    r"|[ ]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(\.[0-9]+)?)?"
)
_NUMBER_START: Final = frozenset("0123456789+-.")


@dataclass(frozen=True, slots=True)
class Odd:
    """A plain scalar that not everybody reads alike, or that may not stand everywhere.

    `flag` says why: a hazard of DESIGN 5, or `not-finite`, `empty`, `timestamp` or `digits` (too
    many of them). `key` is what a mapping key becomes for kubectl.
    """

    kubectl: Scalar
    kustomize: Scalar
    flag: str = ""
    key: str | None = None


def resolve(text: str, digits: int) -> Scalar | Odd:
    """The value of a plain scalar, where a number may have so many digits."""
    if text[:1] not in _NUMBER_START:
        return _word(text)
    if text in _NOT_FINITE:
        return Odd(None, None, "not-finite", _NOT_FINITE[text])
    return _number(text, digits)


def _word(text: str) -> Scalar | Odd:
    if text in _NULL:
        return None if text else Odd(None, None, "empty")
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if text in _YES or text in _NO:
        return Odd(text in _YES, text, "yaml11-bool", "true" if text in _YES else "false")
    return text


def _number(text: str, digits: int) -> Scalar | Odd:
    if len(text) > digits and _numeric(text.replace("_", "")):
        return Odd(None, None, "digits")
    if (moment := _DATE.fullmatch(text)) and (stamp := _timestamp(moment)):
        return Odd(text, stamp, "timestamp", text)
    if text[0] == ".":
        return _float(text.replace("_", ""), text) if _DOT_FLOAT.fullmatch(text) else text
    plain = text.replace("_", "")
    whole = INTEGER.fullmatch(plain)
    value = _integer(whole) if whole else None
    if whole and value is not None:
        octal = whole[4] is not None and whole[4] == plain.lstrip("+-")[1:]
        return _octal(value, plain) if octal else value
    return _float(plain, text) if _FLOAT.fullmatch(plain) else text


def _numeric(plain: str) -> bool:
    return bool(INTEGER.fullmatch(plain) or _FLOAT.fullmatch(plain))


def _integer(whole: re.Match[str]) -> int | None:
    """The integer, if it fits 64 bits (unsigned without a sign), as Go's ParseInt and ParseUint."""
    sign, hexadecimal, binary, octal, decimal = whole.groups()
    for digits, base in ((hexadecimal, 16), (binary, 2), (octal, 8), (decimal, 10)):
        if digits is not None:
            value = int(digits, base)
            if sign == "-":
                return -value if value <= 1 << 63 else None
            return value if value < 1 << (63 if sign else 64) else None
    return None


def _octal(value: int, plain: str) -> int | Odd:
    if value == int(plain):
        return value
    return Odd(value, value, "octal", str(value))


def _float(plain: str, text: str) -> Scalar:
    value = float(plain)
    if value in {float("inf"), float("-inf")}:
        return text
    return whole_or_float(value)


def whole_or_float(value: float) -> int | float:
    """The number as Kubernetes prints it: a whole float is an integer, in Go's shortest digits."""
    if value.is_integer() and abs(value) < 1e21:  # from there on Go writes an exponent
        mantissa, _, exponent = repr(value).partition("e")
        if not exponent:
            return int(value)
        head, _, tail = mantissa.partition(".")
        return int(head + tail.ljust(int(exponent), "0"))
    return value


def _timestamp(moment: re.Match[str]) -> str | None:
    """The time as Go's JSON writes it (RFC 3339 with as many digits as needed), or None."""
    year, month, day, *rest = moment.groups()
    hour, minute, second, fraction, zone = (*rest[:5],) if rest[0] else (*rest[5:], None)
    try:
        offset = _offset(zone)
        digits = (fraction or "").lstrip(".")[:9]
        at = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
            tzinfo=offset,
        )  # fmt: skip
    except ValueError:
        return None
    tail = digits.rstrip("0")
    base = at.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    shift = "Z" if at.utcoffset() == timedelta(0) else at.isoformat()[-6:]
    return f"{base}{'.' + tail if tail else ''}{shift}"


def _offset(zone: str | None) -> timezone:
    if not zone or zone == "Z":
        return UTC
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError(zone)
    delta = timedelta(hours=hours, minutes=minutes)
    return timezone(-delta if zone[0] == "-" else delta)


class ScalarTable(dict[str, "Scalar | Odd"]):
    """Plain scalars already resolved. Bounded; it also makes equal strings one object."""

    def __init__(self, digits: int, capacity: int = 100_000) -> None:
        super().__init__()
        self._digits = digits
        self._room = capacity

    def __missing__(self, text: str) -> Scalar | Odd:
        value = resolve(text, self._digits)
        if self._room > 0 and len(text) <= 64:
            self._room -= 1
            self[text] = value
        return value


def kind_of(text: str, value: Scalar | Odd) -> str:
    """The short name of the YAML type that a plain scalar has for go-yaml v2."""
    if isinstance(value, Odd):
        named = {"timestamp": "timestamp", "not-finite": "float", "empty": "null"}
        return named.get(value.flag, "bool" if value.flag == "yaml11-bool" else "int")
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "str"
    return "int" if INTEGER.fullmatch(text.replace("_", "")) else "float"
