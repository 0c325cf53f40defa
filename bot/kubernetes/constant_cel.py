"""Expressions in CEL that look at no variable: literals, comparisons, `!`, `&&` and `||`.

https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
"""

from __future__ import annotations

import math
import operator
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from bot.patterns import pattern

Constant: TypeAlias = bool | int | float | str

_LONGEST: Final = 200
_LARGEST: Final = 2**63 - 1
_COMMENT: Final = r"//[^\n]*"
# An open quote reaches to the end of the text, so that no text takes more than one pass.
_QUOTED: Final = "|".join(
    (
        *(rf"[bB]?[rR]{quotes}[\s\S]*?(?:{quotes}|\Z)" for quotes in ('"""', "'''")),
        *(rf"[bB]?[rR]{quote}[^{quote}\n]*{quote}?" for quote in "\"'"),
        *(rf"[bB]?{quotes}(?:\\[\s\S]|[^\\])*?(?:{quotes}|\Z)" for quotes in ('"""', "'''")),
        *(rf"[bB]?{quote}(?:\\.|[^{quote}\\\n])*{quote}?" for quote in "\"'"),
    )
)
_NAMES: Final = pattern(rf"{_QUOTED}|{_COMMENT}|(?P<name>[A-Za-z_][A-Za-z0-9_]*)")
_TOKEN: Final = pattern(
    rf"(?:[ \t\r\n\f]|{_COMMENT})*"
    r"(?P<token>(?:0[xX][0-9a-fA-F]+|(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)(?![\w.])"
    r"|\"[^\"\\\n]*\"|'[^'\\\n]*'|true\b|false\b|[=!<>]=|&&|\|\||[<>!()-]|\Z)"
)
_BINDING: Final[Mapping[str, int]] = MappingProxyType(
    {"||": 1, "&&": 2, **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), 3)}
)
_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType(
    {
        "==": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }
)


def names_in(expression: str) -> frozenset[str]:
    """Return the words of an expression outside of strings and comments, its literals included."""
    return frozenset(match["name"] for match in _NAMES.finditer(expression) if match["name"])


def constant_value(expression: str) -> Constant:
    """Return the value of an expression.

    Raises ValueError where CEL refuses it, and for what is not read here: other operators,
    functions, variables, null, bytes, unsigned numbers, escapes, and more than 200 characters.
    """
    tokens = deque(_tokens(expression))
    value = _joined(tokens, 0)
    if tokens:
        raise ValueError(f"{tokens[0]!r} follows a whole expression")
    return value


def _tokens(expression: str) -> Iterator[str]:
    if len(expression) > _LONGEST:
        raise ValueError(f"the expression has more than {_LONGEST} characters")
    position = 0
    while (match := _TOKEN.match(expression, position)) and match["token"]:
        yield match["token"]
        position = match.end()
    if match is None:
        raise ValueError(f"{expression[position:]!r} does not begin with a constant or an operator")


def _joined(tokens: deque[str], binding: int) -> Constant:
    """The value of the operands that operators join which bind more tightly than `binding`."""
    left = _operand(tokens)
    while tokens and _BINDING.get(tokens[0], 0) > binding:
        sign = tokens.popleft()
        right = _joined(tokens, _BINDING[sign])
        if sign in _COMPARISONS:
            if type(left) is not type(right):
                raise ValueError(f"{left!r} and {right!r} have different types")
            left = _COMPARISONS[sign](left, right)
        else:
            sides = _truth(left), _truth(right)
            left = all(sides) if sign == "&&" else any(sides)
    return left


def _operand(tokens: deque[str]) -> Constant:
    text = tokens.popleft() if tokens else ""
    if text == "(":
        value = _joined(tokens, 0)
        if not tokens or tokens.popleft() != ")":
            raise ValueError("a parenthesis is not closed")
        return value
    if text == "!":
        return not _truth(_operand(tokens))
    if text == "-":
        return -_number(tokens.popleft() if tokens else "")
    if text in {"true", "false"}:
        return text == "true"
    if text[:1] in {'"', "'"}:
        return text[1:-1]
    return _number(text)


def _number(text: str) -> int | float:
    if text[:2] in {"0x", "0X"}:
        number: int | float = int(text, 16)
    else:
        number = int(text) if text.isdigit() else float(text)
    if math.isinf(number) or (isinstance(number, int) and number > _LARGEST):
        raise ValueError(f"{text!r} is too large")
    return number


def _truth(value: Constant) -> bool:
    if value is True or value is False:
        return value
    raise ValueError(f"{value!r} is not a boolean")
