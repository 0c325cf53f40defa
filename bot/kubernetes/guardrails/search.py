"""Compare two formulas: is there a request that one refuses and the other does not?

Requests that pass the same tests of both formulas are alike, so one value stands for each class
of values of a dimension, and the search over all combinations is finite and exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from itertools import product
from typing import Final, Literal, TypeAlias

from bot.kubernetes.guardrails.formulas import (
    Formula,
    Not,
    Opaque,
    Request,
    Test,
    Variable,
    every,
    leaves,
    reduced,
)
from bot.records import dataclass

CHECK: Final = "check "
"""The prefix of dimensions of what a guard checks, of which only the guard's own text is known."""

Possible: TypeAlias = Callable[[Request], bool]
"""Whether a request can exist, such as one for a Pod, which always has a namespace."""

Relation: TypeAlias = Literal["kept", "weakened", "changed", "unknown"]
"""All is refused as before; something is newly admitted; only people can compare; too large."""

_MOST_STEPS: Final = 20_000
_MOST_SAMPLES: Final = 200


@dataclass(frozen=True, slots=True)
class GuardComparison:
    """How two formulas relate, with a request that is newly admitted."""

    relation: Relation
    request: Mapping[Variable, str | bool | None] = field(default_factory=dict)


class _TooLargeError(Exception):
    """The search took more steps than it may."""


def _always(request: Request) -> bool:
    del request
    return True


def compare(base: Formula, head: Formula, possible: Possible = _always) -> GuardComparison:
    """How `head` refuses what `base` refuses.

    Conditions that only head has may hold or not. A request that head admits whatever they are is
    newly admitted for certain. Where they decide, head is weaker if it refuses nothing that base
    admits, and otherwise only people can tell.
    """
    own = {leaf_variable(leaf) for leaf in leaves(base)}
    foreign = {
        variable
        for variable in map(leaf_variable, leaves(head))
        if variable not in own and _is_check(variable)
    }
    try:
        found = _Search(base, head, possible, frozenset(foreign)).run()
        if found is None:
            return GuardComparison("kept")
        request, certain = found
        if certain or _Search(head, base, possible, frozenset()).run() is None:
            return GuardComparison("weakened", request)
    except _TooLargeError:
        return GuardComparison("unknown")
    return GuardComparison("changed", request)


def leaf_variable(leaf: Test | Opaque) -> Variable:
    """The variable that a leaf of a formula asks about."""
    return leaf.dimension if isinstance(leaf, Test) else leaf


def _is_check(variable: Variable) -> bool:
    return isinstance(variable, Opaque) or variable.startswith(CHECK)


@dataclass
class _Search:
    """A search for a request that `refuses` holds for and `admits` does not."""

    refuses: Formula
    admits: Formula
    possible: Possible
    foreign: frozenset[Variable]
    steps: int = 0

    def run(self) -> tuple[dict[Variable, str | bool | None], bool] | None:
        """The request, and whether it is admitted whatever the foreign variables are."""
        formula = every(self.refuses, Not(self.admits))
        variables = list(dict.fromkeys(map(leaf_variable, leaves(formula))))
        order = [variable for variable in variables if variable not in self.foreign]
        samples = {
            variable: tuple(_samples(variable, formula))
            for variable in (*order, *sorted(self.foreign, key=str))
        }
        uncertain: dict[Variable, str | bool | None] | None = None
        for request, refuses, admits in self._walk(order, samples, {}, self.refuses, self.admits):
            if refuses is not True:
                continue
            if admits is False:
                return request, True
            if uncertain is None:
                rest = [variable for variable in samples if variable in self.foreign]
                inner = self._walk(rest, samples, dict(request), refuses, admits)
                for complete, _, outcome in inner:
                    if outcome is False:
                        uncertain = complete
                        break
        return None if uncertain is None else (uncertain, False)

    def _walk(
        self,
        order: list[Variable],
        samples: Mapping[Variable, tuple[str | bool | None, ...]],
        request: dict[Variable, str | bool | None],
        refuses: Formula,
        admits: Formula,
    ) -> Iterator[tuple[dict[Variable, str | bool | None], Formula, Formula]]:
        """The assignments of these variables that may still be an answer, depth first."""
        self.steps += 1
        if self.steps > _MOST_STEPS:
            raise _TooLargeError
        if refuses is False or admits is True:
            return
        if not order:
            if self.possible(request):
                yield dict(request), refuses, admits
            return
        variable, *rest = order
        asked = {leaf_variable(leaf) for part in (refuses, admits) for leaf in leaves(part)}
        if variable not in asked:
            # Any value will do, so that none is chosen which makes the request impossible.
            yield from self._walk(rest, samples, request, refuses, admits)
            return
        for value in samples[variable]:
            request[variable] = value
            step = {variable: value}
            yield from self._walk(
                rest, samples, request, reduced(refuses, step), reduced(admits, step)
            )
        del request[variable]


def _samples(variable: Variable, formula: Formula) -> Iterator[str | bool | None]:
    """One value for each class of values that the tests tell apart."""
    if isinstance(variable, Opaque):
        yield from (True, False)
        return
    tests = [
        leaf
        for leaf in dict.fromkeys(leaves(formula))
        if isinstance(leaf, Test) and leaf.dimension == variable
    ]
    known: set[tuple[bool, ...]] = set()
    for value in _candidates(tests):
        signature = tuple(test.holds(value) for test in tests)
        if signature not in known:
            known.add(signature)
            yield value


def _candidates(tests: list[Test]) -> Iterator[str | None]:
    """Values that lie on either side of every test, those of people's texts first."""
    texts = [text for test in tests if test.operator == "in" for text in test.values]
    globs = [text for test in tests if test.operator == "glob" for text in test.values]
    limits = [test.values[0] for test in tests if test.operator in {"<=", ">="}]
    yield from texts
    yield from (glob for glob in globs if not set("*?") & set(glob))
    for limit in limits:
        yield limit
        yield from (f"{float(limit) + step:g}" for step in (-1, 1))
    yield from _instances(globs, texts)
    yield OTHER
    yield None


OTHER: Final = "\N{WHITE CIRCLE}"
"""A value that no guard names."""


def _instances(globs: list[str], texts: list[str]) -> Iterator[str]:
    """Values that patterns match, alone and together with others."""
    plain = [glob.replace("*", "").replace("?", "x") for glob in globs]
    fillers = tuple(dict.fromkeys(("", OTHER, *plain, *texts)))
    count = 0
    for glob in globs:
        parts = glob.replace("?", "x").split("*")
        for filling in product(fillers, repeat=min(len(parts) - 1, 2)):
            count += 1
            if count > _MOST_SAMPLES:
                return
            joined = parts[0]
            for index, part in enumerate(parts[1:]):
                joined += (filling[index] if index < len(filling) else "") + part
            yield joined
