"""The check of a commit that several pull requests share."""

from __future__ import annotations

from bot.core.publish.markdown import LONGEST_BODY
from bot.core.publish.notices import MOST_OTHERS, shared, waiting
from bot.core.publish.operations import ConcludeCheck

LIMIT = 65_535
"""Bytes that GitHub accepts: https://docs.github.com/rest/checks/runs."""


def test_nothing_is_cut_from_a_summary_that_others_share() -> None:
    """People accept what it names, down to its last line."""
    summary = "a line\n" * (LONGEST_BODY // 7)
    ending = ConcludeCheck("failure", "1 finding", summary, names=frozenset({"0" * 16}))
    numbers = range(10**9, 10**9 + 5 * MOST_OTHERS)

    for posted in (shared(ending, ((one, "success") for one in numbers)), waiting(ending, numbers)):
        assert summary in posted.summary
        assert len(posted.summary.encode()) < LIMIT
        assert f"So have {4 * MOST_OTHERS} more." in posted.summary
        assert posted.names == ending.names
