"""`make bench`: the command line as a whole process on generated repositories.

The yardstick runs in the same rounds, alternating: PyYAML's C loader over the same files, which
reads other values than the cluster and judges nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import network, parallel, rbac, rendering, webhooks
from tests.bench.measure import Run, fairlead, median, run
from tests.bench.repositories import make_repository

_RATE = 50.0
"""Deliveries a second."""

_YARDSTICK = """
import pathlib, yaml
for path in pathlib.Path("clusters").rglob("*.yaml"):
    list(yaml.load_all(path.read_bytes(), yaml.CSafeLoader))
"""


def main() -> None:
    """Print the tables of measurements."""
    words = argparse.ArgumentParser(prog="make bench", description=__doc__)
    words.add_argument("--manifests", type=int, nargs="+", default=[1000, 5000])
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--only", choices=["webhooks"], help="measure this alone")
    words.add_argument("--deliveries", type=int, default=1500)
    words.add_argument(
        "--against",
        type=Path,
        help="the Python of another installation of Fairlead to compare with",
    )
    chosen = words.parse_args()
    console = Console()
    if chosen.only == "webhooks":
        console.print(_webhooks(chosen.against, chosen.deliveries))
        return
    for table in (
        _reviews(chosen.manifests, chosen.rounds),
        _grants(),
        _network(),
        _renders(chosen.rounds),
        _parallel(chosen.rounds),
        _webhooks(chosen.against, chosen.deliveries),
    ):
        console.print(table)


def _reviews(sizes: list[int], rounds: int) -> Table:
    table = Table("manifests", "what", "CPU s", "peak MiB", "x yardstick", title="fairlead review")
    for manifests in sizes:
        with tempfile.TemporaryDirectory() as name:
            for what, measured, ratio in _rows(Path(name), manifests, rounds):
                cells = (f"{measured.cpu:.2f}", f"{measured.peak:.0f}", f"{ratio:.2f}")
                table.add_row(str(manifests), what, *cells)
    return table


def _grants() -> Table:
    table = Table("what", "CPU s", title="RBAC, in process")
    for what, amount, _ in rbac.measured():
        table.add_row(what, f"{amount:.2f}")
    return table


def _network() -> Table:
    table = Table(
        "workloads", "policies", "Services", "CPU s", title="network rules, one policy changed"
    )
    for row in network.rows():
        sizes = (row.workloads, row.policies, row.services)
        table.add_row(*map(str, sizes), f"{row.seconds:.2f}")
    return table


def _renders(rounds: int) -> Table:
    table = Table("what", "CPU s", "peak MiB", "x all", title="one of a thousand kustomizations")
    with tempfile.TemporaryDirectory() as name:
        for what, measured, ratio in rendering.rows(Path(name), rounds):
            table.add_row(what, f"{measured.cpu:.2f}", f"{measured.peak:.0f}", f"{ratio:.3f}")
    return table


def _parallel(rounds: int) -> Table:
    table = Table("what", "seconds", "x alone", title="builds of one review, by the clock")
    for what, seconds, ratio in parallel.rows(rounds):
        table.add_row(what, f"{seconds:.2f}", f"{ratio:.2f}")
    return table


def _webhooks(against: Path | None, deliveries: int) -> Table:
    table = Table(
        "installation", "p50 ms", "p99 ms", "reviews left", "tasks left", "CPU s", "p50 x", "p99 x",
        title=f"{deliveries} deliveries for {webhooks.PULLS} pull requests, {_RATE:.0f} a second",
    )  # fmt: skip
    measured = list(webhooks.rows(against, deliveries, _RATE))
    floor = measured[-1]
    for row in measured:
        ratios = row.median / floor.median, row.slowest / floor.slowest
        cells = (
            f"{row.median:.1f}",
            f"{row.slowest:.1f}",
            str(row.reviews),
            str(row.tasks),
            f"{row.cpu:.1f}",
        )
        table.add_row(row.name, *cells, *(f"{ratio:.3f}" for ratio in ratios))
    return table


def _rows(folder: Path, manifests: int, rounds: int) -> list[tuple[str, Run, float]]:
    make_repository(folder, manifests)
    review = (fairlead(), "review", "base", "head", "--format", "json")
    cold, warm, yardstick = [], [], []
    for number in range(rounds):
        cache = {"XDG_CACHE_HOME": str(folder / f"cache-{number}")}
        cold.append(run(review, folder, cache))
        warm.append(run(review, folder, cache))
        yardstick.append(run((sys.executable, "-c", _YARDSTICK), folder, {}))
    floor = median(yardstick)
    named = (
        ("cold (nothing cached)", median(cold)),
        ("warm (base in the cache)", median(warm)),
        ("yardstick: PyYAML's C loader", floor),
    )
    return [(what, measured, measured.cpu / floor.cpu) for what, measured in named]


main()
