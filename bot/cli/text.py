"""A review as text for people: grouped by file, with the line that each finding stands on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Final, TypeAlias

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from bot.core.engine.decide import conclusion
from bot.core.engine.review import Lapsed, Location, Problem, Review, ReviewFinding, Suppressed
from bot.core.finding import Severity
from bot.core.policy.model import Policy
from bot.core.publish.fetched import fetched
from bot.core.publish.markdown import visible
from bot.core.publish.report import compared, consequence, place, rendered

Lines: TypeAlias = Callable[[ReviewFinding], str | None]
"""The line that a finding stands on, None where it must not or cannot be shown."""

_STYLES: Final = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.NOTICE: "bold cyan",
}
_VERDICTS: Final = {"pass": "bold green", "blocked": "bold red", "incomplete": "bold yellow"}
_MOST_ENVIRONMENTS: Final = 10
_NO_FILE: Final = "(no single file)"


def print_review(console: Console, review: Review, policy: Policy, lines: Lines) -> None:
    """Print the review."""
    for path, found in groupby(review.findings, key=_path):
        console.print(Text(visible(path), style="bold underline"))
        for (line, side), group in groupby(found, key=_line):
            here = tuple(group)
            shown = next((text for text in map(lines, here) if text is not None), None)
            console.print(_block(line, side, shown, [_message(each, policy) for each in here]))
        console.print()
    for title, style, rows in _sections(review):
        console.print(Text(title, style=style))
        for row in rows:
            console.print(Padding(Text(row), (0, 0, 0, 2)))
        console.print()
    if review.findings:
        console.print(
            Text("`fairlead explain RULE` says why it matters and what to do.", style="dim")
        )
    ending = conclusion(review, policy)
    verdict = Text(review.verdict.capitalize(), style=_VERDICTS[review.verdict])
    console.print(Text.assemble(verdict, f": {ending.title}."))
    console.print(Text(f"{compared(review.summary)}."))
    if roots := rendered(review.summary):
        console.print(Text(f"{visible(roots)}."))
    if brought := fetched(review.summary):
        console.print(Text(f"{visible(brought)}."))


def _sections(review: Review) -> Iterator[tuple[str, str, Iterable[str]]]:
    """What stands below the findings: title, style and rows of whatever there is any of."""
    if review.problems:
        yield "What could not be looked at", "bold yellow", map(_problem, review.problems)
    if review.suppressed:
        yield "Waived", "bold", map(_waived, review.suppressed)
    if review.lapsed:
        known = {found.fingerprint: found for found in review.findings}
        rows = (_expired(held, known[held.fingerprint]) for held in review.lapsed)
        yield "Expired waivers", "bold", rows


def _problem(problem: Problem) -> str:
    where = f"{visible(place(problem.location))}: " if problem.location else ""
    return f"{where}{visible(problem.message)}"


def _waived(held: Suppressed) -> str:
    why = visible(next(iter(held.because.values()), ""))
    return f"{held.finding.rule} {visible(place(held.finding.location))}: {why}"


def _expired(held: Lapsed, found: ReviewFinding) -> str:
    where = visible(place(found.location))
    return f"{found.rule} {where}: until {held.expires}, {visible(held.reason)}"


def _path(found: ReviewFinding) -> str:
    return found.location.path if found.location else _NO_FILE


def _line(found: ReviewFinding) -> tuple[int | None, str]:
    held: Location | None = found.location
    return (held.line, held.side) if held else (None, "RIGHT")


def _block(
    line: int | None, side: str, shown: str | None, messages: Iterable[RenderableType]
) -> RenderableType:
    """The findings of one line, below that line."""
    grid = Grid.grid(padding=(0, 1, 0, 0))
    grid.add_column(justify="right", width=6, style="dim")
    grid.add_column()
    number = "" if line is None else str(line)
    mark = "-" if side == "LEFT" else "│"
    if shown is not None:
        text = visible(shown.expandtabs(4))
        row = Text.assemble((f"{mark} ", "dim"), text, no_wrap=True, overflow="ellipsis")
        grid.add_row(number, row)
        number = ""
    for message in messages:
        grid.add_row(number, Padding(message, (0, 0, 0, 2)))
        number = ""
    return grid


def _message(found: ReviewFinding, policy: Policy) -> Group:
    parts = [found.rule, consequence(found, policy)]
    if found.environments and found.environments != ("default",):
        more = len(found.environments) - _MOST_ENVIRONMENTS
        named = ", ".join(map(visible, found.environments[:_MOST_ENVIRONMENTS]))
        parts.append(f"{named} and {more} more" if more > 0 else named)
    sentence = Text.assemble(
        (str(found.severity), _STYLES[found.severity]), ": ", visible(found.message)
    )
    told = Text(" · ".join(part for part in parts if part), style="dim")
    return Group(sentence, *_details(found), told)


def _details(found: ReviewFinding) -> Iterator[RenderableType]:
    for related in found.related:
        where = f"{visible(place(related.location))}: " if related.location else ""
        yield Text(f"  {where}{visible(related.message)}")
    for held in found.details.steps:
        yield Text(f"  {visible(held.title)}")
        for number, step in enumerate(held.steps, start=1):
            yield Text(f"  {number}. {visible(step)}")
    for table in found.details.tables:
        grid = Grid(box=None, padding=(0, 2, 0, 2), show_edge=False)
        for column in table.columns:
            grid.add_column(Text(visible(column)), style="")
        for row in table.rows:
            grid.add_row(*(Text(visible(cell)) for cell in row))
        yield grid
    for graph in found.details.graphs:
        for source, target, label in graph.edges:
            yield Text(f"  {visible(source)} → {visible(target)} ({visible(label)})")
