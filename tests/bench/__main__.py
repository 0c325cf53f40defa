"""`make bench`: what reviews cost, beside an older build and beside other tools.

Prints the tables and writes `docs/benchmarks.md`, anew after each table. Programs to compare with
are built once, below `.bench/`. What cannot be built or measured, or has no time, is named and left
out: the others are measured all the same.
"""

from __future__ import annotations

import argparse
import compileall
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from rich.console import Console
from rich.markdown import Markdown

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
from tests.bench.installations import BASELINE, CHECKOUT, Tool, baseline, checkov, go_tool
from tests.bench.measure import Run, fairlead
from tests.bench.page import left_out, section, write_page
from tests.bench.repositories import Shape
from tests.bench.reviews import SLOWEST, WARM, Row, available, rows, starts

_RATE: Final = 50.0
"""Deliveries a second."""
_BESIDE: Final = 5000
"""The size at which other tools are measured too, and the largest of which there are rounds."""
_ANNOUNCED: Final = 100
_OPENED: Final = 10
"""Pull requests of each organisation."""
_PARTS: Final = (
    "reviews",
    "commits",
    "service",
    "starts",
    "rules",
    "renders",
    "pushes",
    "webhooks",
)

Part: TypeAlias = tuple[str, Callable[[], str]]
"""The name of a table, and what measures and makes it."""


def main() -> None:
    """Measure, print and write."""
    words = argparse.ArgumentParser(prog="make bench", description=__doc__)
    words.add_argument("--manifests", type=int, nargs="+", default=[1000, _BESIDE, 20_000])
    words.add_argument("--large", type=int, nargs="*", default=[_BESIDE], metavar="MANIFESTS")
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--only", choices=_PARTS, nargs="+", default=_PARTS)
    words.add_argument("--deliveries", type=int, default=1500)
    words.add_argument("--pushes", type=int, default=10)
    words.add_argument("--folder", type=Path, default=CHECKOUT / ".bench")
    words.add_argument("--leave-out", nargs="+", default=[], metavar="TOOL", help="not measured")
    words.add_argument("--minutes", type=float, default=40, help="begin no table after so long")
    words.add_argument("--clones", type=Path, help="folder of bare clones, named OWNER+NAME")
    words.add_argument("--commits", type=int, default=25, help="of each of the clones")
    words.add_argument("--no-page", action="store_true", help="print only")
    chosen = words.parse_args()
    console = Console(stderr=True)
    console.print(f"Building what is compared with, below {chosen.folder}")
    builds, others, missing = _programs(chosen)
    # Whoever has no bytecode compiles at every start, which is not what is measured.
    for package in ("bot", "rules"):
        compileall.compile_dir(CHECKOUT / package, quiet=2)
    for name, reason in missing.items():
        console.print(f"LEFT OUT: {name}: {reason}")
    sections: list[str] = []
    begun = time.monotonic()
    for title, measure in _parts(chosen, builds, others):
        seconds = time.monotonic() - begun
        console.print(f"{seconds / 60:.1f} min: {title}")
        if seconds > chosen.minutes * 60:
            missing[title] = "no time in this run"
            continue
        try:
            text = measure()
        except Exception as error:  # noqa: BLE001 - the other tables are measured all the same
            missing[title] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            console.print(f"LEFT OUT: {title}: {missing[title]}")
            continue
        console.print(Markdown(text))
        sections.append(text)
        if not chosen.no_page:
            unmeasured = filter(None, [left_out(missing)])
            write_page(chosen.rounds, [*sections, *unmeasured], _notes())
    console.print(f"{(time.monotonic() - begun) / 60:.1f} min: done")


def _notes() -> str:
    return (Path(__file__).with_name("notes.md")).read_text(encoding="utf-8").strip()


def _programs(chosen: argparse.Namespace) -> tuple[list[Tool], list[Tool], dict[str, str]]:
    """This checkout and the baseline, the other tools, and what could not be built and why."""
    builds, missing = available({f"Fairlead {BASELINE}": baseline}, chosen.folder)
    others: list[Tool] = []
    if "reviews" in chosen.only:
        names = ("kube-score", "kubeconform", "kube-linter")
        makers = {"checkov": checkov, **{name: go_tool(name) for name in names}}
        missing |= dict.fromkeys(chosen.leave_out, "not asked for in this run")
        makers = {name: make for name, make in makers.items() if name not in chosen.leave_out}
        others, unbuilt = available(makers, chosen.folder)
        missing |= unbuilt
    return [Tool("this checkout", fairlead()), *builds], others, missing


