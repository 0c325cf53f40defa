"""A stored analysis answers for a policy under which nothing else would be found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.analysis.process.parent import AnalysisOptions
from bot.analysis.process.start import StartChild, spawn, spawn_with
from bot.core.engine.review import Analysis
from bot.core.policy.reading import parse_policy
from bot.errors import AnalysisError
from tests.analysis.process.test_parent import BASE, HEAD, run

NEVER = spawn_with("raise SystemExit(1)")


def options(cache: Path, start: StartChild = spawn) -> AnalysisOptions:
    return AnalysisOptions(cache=cache, tenant="1.git", start=start, stored="keep")


def first(cache: Path) -> Analysis:
    """The analysis that a child made, which is stored."""
    return run(BASE, HEAD, options(cache), parse_policy(""))


def reusing(cache: Path) -> AnalysisOptions:
    """Options by which a child would fail: only what is stored can answer."""
    return replace(options(cache, NEVER), stored="reuse")


def test_it_answers_where_a_rule_is_switched_off(tmp_path: Path) -> None:
    made = first(tmp_path)
    assert made.findings

    off = parse_policy("rules: {image-not-approved: off}")
    assert run(BASE, HEAD, reusing(tmp_path), off) == made


@pytest.mark.parametrize(
    "text", ["ignore: [x]", "block: warning", "rules: {image-not-approved: notice}"]
)
def test_a_policy_that_may_find_more_asks_again(tmp_path: Path, text: str) -> None:
    first(tmp_path)
    with pytest.raises(AnalysisError):
        run(BASE, HEAD, reusing(tmp_path), parse_policy(text))


def test_nothing_answers_unless_that_is_asked_for(tmp_path: Path) -> None:
    first(tmp_path)
    with pytest.raises(AnalysisError):
        run(BASE, HEAD, options(tmp_path, NEVER), parse_policy(""))


def test_another_repository_s_is_never_taken(tmp_path: Path) -> None:
    first(tmp_path)
    with pytest.raises(AnalysisError):
        run(BASE, HEAD, replace(reusing(tmp_path), tenant="2.git"), parse_policy(""))


def test_a_damaged_one_is_made_again(tmp_path: Path) -> None:
    made = first(tmp_path)
    for path in tmp_path.glob("analyses-*"):
        path.write_bytes(b"no database" * 100)

    assert run(BASE, HEAD, replace(reusing(tmp_path), start=spawn), parse_policy("")) == made
