"""Changing something on GitHub exactly once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from bot.errors import GitHubAnswerError
from bot.github.api import change
from tests.github.test_errors import refusal


def sequence(*steps: object) -> Callable[[], object]:
    """A function that raises or returns one step after the other."""
    left = list(steps)

    def step() -> object:
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return step


def test_what_was_made_although_its_answer_got_lost_is_not_made_again() -> None:
    assert change(sequence(refusal(502)), sequence("found")) == "found"


def test_what_was_not_made_is_made_again() -> None:
    make = sequence(refusal(502), requests.ReadTimeout(), "made")
    assert change(make, sequence(None, None)) == "made"


@pytest.mark.parametrize("error", [refusal(422), refusal(429), refusal(403, retry_after="5")])
def test_a_refusal_and_a_rate_limit_are_not_repeated(error: Exception) -> None:
    with pytest.raises(GitHubAnswerError):
        change(sequence(error), sequence())


def test_what_never_works_is_raised() -> None:
    with pytest.raises(GitHubAnswerError):
        change(sequence(refusal(502), refusal(502), refusal(502)), sequence(None, None))
