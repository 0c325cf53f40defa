"""Hostile kustomizations, built as if nothing had refused them before: contained and explained."""

from __future__ import annotations

import pytest

from tests.render.building import Case, Outside, build_kustomization, cases, leaks, outcome


@pytest.mark.parametrize("case", cases("kustomizations.yaml"), ids=lambda case: case.name)
def test_a_hostile_kustomization_reaches_nothing(case: Case, beside: Outside) -> None:
    built = build_kustomization({path: beside.fill(text) for path, text in case.files.items()})

    assert outcome(built, beside) == (case.status, case.message, case.data)
    assert leaks(built, beside) == []
