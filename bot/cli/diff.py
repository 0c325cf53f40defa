"""`fairlead diff`: what would change in the cluster, resource by resource, after rendering."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bot.cli.group import INCOMPLETE, PASS
from bot.cli.output import terminal
from bot.cli.output.options import OutputOptions, output_options
from bot.cli.repository_options import RepositoryOptions, repository_options
from bot.settings import cache_directory, tool_folders

if TYPE_CHECKING:
    from rich.text import Text

    from bot.core.diff.model import Difference
    from bot.core.engine.review import Review

EPILOG: Final = """\b
Examples:
  fairlead diff origin/main HEAD
  fairlead diff before/ after/ --format json
  fairlead diff main feature --format markdown --output difference.md

\b
Exit status: 0 whatever changes, 2 wrong use or an invalid policy,
3 incomplete (something could not be reviewed, so its difference is missing)."""

_STYLES: Final = {"+": "green", "~": "yellow", "-": "red"}


@click.command("diff", epilog=EPILOG)
@click.argument("base")
@click.argument("head")
@repository_options("repo", "policy", "organisation", "branch", "no_fetch", policy_of="BASE")
@output_options(
    ("text", "json", "markdown"), "text for a terminal, markdown as in the check's summary."
)
@click.pass_context
def diff(
    ctx: click.Context, *, base: str, head: str, where: RepositoryOptions, output: OutputOptions
) -> None:
    """Show what the change from BASE to HEAD would change in the cluster.

    Kustomizations and charts are rendered first. Resources that change alike are grouped, lists
    are compared by the keys that Kubernetes merges them by, and values of Secrets are never shown.
    BASE and HEAD are each a commit of the repository or a directory. If both are commits, HEAD is
    compared with their merge base, as on GitHub.
    """
    from bot.analysis.process.parent import AnalysisOptions  # noqa: PLC0415 - not for --help
    from bot.analysis.process.renders import renders_here  # noqa: PLC0415 - not for --help
    from bot.analysis.process.start import fork  # noqa: PLC0415 - not for --help
    from bot.cli.comparison import compare, open_sides  # noqa: PLC0415 - not for --help
    from bot.core.diff.model import Difference as Nothing  # noqa: PLC0415 - not for --help

    cache = cache_directory()
    options = AnalysisOptions(
        namespace=output.namespace or "default",
        rules=(),
        cache=cache,
        tenant=where.tenant,
        start=fork,
        renders=renders_here(tool_folders()),
        fetching=where.fetching(cache),
        difference=True,
    )
    today = datetime.now(UTC).date()
    with open_sides(base, head, where.repo) as sides:
        policy = where.policy_for(sides)
        with terminal.progress(f"Comparing {base} with {head}") as report:
            review = compare(sides, policy, today, replace(options, on_fetch=report))
    difference = review.difference or Nothing()
    terminal.write(_FORMATS[output.form](review, difference, output.target), output.target)
    ctx.exit(INCOMPLETE if review.problems or difference.unread else PASS)


def _text(review: Review, difference: Difference, target: Path | None) -> str:
    return terminal.printed(_lines(review, difference), target)


def _lines(review: Review, difference: Difference) -> Iterator[Text]:
    """Each resource or group, its fields below it, then what could not be reviewed."""
    from rich.text import Text as RichText  # noqa: PLC0415 - slow, and not for --help

    from bot.core.publish.difference import rows, totals  # noqa: PLC0415 - not for --help
    from bot.core.publish.markdown import visible  # noqa: PLC0415 - not for --help
    from bot.core.publish.pages import place  # noqa: PLC0415 - not for --help
    from bot.core.publish.totals import places  # noqa: PLC0415 - not for --help

    for row in rows(difference):
        yield RichText.assemble((f"{row.sign} ", f"bold {_STYLES[row.sign]}"), (row.title, "bold"))
        for name in row.resources:
            yield RichText(f"    {name}", style="dim")
        for path, before, after in row.fields:
            yield from _field(path, before, after)
        if row.more:
            fields = "1 more field" if row.more == 1 else f"{row.more} more fields"
            too_large = "too large to be compared field by field"
            yield RichText(f"    {fields if row.fields else too_large}", style="dim")
    for problem in review.problems:
        where = f"{visible(place(problem.location))}: " if problem.location else ""
        yield RichText(f"! {where}{visible(problem.message)}", style="yellow")
    for file in difference.unread:
        yield RichText(f"! {visible(file.path)}: {visible(file.reason)}", style="yellow")
    yield RichText(f"{places(review.summary)} compared: {totals(difference)}.", style="bold")


def _field(path: str, before: str, after: str) -> Iterator[Text]:
    """A changed field on one line; of a text of several lines, each line by itself."""
    from rich.text import Text as RichText  # noqa: PLC0415 - slow, and not for --help

    if "\n" not in before + after:
        old = (before, "red") if before else ("absent", "dim")
        new = (after, "green") if after else ("absent", "dim")
        yield RichText.assemble(f"    {path}: ", old, " → ", new)
        return
    yield RichText(f"    {path}:")
    for sign, value in (("-", before), ("+", after)):
        for line in value.split("\n") if value else ():
            yield RichText(f"      {sign} {line}", style="red" if sign == "-" else "green")


def _json(review: Review, difference: Difference, target: Path | None) -> str:
    from bot.core.publish.difference_json import difference_json  # noqa: PLC0415 - as above

    del target
    return difference_json(difference, review.problems, base=review.base, head=review.head)


def _markdown(review: Review, difference: Difference, target: Path | None) -> str:
    from bot.core.publish.difference import difference_markdown  # noqa: PLC0415 - as above

    del review, target
    return difference_markdown(difference)


_FORMATS: Final[dict[str, Callable[[Review, Difference, Path | None], str]]] = {
    "text": _text,
    "json": _json,
    "markdown": _markdown,
}
