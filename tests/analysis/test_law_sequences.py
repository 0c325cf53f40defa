"""The law over several merges: changes that were each green never add up to one that blocks."""

from __future__ import annotations

from random import Random
from typing import Final

import pytest

from tests.analysis.law import Repository, blocks, review
from tests.analysis.law_sequences import (
    Sequence,
    decoy_sequences,
    retained_sequences,
    split_sequences,
    switched_sequences,
    unlisted_sequences,
)

SAMPLE: Final = 40
_EVERY: Final = (
    *split_sequences(),
    *unlisted_sequences(),
    *switched_sequences(),
    *retained_sequences(),
    *decoy_sequences(500, seed=12),
)
_SOME: Final = Random(3).sample(_EVERY, SAMPLE)  # noqa: S311 - the same in every run


def _holds(sequence: Sequence) -> None:
    for before, after in sequence.steps():
        if blocks(review(Repository(before, after), builds=True)):
            return
    whole = Repository(sequence.trees[0], sequence.trees[-1])
    assert not blocks(review(whole, builds=True))


def _id(sequence: Sequence) -> str:
    return sequence.name


@pytest.mark.parametrize("sequence", _SOME, ids=_id)
def test_green_steps_never_add_up_to_what_blocks(sequence: Sequence) -> None:
    _holds(sequence)


@pytest.mark.law
@pytest.mark.parametrize("sequence", [each for each in _EVERY if each not in _SOME], ids=_id)
def test_no_green_steps_of_all_do(sequence: Sequence) -> None:
    _holds(sequence)
