"""Boolean formulas over an admission request: what a guard refuses, as a value that is compared.

A request is an assignment of values to dimensions (`namespace`, `kind`, `label app`). A formula
tests dimensions, or names conditions that only their text identifies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import translate
from functools import lru_cache
from typing import Literal, TypeAlias

from bot.records import dataclass

Operator: TypeAlias = Literal["in", "glob", "exists", "<=", ">="]


@dataclass(frozen=True, slots=True)
class Test:
    """A test of one dimension of a request.

    `in` compares whole values, `glob` understands `*` and `?`, `exists` asks for any value, and
    `<=` and `>=` compare numbers. A dimension without a value (None) passes no test.
    """

    dimension: str
    operator: Operator
    values: tuple[str, ...] = ()

    def holds(self, value: str | None) -> bool:
        """Whether a value of the dimension passes the test."""
        if value is None:
            return False
        if self.operator == "in":
            return value in self.values
        if self.operator == "glob":
            return any(glob_matches(pattern, value) for pattern in self.values)
        if self.operator == "exists":
            return True
        number = _number(value)
        limit = _number(self.values[0])
        if number is None or limit is None:
            return False
        return number <= limit if self.operator == "<=" else number >= limit


@dataclass(frozen=True, slots=True)
class Opaque:
    """A condition that is known by its text alone: equal texts hold alike, others are unrelated."""

    text: str


@dataclass(frozen=True, slots=True)
class Not:
    """Holds where its operand does not."""

    operand: Formula


@dataclass(frozen=True, slots=True)
class And:
    """Holds where all operands do; without operands it always holds."""

    operands: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Holds where any operand does; without operands it never holds."""

    operands: tuple[Formula, ...]


Formula: TypeAlias = "bool | Test | Opaque | Not | And | Or"
Variable: TypeAlias = "str | Opaque"
"""A dimension, by its name, or an opaque condition."""

Request: TypeAlias = Mapping[Variable, "str | bool | None"]
"""Values of dimensions and truth values of opaque conditions."""


def every(*operands: Formula) -> Formula:
    """The conjunction of formulas."""
    return And(tuple(operands))


def some(*operands: Formula) -> Formula:
    """The disjunction of formulas."""
    return Or(tuple(operands))


@lru_cache(maxsize=4096)
def _pattern(glob: str) -> re.Pattern[str]:
    # Square brackets are letters here, unlike in shells.
    return re.compile(translate(glob.replace("[", "[[]")))


def glob_matches(glob: str, value: str) -> bool:
    """Whether `*` (any text) and `?` (one character) make a pattern match a whole value."""
    return _pattern(glob).match(value) is not None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def reduced(formula: Formula, request: Request) -> Formula:
    """The formula with the assigned variables filled in; a boolean where they decide it."""
    if isinstance(formula, bool):
        return formula
    if isinstance(formula, Test):
        if formula.dimension not in request:
            return formula
        value = request[formula.dimension]
        return formula.holds(value if isinstance(value, str) else None)
    if isinstance(formula, Opaque):
        known = request.get(formula)
        return known if isinstance(known, bool) else formula
    if isinstance(formula, Not):
        operand = reduced(formula.operand, request)
        return not operand if isinstance(operand, bool) else Not(operand)
    return _reduced_parts(formula, request)


def _reduced_parts(formula: And | Or, request: Request) -> Formula:
    """A conjunction is decided by one operand that fails, a disjunction by one that holds."""
    decisive = isinstance(formula, Or)
    operands: list[Formula] = []
    for part in formula.operands:
        operand = reduced(part, request)
        if operand is decisive:
            return decisive
        if not isinstance(operand, bool):
            operands.append(operand)
    if not operands:
        return not decisive
    return Or(tuple(operands)) if decisive else And(tuple(operands))


def leaves(formula: Formula) -> Iterator[Test | Opaque]:
    """The tests and opaque conditions of a formula, in order."""
    if isinstance(formula, Test | Opaque):
        yield formula
    elif isinstance(formula, Not):
        yield from leaves(formula.operand)
    elif isinstance(formula, And | Or):
        for operand in formula.operands:
            yield from leaves(operand)
