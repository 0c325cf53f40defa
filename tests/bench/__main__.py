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

from tests.bench import network, parallel, rbac, rendering
from tests.bench.measure import Run, fairlead, median, run
from tests.bench.repositories import make_repository

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
    chosen = words.parse_args()
    console = Console()
    for table in (
        _reviews(chosen.manifests, chosen.rounds),
        _grants(),
        _network(),
        _renders(chosen.rounds),
        _parallel(chosen.rounds),
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
