"""Tables of whole reviews and of starts, beside the older build and the other tools."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Final

from tests.bench.installations import BASELINE, Tool
from tests.bench.measure import Run
from tests.bench.page import Table, table
from tests.bench.repositories import Shape
from tests.bench.reviews import SLOWEST, WARM, Row, rows, starts

BESIDE: Final = 5000
"""The size at which other tools are measured too, and the largest of which there are rounds."""


def review_tables(
    chosen: argparse.Namespace, builds: list[Tool], others: list[Tool]
) -> Iterator[Table]:
    """A table for each size and shape, and how the cost grows with the size."""
    head = ("", "CPU s", "MiB", BASELINE, f"MiB of {BASELINE}", "ratio")
    warm: dict[int, Row] = {}

    def measured(shape: Shape, manifests: int) -> Iterator[tuple[str, ...]]:
        quick = [tool for tool in others if not tool.title.startswith(SLOWEST)]
        beside = (others if shape == "small" else quick) if manifests == BESIDE else ()
        rounds = chosen.rounds if manifests <= BESIDE else 1
        for row in rows(manifests, shape, rounds, builds, beside):
            if shape == "small" and row.what == WARM:
                warm[manifests] = row
            yield _sized(row)

    sizes: tuple[tuple[Shape, list[int]], ...] = (
        ("small", chosen.manifests),
        ("large", chosen.large),
    )
    for shape, counts in sizes:
        for manifests in counts:
            title = f"{manifests:,} {shape} manifests"
            yield table(title, head, partial(measured, shape, manifests))
    if len(chosen.manifests) > 1:
        grown = ("", "this checkout", BASELINE)
        yield table("How the cost grows", grown, lambda: _growth(warm))


def starts_table(chosen: argparse.Namespace, builds: list[Tool]) -> Table:
    """What the commands cost that only start."""
    columns = ("", "CPU s", BASELINE, "ratio")
    return table("Starting", columns, lambda: _cells(starts(builds, chosen.rounds)))


def _growth(warm: Mapping[int, Row]) -> Iterator[tuple[str, ...]]:
    """The warm review of each size, as a multiple of that of the smallest."""
    smallest = warm[min(warm)]
    for manifests in sorted(warm)[1:]:
        row, what = warm[manifests], f"{manifests:,} manifests over {min(warm):,}, {WARM}"
        of_baseline = (
            f"{row.baseline.cpu / smallest.baseline.cpu:.1f}"
            if row.baseline and smallest.baseline
            else ""
        )
        yield (what, f"{row.measured.cpu / smallest.measured.cpu:.1f}", of_baseline)


def _sized(row: Row) -> tuple[str, ...]:
    old = row.baseline
    beside = ("", "", "") if old is None else (_cpu(old), f"{old.peak:.0f}", _ratio(row))
    return (row.what, _cpu(row.measured), f"{row.measured.peak:.0f}", *beside)


def _cells(measured: Iterable[Row]) -> Iterator[tuple[str, ...]]:
    for row in measured:
        beside = ("", "") if row.baseline is None else (_cpu(row.baseline), _ratio(row))
        yield (row.what, _cpu(row.measured), *beside)


def _cpu(run: Run) -> str:
    return f"{run.cpu:.2f}"


def _ratio(row: Row) -> str:
    """The baseline's cost divided by ours: how many times less this is."""
    return f"{row.baseline.cpu / row.measured.cpu:.1f} times less" if row.baseline else ""
