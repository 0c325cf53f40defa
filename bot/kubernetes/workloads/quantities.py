"""Quantities as the API server compares them: `1Gi` and `1024Mi` are equal."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.core.values import Value
from bot.patterns import pattern

# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_QUANTITY: Final = pattern(
    r"([+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40}))(?:([eE][+-]?\d{1,3})|([a-zA-Z]{0,2}))"
)
_DECIMAL: Final = {
    "n": -9,
    "u": -6,
    "m": -3,
    "": 0,
    "k": 3,
    "M": 6,
    "G": 9,
    "T": 12,
    "P": 15,
    "E": 18,
}
_BINARY: Final = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


def quantity(value: Value) -> Decimal | None:
    """The amount of a quantity, or None for an invalid one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    match = _QUANTITY.fullmatch(str(value))
    if match is None:
        return None
    number, exponent, suffix = match.groups()
    if exponent:
        return Decimal(f"{number}{exponent}")
    if suffix in _DECIMAL:
        return Decimal(number).scaleb(_DECIMAL[suffix])
    if suffix in _BINARY:
        return Decimal(number) * Decimal(1024) ** (_BINARY.index(suffix) + 1)
    return None