def _parts(chosen: argparse.Namespace, builds: list[Tool], others: list[Tool]) -> Iterator[Part]:
    if "reviews" in chosen.only:
        yield from _reviews(chosen, builds, others)
    if chosen.clones is not None and "commits" in chosen.only:
        columns = ("", "reviews", "median CPU s", "p90 CPU s")
        title = "Commits of public repositories, each after the one before it"
        yield _part(title, columns, lambda: _commits(chosen, builds))
    if "service" in chosen.only:
        title = "A review in the service beyond git and GitHub, base in the cache"
        yield _part(title, ("", "CPU s", "service", "child"), lambda: _service(chosen))
    if "starts" in chosen.only:
        columns = ("", "CPU s", BASELINE, "ratio")
        yield _part("Starting", columns, lambda: _cells(starts(builds, chosen.rounds)))
    if "rules" in chosen.only:
        yield _part("RBAC, in process", ("", "CPU s"), _grants)
        changed = ("network rules, one policy changed", "CPU s")
        yield _part("Network policies, in process", changed, _network)
    if "renders" in chosen.only:
        built = ("one of a thousand kustomizations", "CPU s", "MiB", "x all")
        yield _part("Rendering", built, lambda: rendering.page_rows(chosen.rounds))
        alone = ("", "s", "x alone")
        yield _part("Builds of one review, by the clock", alone, lambda: _parallel(chosen))
    if "pushes" in chosen.only:
        times = (
            "5,000 manifests",
            "first s",
            "p50 s",
            "slowest s",
            "CPU s a push",
        )
        title = "From a push to the concluded check"
        yield _part(title, times, lambda: _pushes(chosen, builds))
        opening = ("5,000 manifests", "p50 s", "p99 s", "CPU s a pull request")
        title = f"From opening a pull request to the concluded check, {opened.RATE:.0f} a second"
        yield _part(title, opening, lambda: _opened(builds))
        title = f"From a push to the check in progress, {_ANNOUNCED} pushes while reviews wait"
        yield _part(title, ("", "p50 s", "p99 s"), lambda: _announcements(builds))
    if "webhooks" in chosen.only:
        title = f"{chosen.deliveries} deliveries, {_RATE:.0f} a second"
        answers = ("", "p50 ms", "p99 ms", "lost", "reviews left", "CPU s")
        yield _part(title, answers, lambda: _webhooks(chosen, builds))


def _part(
    title: str, columns: tuple[str, ...], rows_of: Callable[[], Iterable[tuple[str, ...]]]
) -> Part:
    return title, lambda: section(title, columns, rows_of())


def _reviews(chosen: argparse.Namespace, builds: list[Tool], others: list[Tool]) -> Iterator[Part]:
    head = ("", "CPU s", "MiB", BASELINE, f"MiB of {BASELINE}", "ratio")
    warm: dict[int, Row] = {}

    def measured(shape: Shape, manifests: int) -> Iterator[tuple[str, ...]]:
        quick = [tool for tool in others if not tool.title.startswith(SLOWEST)]
        beside = (others if shape == "small" else quick) if manifests == _BESIDE else ()
        rounds = chosen.rounds if manifests <= _BESIDE else 1
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
            yield _part(title, head, partial(measured, shape, manifests))
    if len(chosen.manifests) > 1:
        grown = ("", "this checkout", BASELINE)
        yield _part("How the cost grows", grown, lambda: _growth(warm))


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
    for row in pushes.rows(builds, _BESIDE, chosen.pushes):
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
    for row in opened.rows(builds[:1], _BESIDE, _OPENED):
        yield (row.name, *(f"{figure:.2f}" for figure in (row.median, row.slowest, row.cpu)))


def _announcements(builds: list[Tool]) -> Iterator[tuple[str, ...]]:
    for row in announcements.rows(builds, _ANNOUNCED):
        yield (row.name, f"{row.median:.2f}", f"{row.slowest:.2f}")


def _webhooks(chosen: argparse.Namespace, builds: list[Tool]) -> Iterator[tuple[str, ...]]:
    pythons = {tool.title: tool.path.with_name("python") for tool in builds}
    for row in webhooks.rows(pythons, chosen.deliveries, _RATE):
        answers = (f"{row.median:.1f}", f"{row.slowest:.1f}", str(row.lost))
        yield (row.name, *answers, str(row.reviews), f"{row.cpu:.1f}")


if __name__ == "__main__":
    main()
