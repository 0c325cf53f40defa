"""The boolean structure of a CEL expression: `&&`, `||`, `!` and comparisons with literals.

https://github.com/google/cel-spec/blob/master/doc/langdef.md
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.kubernetes.guardrails.formulas import And, Formula, Not, Opaque, Or, Test
from bot.kubernetes.guardrails.search import CHECK
from bot.patterns import pattern
from bot.records import dataclass

_TOKEN: Final = pattern(
    r"""\s*(?:
        (?P<string>[rRbB]{0,2}(?:\"\"\".*?\"\"\"|'''.*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?u?)
      | (?P<operator>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}])
      | (?P<comment>//[^\n]*)
    )""",
    re.VERBOSE | re.DOTALL,
)
_OPEN: Final = frozenset("([{")
_CLOSE: Final = frozenset(")]}")
_MIRRORED: Final[Mapping[str, str]] = MappingProxyType(
    {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
)
_LONGEST: Final = 20_000
_DEEPEST: Final = 40

Tokens = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Comparison:
    """`left operator right`, where `right` is a literal."""

    left: Tokens
    operator: str
    right: Tokens


def expression(text: str, variables: Mapping[str, str] | None = None) -> Formula:
    """What an expression says, as a formula; variables are replaced by their definitions.

    A part that is not understood is an opaque condition, named by its text without spaces.
    """
    tokens = _tokens(text)
    if tokens is None:
        return Opaque(f"CEL {' '.join(text.split())}")
    definitions = {name: _tokens(value) for name, value in (variables or {}).items()}
    return _formula(_substituted(tokens, definitions), 0)


def _tokens(text: str) -> Tokens | None:
    """The tokens of an expression; None for a text that is not CEL or is too long."""
    if len(text) > _LONGEST:
        return None
    tokens: list[str] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            return None
        if match.lastgroup != "comment":
            tokens.append(match.group().strip())
        position = match.end()
    return tuple(tokens)


def _substituted(tokens: Tokens, definitions: Mapping[str, Tokens | None]) -> Tokens:
    """The tokens with `variables.NAME` replaced, a few levels deep and up to a length."""
    for _ in range(5):
        out: list[str] = []
        index, replaced = 0, False
        while index < len(tokens):
            name = tokens[index + 2] if tokens[index : index + 2] == ("variables", ".") else None
            own = index == 0 or tokens[index - 1] != "."
            definition = definitions.get(name) if name is not None and own else None
            if definition is None:
                out.append(tokens[index])
                index += 1
            else:
                out += ["(", *definition, ")"]
                index += 3
                replaced = True
        tokens = tuple(out)
        if not replaced or len(tokens) > _LONGEST:
            return tokens
    return tokens


def _formula(tokens: Tokens, depth: int) -> Formula:
    tokens = _without_parentheses(tokens)
    if depth > _DEEPEST or _at_top(tokens, "?"):
        return _opaque(tokens)
    for operator, join in (("||", Or), ("&&", And)):
        parts = _split(tokens, operator)
        if len(parts) > 1:
            return join(tuple(_formula(part, depth + 1) for part in parts))
    if tokens[:1] == ("!",):
        return Not(_formula(tokens[1:], depth + 1))
    if tokens in {("true",), ("false",)}:
        return tokens == ("true",)
    compared = _comparison(tokens)
    return _opaque(tokens) if compared is None else _test(compared, tokens)


def _opaque(tokens: Tokens) -> Formula:
    return Opaque(f"CEL {' '.join(tokens)}")


def _without_parentheses(tokens: Tokens) -> Tokens:
    """The tokens without parentheses around all of them."""
    while tokens[:1] == ("(",) and _closing(tokens) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


def _closing(tokens: Tokens) -> int | None:
    """The index of the bracket that closes the first token."""
    depth = 0
    for index, token in enumerate(tokens):
        depth += (token in _OPEN) - (token in _CLOSE)
        if depth == 0:
            return index
    return None


def _split(tokens: Tokens, *operators: str) -> tuple[Tokens, ...]:
    """The parts between operators that stand in no brackets."""
    parts: list[Tokens] = []
    depth = start = 0
    for index, token in enumerate(tokens):
        depth += (token in _OPEN) - (token in _CLOSE)
        if depth == 0 and token in operators:
            parts.append(tokens[start:index])
            start = index + 1
    return (*parts, tokens[start:])


def _at_top(tokens: Tokens, operator: str) -> bool:
    return len(_split(tokens, operator)) > 1


def _comparison(tokens: Tokens) -> _Comparison | None:
    """The comparison that these tokens are, with the literal on the right."""
    for operator in ("==", "!=", "<=", ">=", "<", ">", "in"):
        parts = _split(tokens, operator)
        if len(parts) != 2 or not all(parts):
            continue
        left, right = parts
        if operator == "in":
            return _Comparison(left, "in", right) if _literals(right) is not None else None
        if _literal(right) is not None:
            return _Comparison(left, operator, right)
        if _literal(left) is not None:
            return _Comparison(right, _MIRRORED[operator], left)
        return None
    return None


def _test(compared: _Comparison, tokens: Tokens) -> Formula:
    dimension = f"{CHECK}{' '.join(_without_parentheses(compared.left))}"
    operator = compared.operator
    if operator == "in":
        return Test(dimension, "in", _literals(compared.right) or ())
    value = _literal(compared.right) or ""
    if operator in {"==", "!="}:
        equal = Test(dimension, "in", (value,))
        return equal if operator == "==" else Not(equal)
    return _limit(dimension, operator, value) if _is_number(value) else _opaque(tokens)


def _limit(dimension: str, operator: str, value: str) -> Formula:
    """A comparison of numbers; `a < 5` fails exactly where `a >= 5` holds."""
    if operator == "<=":
        return Test(dimension, "<=", (value,))
    if operator == ">=":
        return Test(dimension, ">=", (value,))
    return Not(Test(dimension, ">=" if operator == "<" else "<=", (value,)))


def _literals(tokens: Tokens) -> tuple[str, ...] | None:
    if tokens[:1] != ("[",) or _closing(tokens) != len(tokens) - 1:
        return None
    parts = [part for part in _split(tokens[1:-1], ",") if part]
    literals = [_literal(part) for part in parts]
    return None if None in literals else tuple(text for text in literals if text is not None)


def _literal(tokens: Tokens) -> str | None:
    """The value of a literal as text: a string without its quotes, a number, a boolean, null."""
    if tokens[:1] == ("-",) and len(tokens) == 2 and _is_number(tokens[1]):
        return f"-{tokens[1]}"
    if len(tokens) != 1:
        return None
    token = tokens[0]
    if token in {"true", "false", "null"}:
        return token
    if token[:1] in "'\"" and "\\" not in token:
        size = 3 if token[:3] in {"'''", '"""'} else 1
        return token[size:-size]
    return token.removesuffix("u") if _is_number(token.removesuffix("u")) else None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", text) is not None
