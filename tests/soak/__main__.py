"""`make soak`: the long form of the soak, with its progress and what it found."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from rich.console import Console

from bot.standin import StandIn
from tests.postgres import server
from tests.soak.plan import Shape, plan
from tests.soak.verdict import wrong
from tests.soak.world import World, running

_EVERY = 100
"""How many acts pass between two lines of progress."""


def main() -> None:
    """Run the soak and end with 1 where something is wrong."""
    words = argparse.ArgumentParser(prog="make soak", description=__doc__)
    words.add_argument("--pull-requests", type=int, default=500)
    words.add_argument("--repositories", type=int, default=20)
    words.add_argument("--acts", type=int, default=6, help="per pull request")
    words.add_argument("--kills", type=int, default=None, help="one per 100 acts unless given")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--seconds", type=float, default=1800, help="how long it may settle")
    words.add_argument(
        "--postgres", action="store_true", help="two replicas, of which one is killed for good"
    )
    words.add_argument("--keep", type=Path, help="a folder for logs and data")
    chosen = words.parse_args()
    count, acts = chosen.pull_requests, chosen.acts
    kills = max(2, count * acts // 100) if chosen.kills is None else chosen.kills
    shape = Shape(count, chosen.repositories, acts, kills)
    console = Console()
    console.print(f"seed {chosen.seed}: {shape}")
    with tempfile.TemporaryDirectory() as name:
        directory: Path = chosen.keep or Path(name)
        with (
            StandIn(directory / "github") as github,
            database(wanted=chosen.postgres) as url,
            running(github, directory / "service", shape.repositories, url) as world,
        ):
            found = _soak(world, shape, chosen.seed, chosen.seconds, console)
    for fault in found:
        console.print(fault, markup=False, soft_wrap=True)
    console.print(f"seed {chosen.seed}: {len(found)} wrong")
    sys.exit(1 if found else 0)


@contextmanager
def database(*, wanted: bool) -> Iterator[str | None]:
    """The address of a PostgreSQL of this run, None where none is wanted."""
    if not wanted:
        yield None
        return
    with server() as url:
        yield url


def _soak(
    world: World, shape: Shape, seed: int, seconds: float, console: Console
) -> tuple[str, ...]:
    begun, happened = time.monotonic(), Counter[str]()
    for number, act in enumerate(plan(seed, shape), 1):
        world.act(act)
        happened[type(act).__name__] += 1
        if number % _EVERY == 0:
            console.print(f"{time.monotonic() - begun:6.0f} s {number} acts, {_state(world)}")
    console.print(f"{time.monotonic() - begun:6.0f} s all acts done, {_state(world)}")
    undone = world.settle(seconds)
    console.print(f"{time.monotonic() - begun:6.0f} s settled, {_state(world)}")
    fresh = wrong(world, world.directory.parent / "fresh")
    found = tuple(chain([undone] if undone else [], fresh))
    console.print(f"{time.monotonic() - begun:6.0f} s compared")
    console.print(", ".join(f"{name} {count}" for name, count in sorted(happened.items())))
    ended = Counter(
        str(line["outcome"])
        for log in world.directory.rglob("service-*.log")
        for line in type(world.service)(world.service.process, log).lines()
        if "outcome" in line
    )
    console.print(", ".join(f"{name} {count}" for name, count in sorted(ended.items())))
    return found


def _state(world: World) -> str:
    pulls, waiting = len(list(world.open_pulls())), len(world.unfinished())
    deliveries, calls = len(world.github.deliveries.all()), len(world.github.exchanges.all())
    return (
        f"{pulls} of {len(world.pulls)} open, {waiting} wait, {deliveries} deliveries, "
        f"{calls} requests, {world.kills} kills"
    )


if __name__ == "__main__":
    main()
