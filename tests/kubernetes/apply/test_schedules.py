"""Schedules of sync windows, as Argo CD's library reads them."""

from __future__ import annotations

import pytest

from bot.kubernetes.apply.idle.schedules import starts_in_a_year


@pytest.mark.parametrize(
    ("schedule", "same"),
    [
        ("0 0 */11 * mon", "0 0 1-31/11 * 1"),  # with a step, a day may fit either field
        ("0 0 */1 * mon", "0 0 * * 1"),
        ("TZ=Europe/Berlin 0 0 ? jan 0-2", "0 0 * 1 sun,mon,tue"),
    ],
)
def test_schedules_that_come_equally_often(schedule: str, same: str) -> None:
    assert starts_in_a_year(schedule) == starts_in_a_year(same) is not None


def test_a_day_of_the_month_with_a_step_comes_beside_the_weekday() -> None:
    mondays = starts_in_a_year("0 0 * * 1")
    either = starts_in_a_year("0 0 */11 * 1")

    assert mondays == 52.25
    assert either is not None
    assert 52.25 + 36 > either > 52.25 + 24


@pytest.mark.parametrize(
    "schedule", ["", "@daily", "0 0 * *", "0 0 32 * *", "5-1 0 * * *", "0/0 0 * * *"]
)
def test_what_is_no_schedule(schedule: str) -> None:
    assert starts_in_a_year(schedule) is None
