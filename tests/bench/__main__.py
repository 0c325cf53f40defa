"""`make bench`: what reviews cost, beside an older build and beside other tools.

Prints the tables and writes `docs/benchmarks.md`, anew after each table. Programs to compare with
are built once, below `.bench/`. What cannot be built or measured, or has no time, is named and left
out: the others are measured all the same.
"""

from __future__ import annotations

import argparse
import compileall
import time
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from tests.bench.installations import BASELINE, CHECKOUT, Tool, baseline, checkov, go_tool
from tests.bench.measure import fairlead
from tests.bench.page import left_out, write_page
from tests.bench.review_tables import BESIDE
from tests.bench.reviews import available
from tests.bench.tables import QUESTIONS, tables


def main() -> None:
    """Measure, print and write."""
    words = argparse.ArgumentParser(prog="make bench", description=__doc__)
    words.add_argument("--manifests", type=int, nargs="+", default=[1000, BESIDE, 20_000])
    words.add_argument("--large", type=int, nargs="*", default=[BESIDE], metavar="MANIFESTS")
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--only", choices=QUESTIONS, nargs="+", default=QUESTIONS)
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
    for title, measure in tables(chosen, builds, others):
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


if __name__ == "__main__":
    main()
