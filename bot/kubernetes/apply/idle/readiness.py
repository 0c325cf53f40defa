"""Expressions about the readiness of a dependency that look at no object."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

_LONGEST: Final = 200
_ABOUT_OBJECTS: Final = ("self", "dep")
_OPERATORS: Final = (("&&", " and "), ("||", " or "), ("!=", "≠"), ("!", " not "), ("≠", "!="))
_LITERALS: Final[Mapping[str, bool]] = MappingProxyType({"true": True, "false": False})
_COMPARISONS: Final[Mapping[type[ast.cmpop], Callable[[Any, Any], bool]]] = MappingProxyType(
    {
        ast.Eq: operator.eq,
        ast.NotEq: operator.ne,
        ast.Lt: operator.lt,
        ast.LtE: operator.le,
        ast.Gt: operator.gt,
        ast.GtE: operator.ge,
    }
)


def is_never_ready(expression: str) -> bool:
    """Return whether an expression in CEL looks at no object, and is not certainly true.

    https://fluxcd.io/flux/components/kustomize/kustomizations/#dependency-ready-expression
    """
    text = expression.strip()
    if not text or any(word in text for word in _ABOUT_OBJECTS):
        return False
    return not _is_true(text)


def is_certainly_ready(expression: str) -> bool:
    """Return whether there is no expression, or one that is true whatever the object is."""
    text = expression.strip()
    return not text or _is_true(text)


def _is_true(text: str) -> bool:
    if len(text) > _LONGEST:
        return False
    for cel, python in _OPERATORS:
        text = text.replace(cel, python)
    try:
        return _value(ast.parse(text.strip(), mode="eval").body) is True
    except (SyntaxError, ValueError, TypeError):
        return False


def _value(node: ast.expr) -> bool | int | float | str:
    """The value of literals, of comparisons of two of one type, and of what joins them.

    Raises ValueError for anything else.
    """
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as literal):
            return literal
        case ast.Name(id=name) if name in _LITERALS:
            return _LITERALS[name]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _truth(operand)
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_truth(value) for value in values)
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(_truth(value) for value in values)
        case ast.Compare(left=left, ops=[comparison], comparators=[right]):
            sides = _value(left), _value(right)
            if type(sides[0]) is type(sides[1]) and type(comparison) in _COMPARISONS:
                return _COMPARISONS[type(comparison)](*sides)
    raise ValueError("no constant that is known here")


def _truth(node: ast.expr) -> bool:
    value = _value(node)
    if isinstance(value, bool):
        return value
    raise ValueError("no boolean")
