"""What fetches is imported and opened when the first source is fetched, and answers the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cli.repository_options import RepositoryOptions, fetching_by
from bot.core.fetching import SourceReference
from bot.settings import read_fetch_settings

_NOT_ALLOWED = [SourceReference("git", "https://git.example.com/other/repository", "refs/tags/v1")]


def test_a_session_on_demand_answers_as_one_that_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRLEAD_FETCH", "true")
    eager = fetching_by(read_fetch_settings(), tmp_path, confined=True)
    lazy = RepositoryOptions().fetching(tmp_path)
    assert eager is not None
    assert lazy is not None

    with lazy.session(frozenset()) as late, eager.session(frozenset()) as early:
        with pytest.raises(KeyError):
            late.data("0" * 40)
        answers = late.fetch(_NOT_ALLOWED), early.fetch(_NOT_ALLOWED)

    assert answers[0] == answers[1]
    assert lazy.from_store() == eager.from_store()
