"""Why past merges would have been incomplete, and what would help."""

from __future__ import annotations

from bot.core.adoption.backtest import Outcome, unseen
from bot.core.engine.review import Problem
from tests.reviews import decided

FETCH = "The kustomization {} is not rendered: example.com is not reachable; compare by hand"


def outcome(commit: str, *problems: Problem) -> Outcome:
    return Outcome(commit, decided(problems=problems))


def test_equal_reasons_count_together_and_the_most_frequent_comes_first() -> None:
    rows = unseen(
        (
            outcome("a", Problem("unrendered", True, None, FETCH.format("apps"))),
            outcome("b", Problem("unrendered", True, None, FETCH.format("infra"))),
            outcome("c", Problem("unjudged", True, None, "helmfile.yaml is a helmfile; review it")),
            outcome("d"),
            Outcome("e", None, "it took too long"),
        )
    )

    assert [(row.kind, row.reason, row.merges) for row in rows] == [
        ("unrendered", "example.com is not reachable", 2),
        ("unjudged", "helmfile.yaml is a helmfile", 1),
    ]
    assert all(row.advice for row in rows)
