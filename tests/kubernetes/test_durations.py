"""Durations are read as Go's time.ParseDuration reads them."""

from __future__ import annotations

import pytest

from bot.kubernetes.durations import duration_in_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("-0", 0),
        ("1h30m", 5400),
        ("+1.5s", 1.5),
        (".5m", 30),
        ("2.h", 7200),
        ("-1h1s", -3601),
        ("30m1h", 5400),
        ("5ms", 0.005),
        ("7us", 7e-6),
        ("7µs", 7e-6),
        ("7μs", 7e-6),
        ("9ns", 9e-9),
    ],
)
def test_a_duration_is_the_sum_of_its_parts(text: str, seconds: float) -> None:
    assert duration_in_seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1d",
        "1 h",
        " 1h",
        "1h ",
        ".s",
        "h",
        "1e3s",
        "--1h",
        "1h-30m",
        "\u0661h",
        "9999999h",
    ],
)
def test_what_go_refuses_is_no_duration(text: str) -> None:
    assert duration_in_seconds(text) is None
