"""The tables of the page, by the question that each of them answers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Final

from tests.bench import (
    announcements,
    commits,
    network,
    opened,
    parallel,
    pushes,
    rbac,
    rendering,
    service,
    webhooks,
)
from tests.bench.installations import Tool
from tests.bench.page import Table, table
from tests.bench.review_tables import BESIDE, review_tables, starts_table

QUESTIONS: Final = (
    "reviews",
    "commits",
    "service",
    "starts",
    "rules",
    "renders",
    "pushes",
    "webhooks",
)
_RATE: Final = 50.0
"""Deliveries a second."""
_ANNOUNCED: Final = 100
_OPENED: Final = 10
"""Pull requests of each organisation."""


def tables(chosen: argparse.Namespace, builds: list[Tool], others: list[Tool]) -> Iterator[Table]:
    """The tables of the questions in `chosen.only`, none measured yet."""
    if "reviews" in chosen.only:
        yield from review_tables(chosen, builds, others)
    if chosen.clones is not None and "commits" in chosen.only:
        columns = ("", "reviews", "median CPU s", "p90 CPU s")
        title = "Commits of public repositories, each after the one before it"
        yield table(title, columns, lambda: _commits(chosen, builds))
    if "service" in chosen.only:
        title = "A review in the service beyond git and GitHub, base in the cache"
        yield table(title, ("", "CPU s", "service", "child"), lambda: _service(chosen))
    if "starts" in chosen.only:
        yield starts_table(chosen, builds)
    if "rules" in chosen.only:
        yield table("RBAC, in process", ("", "CPU s"), _grants)
        changed = ("network rules, one policy changed", "CPU s")
        yield table("Network policies, in process", changed, _network)
    if "renders" in chosen.only:
        built = ("one of a thousand kustomizations", "CPU s", "MiB", "x all")
        yield table("Rendering", built, lambda: rendering.page_rows(chosen.rounds))
        alone = ("", "s", "x alone")
        yield table("Builds of one review, by the clock", alone, lambda: _parallel(chosen))
    if "pushes" in chosen.only:
        yield from _push_tables(chosen, builds)
    if "webhooks" in chosen.only:
        title = f"{chosen.deliveries} deliveries, {_RATE:.0f} a second"
        answers = ("", "p50 ms", "p99 ms", "lost", "reviews left", "CPU s")
        yield table(title, answers, lambda: _webhooks(chosen, builds))


def _push_tables(chosen: argparse.Namespace, builds: list[Tool]) -> Iterator[Table]:
    times = ("5,000 manifests", "first s", "p50 s", "slowest s", "CPU s a push")
    title = "From a push to the concluded check"
    yield table(title, times, lambda: _pushes(chosen, builds))
    opening = ("5,000 manifests", "p50 s", "p99 s", "CPU s a pull request")
    title = f"From opening a pull request to the concluded check, {opened.RATE:.0f} a second"
    yield table(title, opening, lambda: _opened(builds))
    title = f"From a push to the check in progress, {_ANNOUNCED} pushes while reviews wait"
    yield table(title, ("", "p50 s", "p99 s"), lambda: _announcements(builds))


def _grants() -> Iterator[tuple[str, ...]]:
    return ((what, f"{amount:.2f}") for what, amount, _ in rbac.measured())


def _network() -> Iterator[tuple[str, ...]]:
    for row in network.rows():
        sizes = f"{row.workloads:,} workloads, {row.policies:,} policies, {row.services:,} Services"
        yield (sizes, f"{row.seconds:.2f}")


def _parallel(chosen: argparse.Namespace) -> Iterator[tuple[str, ...]]:
    for what, seconds, ratio in parallel.rows(chosen.rounds):
        yield (what, f"{seconds:.2f}", f"{ratio:.2f}")


def _pushes(chosen: argparse.Namespace, builds: list[Tool]) -> Iterator[tuple[str, ...]]:
    for row in pushes.rows(builds, BESIDE, chosen.pushes):
        figures = (row.first, row.median, row.slowest, row.cpu)
        yield (row.name, *(f"{figure:.2f}" for figure in figures))


def _commits(chosen: argparse.Namespace, builds: list[Tool]) -> Iterator[tuple[str, ...]]:
    for row in commits.rows(builds, chosen.clones, chosen.commits):
        yield (row.name, str(row.reviews), f"{row.median:.2f}", f"{row.p90:.2f}")


def _service(chosen: argparse.Namespace) -> Iterator[tuple[str, ...]]:
    for row in service.rows(chosen.manifests):
        figures = (row.parent + row.child, row.parent, row.child)
        yield (f"{row.manifests:,} small manifests", *(f"{figure:.2f}" for figure in figures))


def _opened(builds: list[Tool]) -> Iterator[tuple[str, ...]]:
    for row in opened.rows(builds[:1], BESIDE, _OPENED):
        yield (row.name, *(f"{figure:.2f}" for figure in (row.median, row.slowest, row.cpu)))


def _announcements(builds: list[Tool]) -> Iterator[tuple[str, ...]]:
    for row in announcements.rows(builds, _ANNOUNCED):
        yield (row.name, f"{row.median:.2f}", f"{row.slowest:.2f}")


def _webhooks(chosen: argparse.Namespace, builds: list[Tool]) -> Iterator[tuple[str, ...]]:
    pythons = {tool.title: tool.path.with_name("python") for tool in builds}
    for row in webhooks.rows(pythons, chosen.deliveries, _RATE):
        answers = (f"{row.median:.1f}", f"{row.slowest:.1f}", str(row.lost))
        yield (row.name, *answers, str(row.reviews), f"{row.cpu:.1f}")
