"""A review as text, by path and line, with the manifest line of each finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from rich.console import Console
from rich.text import Text

from bot.cli.output.columns import text_table
from bot.core.engine.approvals import short_id
from bot.core.engine.decide import conclusion
from bot.core.engine.review import Lapsed, Problem, Review, ReviewFinding, Suppressed
from bot.core.finding import Severity
from bot.core.policy.model import Policy
from bot.core.publish.causes import causes
from bot.core.publish.fetched import fetched
from bot.core.publish.images import image_rows
from bot.core.publish.markdown import visible
from bot.core.publish.pages import place
from bot.core.publish.report import badness, new_rules, safe_suggestion
from bot.core.publish.templating import consequence
from bot.core.publish.totals import compared, rendered, validated

Lines: TypeAlias = Callable[[ReviewFinding], str | None]
"""The text of a finding's line, None where it cannot or must not be shown."""

_STYLES: Final = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.NOTICE: "bold cyan",
}
_VERDICTS: Final = {"pass": "bold green", "blocked": "bold red", "incomplete": "bold yellow"}
_MOST_ENVIRONMENTS: Final = 10
_MOST_IMAGES: Final = 50
_MOST_STOOD: Final = 10
_INDENT: Final = "  "
_NO_FILE: Final = "(no single file)"


def print_review(console: Console, review: Review, policy: Policy, lines: Lines) -> None:
    """Print the review. Each finding begins with `path:line:`, to which editors jump.

    Of the findings of one cause, one has the details.
    """
    width = console.width - len(_INDENT) if console.is_terminal else None
    repeated = {id(item) for cause in causes(review.findings) for item in cause.alike}
    for finding in review.findings:
        brief = id(finding) in repeated
        details = () if brief else _details(finding, width)
        for line in _finding(finding, policy, lines(finding), details):
            console.print(line, soft_wrap=True)
        console.print()
    for title, style, rows in _sections(review, width):
        console.print(Text(title, style=style))
        for row in rows:
            console.print(Text(f"{_INDENT}{row}"), soft_wrap=True)
        console.print()
    for hint in _hints(review, policy):
        console.print(Text(hint, style="dim"), soft_wrap=True)
    ending = conclusion(review, policy)
    verdict = Text(review.verdict.capitalize(), style=_VERDICTS[review.verdict])
    console.print(Text.assemble(verdict, f": {ending.title}."))
    if len(review.findings) > 1:
        worst = min(review.findings, key=badness)
        console.print(Text.assemble("Most serious: ", _headline(worst)), soft_wrap=True)
    facts = (say(review.summary) for say in (compared, rendered, fetched, validated))
    for fact in filter(None, facts):
        console.print(Text(f"{visible(fact)}."), soft_wrap=True)


def _finding(
    finding: ReviewFinding, policy: Policy, line: str | None, details: Iterable[str]
) -> Iterator[Text]:
    """A finding: where and what, its line of the manifest, its details, its rule and id."""
    yield _headline(finding)
    if line is not None:
        removed = finding.location is not None and finding.location.side == "LEFT"
        yield Text(f"  {'-' if removed else '│'} {visible(line.expandtabs(4))}", style="dim")
    for text in details:
        yield Text(f"{_INDENT}{text}")
    yield Text(f"  {' · '.join(filter(None, _footer(finding, policy)))}", style="dim")


def _headline(finding: ReviewFinding) -> Text:
    """Where, how severe, and what."""
    where = visible(place(finding.location)) if finding.location else _NO_FILE
    severity = (str(finding.severity), _STYLES[finding.severity])
    return Text.assemble((f"{where}: ", "bold"), severity, ": ", visible(finding.message))


def _footer(finding: ReviewFinding, policy: Policy) -> Iterator[str]:
    yield finding.rule
    yield f"id {short_id(finding.fingerprint)}"
    yield consequence(finding, policy)
    if finding.environments and finding.environments != ("default",):
        more = len(finding.environments) - _MOST_ENVIRONMENTS
        named = ", ".join(map(visible, finding.environments[:_MOST_ENVIRONMENTS]))
        yield f"{named} and {more} more" if more > 0 else named
    if safe_suggestion(finding) is not None:
        yield "--fix corrects it"


def _hints(review: Review, policy: Policy) -> Iterator[str]:
    if review.findings:
        yield "`fairlead explain RULE` says why it matters and what to do."
    fixable = sum(safe_suggestion(finding) is not None for finding in review.findings)
    if fixable:
        noun = "finding" if fixable == 1 else "findings"
        yield f"`fairlead review BASE HEAD --fix` corrects {fixable} {noun}."
    for rule, until in new_rules(review, policy).items():
        yield (
            f"{rule} is new in this version and only observes until {until}; "
            f"`rules: {{{rule}: {{mode: enforce}}}}` in the policy ends that."
        )


def _sections(review: Review, width: int | None) -> Iterator[tuple[str, str, Iterable[str]]]:
    """The sections below the findings that are not empty: title, style and rows."""
    yield from _unseen(review)
    images = image_rows(review.summary.images)
    if images:
        shown = [(row.where, row.old or "none", row.new or "none") for row in images[:_MOST_IMAGES]]
        more = len(images) - len(shown)
        rows = list(text_table(("CONTAINER", "BEFORE", "AFTER"), shown, width))
        yield "Images", "bold", [*rows, f"and {more} more"] if more > 0 else rows
    if review.suppressed:
        yield "Waived", "bold", map(_waived, review.suppressed)
    if review.lapsed:
        by_fingerprint = {finding.fingerprint: finding for finding in review.findings}
        expired = (_expired(lapsed, by_fingerprint[lapsed.fingerprint]) for lapsed in review.lapsed)
        yield "Expired waivers", "bold", expired


def _unseen(review: Review) -> Iterator[tuple[str, str, Iterable[str]]]:
    """What could not be reviewed, and apart from it what base could not be reviewed for either."""
    new = dict.fromkeys(_problem(each) for each in review.problems if not each.stood_before)
    stood = [*dict.fromkeys(_problem(each) for each in review.problems if each.stood_before)]
    if new:
        yield "What could not be reviewed", "bold yellow", new
    if stood:
        more = [f"and {len(stood) - _MOST_STOOD:,} more"] if len(stood) > _MOST_STOOD else []
        title = "What could not be reviewed before this change either"
        yield title, "bold yellow", [*stood[:_MOST_STOOD], *more]


def _problem(problem: Problem) -> str:
    where = f"{visible(place(problem.location))}: " if problem.location else ""
    return f"{where}{visible(problem.message)}"


def _waived(suppressed: Suppressed) -> str:
    why = visible(next(iter(suppressed.because.values()), ""))
    return f"{visible(place(suppressed.finding.location))}: {suppressed.finding.rule}: {why}"


def _expired(lapsed: Lapsed, finding: ReviewFinding) -> str:
    where = visible(place(finding.location))
    return f"{where}: {finding.rule}: until {lapsed.expires}, {visible(lapsed.reason)}"


def _details(finding: ReviewFinding, width: int | None) -> Iterator[str]:
    for related in finding.related:
        where = f"{visible(place(related.location))}: " if related.location else ""
        yield f"{where}{visible(related.message)}"
    for listing in finding.details.steps:
        yield visible(listing.title)
        for number, step in enumerate(listing.steps, start=1):
            yield f"{number}. {visible(step)}"
    for table in finding.details.tables:
        yield from text_table(table.filled.columns, table.filled.rows, width)
    for graph in finding.details.graphs:
        for source, target, label in graph.edges:
            yield f"{visible(source)} → {visible(target)} ({visible(label)})"
