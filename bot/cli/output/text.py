"""A review as text: grouped by file, with the manifest line of each finding."""

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
"""The text of a finding's line, None where it cannot or must not be shown."""

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
    for path, findings in groupby(review.findings, key=_path):
        console.print(Text(visible(path), style="bold underline"))
        for (line, side), group in groupby(findings, key=_line):
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
    """The sections below the findings that are not empty: title, style and rows."""
    if review.problems:
        yield "What could not be looked at", "bold yellow", map(_problem, review.problems)
    if review.suppressed:
        yield "Waived", "bold", map(_waived, review.suppressed)
    if review.lapsed:
        by_fingerprint = {finding.fingerprint: finding for finding in review.findings}
        rows = (_expired(lapsed, by_fingerprint[lapsed.fingerprint]) for lapsed in review.lapsed)
        yield "Expired waivers", "bold", rows


def _problem(problem: Problem) -> str:
    where = f"{visible(place(problem.location))}: " if problem.location else ""
    return f"{where}{visible(problem.message)}"


def _waived(suppressed: Suppressed) -> str:
    why = visible(next(iter(suppressed.because.values()), ""))
    return f"{suppressed.finding.rule} {visible(place(suppressed.finding.location))}: {why}"


def _expired(lapsed: Lapsed, finding: ReviewFinding) -> str:
    where = visible(place(finding.location))
    return f"{finding.rule} {where}: until {lapsed.expires}, {visible(lapsed.reason)}"


def _path(finding: ReviewFinding) -> str:
    return finding.location.path if finding.location else _NO_FILE


def _line(finding: ReviewFinding) -> tuple[int | None, str]:
    location: Location | None = finding.location
    return (location.line, location.side) if location else (None, "RIGHT")


def _block(
    line: int | None, side: str, shown: str | None, messages: Iterable[RenderableType]
) -> RenderableType:
    """The text of a line, and its findings below it."""
    grid = Grid.grid(padding=(0, 1, 0, 0))
    grid.add_column(justify="right", width=6, style="dim")
    grid.add_column()
    number = "" if line is None else str(line)
    sign = "-" if side == "LEFT" else "│"
    if shown is not None:
        text = visible(shown.expandtabs(4))
        row = Text.assemble((f"{sign} ", "dim"), text, no_wrap=True, overflow="ellipsis")
        grid.add_row(number, row)
        number = ""
    for message in messages:
        grid.add_row(number, Padding(message, (0, 0, 0, 2)))
        number = ""
    return grid


def _message(finding: ReviewFinding, policy: Policy) -> Group:
    parts = [finding.rule, consequence(finding, policy)]
    if finding.environments and finding.environments != ("default",):
        more = len(finding.environments) - _MOST_ENVIRONMENTS
        named = ", ".join(map(visible, finding.environments[:_MOST_ENVIRONMENTS]))
        parts.append(f"{named} and {more} more" if more > 0 else named)
    sentence = Text.assemble(
        (str(finding.severity), _STYLES[finding.severity]), ": ", visible(finding.message)
    )
    footer = Text(" · ".join(part for part in parts if part), style="dim")
    return Group(sentence, *_details(finding), footer)


def _details(finding: ReviewFinding) -> Iterator[RenderableType]:
    for related in finding.related:
        where = f"{visible(place(related.location))}: " if related.location else ""
        yield Text(f"  {where}{visible(related.message)}")
    for listing in finding.details.steps:
        yield Text(f"  {visible(listing.title)}")
        for number, step in enumerate(listing.steps, start=1):
            yield Text(f"  {number}. {visible(step)}")
    for table in finding.details.tables:
        grid = Grid(box=None, padding=(0, 2, 0, 2), show_edge=False)
        for column in table.columns:
            grid.add_column(Text(visible(column)), style="")
        for row in table.rows:
            grid.add_row(*(Text(visible(cell)) for cell in row))
        yield grid
    for graph in finding.details.graphs:
        for source, target, label in graph.edges:
            yield Text(f"  {visible(source)} → {visible(target)} ({visible(label)})")
