"""The law of the gate: adding to a change never makes less of it judged.

Each pair of a change that blocks and something that its author adds must still block; and where
the addition is merged first without a word, the change must still block afterwards, also one that
takes the addition away again. The whole product is run with `-m law`, a sample of it by default.
"""

from __future__ import annotations

from itertools import product
from random import Random
from typing import Final

import pytest

from tests.analysis.law import Repository, blocks, review
from tests.analysis.law_cases import ADDITIONS, CHANGES, LAYOUTS, OBJECTS, Layout

SAMPLE: Final = 150
_EVERY: Final = [
    (layout, change, addition)
    for layout, change, addition in product(LAYOUTS, CHANGES, ADDITIONS)
    if addition != "nothing"
]
_SOME: Final = Random(12).sample(_EVERY, SAMPLE)  # noqa: S311 - the same in every run


def _id(case: tuple[Layout, str, str]) -> str:
    layout, change, addition = case
    return f"{layout.name}: {change} + {addition}"


def _change(layout: Layout, change: str) -> Repository:
    return Repository(layout.wrap(OBJECTS), layout.wrap(CHANGES[change](OBJECTS)))


def _holds(case: tuple[Layout, str, str]) -> None:
    layout, change, addition = case
    alone = _change(layout, change)
    more = ADDITIONS[addition](layout)

    assert blocks(review(alone.with_more(more), builds=True)), "together"
    first = Repository(alone.base, {**alone.base, **more})
    if not blocks(review(first, builds=True)):
        after = Repository(first.head, {**alone.head, **more})
        assert blocks(review(after, builds=True)), "one after the other"
        gone = Repository(first.head, alone.head)
        assert blocks(review(gone, builds=True)), "the addition goes with the change"


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@pytest.mark.parametrize("change", CHANGES)
def test_each_change_blocks_by_itself(layout: Layout, change: str) -> None:
    assert blocks(review(_change(layout, change), builds=True))


@pytest.mark.parametrize("case", _SOME, ids=_id)
def test_no_addition_takes_a_change_out_of_the_review(case: tuple[Layout, str, str]) -> None:
    _holds(case)


@pytest.mark.law
@pytest.mark.parametrize("case", [case for case in _EVERY if case not in _SOME], ids=_id)
def test_no_addition_of_all_does(case: tuple[Layout, str, str]) -> None:
    _holds(case)
