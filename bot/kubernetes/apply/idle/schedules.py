"""Cron schedules of five fields, as Argo CD's library reads them.

https://github.com/robfig/cron/blob/v3/parser.go
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from bot.patterns import pattern

_MONTHS: Final = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_WEEKDAYS: Final = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_BOUNDS: Final = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_NAMES: Final = {
    3: {name: number for number, name in enumerate(_MONTHS, 1)},
    4: {name: number for number, name in enumerate(_WEEKDAYS)},
}
_RANGE: Final = pattern(r"(?:[*?]|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d{1,4}))?")
_DAYS: Final = 1461
"""The days of four years, one of which has a 29 February."""
YEAR: Final = _DAYS / 4 * 86_400
"""The seconds of a year."""


@lru_cache(maxsize=256)
def starts_in_a_year(schedule: str) -> float | None:
    """Return how often a schedule fires in a year; None where it cannot be parsed."""
    zone, _, rest = schedule.strip().partition(" ")
    texts = (rest if zone.startswith(("TZ=", "CRON_TZ=")) else schedule).split()
    if len(texts) != len(_BOUNDS):
        return None
    fields = [_field(text, position) for position, text in enumerate(texts)]
    minutes, hours, days, months, weekdays = fields
    if minutes is None or hours is None or days is None or months is None or weekdays is None:
        return None
    joins = min if _is_every(texts[2]) or _is_every(texts[4]) else max
    first = date(2024, 1, 1)
    dates = (first + timedelta(number) for number in range(_DAYS))
    count = sum(
        day.month in months and bool(joins(day.day in days, day.isoweekday() % 7 in weekdays))
        for day in dates
    )
    return count / 4 * len(minutes) * len(hours)


def _is_every(text: str) -> bool:
    """Whether a field leaves the choice of days to the other one; else a day may fit either."""
    return any(part in ("*", "?", "*/1", "?/1") for part in text.split(","))


def _field(text: str, position: int) -> frozenset[int] | None:
    numbers: set[int] = set()
    for part in text.split(","):
        matched = _RANGE.fullmatch(part.lower())
        if matched is None:
            return None
        low, high = _BOUNDS[position]
        first, last = matched["first"], matched["last"]
        step = int(matched["step"] or 1)
        start = low if first is None else _number(first, position)
        end = high if first is None else _number(last or first, position)
        if first is not None and last is None and matched["step"]:
            end = high
        if start is None or end is None or not step or not low <= start <= end <= high:
            return None
        numbers.update(range(start, end + 1, step))
    return frozenset(numbers)


def _number(text: str, position: int) -> int | None:
    if text.isascii() and text.isdecimal():
        return int(text) if len(text) < 5 else None
    return _NAMES.get(position, {}).get(text)
