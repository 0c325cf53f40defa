"""Writes a review in the requested format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.output import terminal
from bot.core.engine.review import Review
from bot.core.policy.model import Policy

if TYPE_CHECKING:
    from bot.cli.output.text import Lines


def write_review(
    review: Review, policy: Policy, lines: Lines, form: str, target: Path | None
) -> None:
    """Write the review to `target`, or to standard output if that is None."""
    renderers: Mapping[str, Callable[[], str]] = {
        "text": lambda: _text(review, policy, lines, target),
        "json": lambda: _json(review),
        "markdown": lambda: _markdown(review, policy),
        "sarif": lambda: _sarif(review),
        "github": lambda: _github(review, policy),
    }
    terminal.write(renderers[form](), target)


# Each imports what it needs: importing rich or Jinja2 takes longer than a small review.


def _text(review: Review, policy: Policy, lines: Lines, target: Path | None) -> str:
    from bot.cli.output.text import print_review  # noqa: PLC0415

    console = terminal.console(target)
    with console.capture() as captured:
        print_review(console, review, policy, lines)
    return terminal.trimmed(captured.get())


def _json(review: Review) -> str:
    from bot.core.publish.review_json import to_json  # noqa: PLC0415

    return to_json(review)


def _markdown(review: Review, policy: Policy) -> str:
    from bot.core.publish.report import whole  # noqa: PLC0415

    return whole(review, policy)


def _sarif(review: Review) -> str:
    from bot.catalog import load_rules  # noqa: PLC0415
    from bot.cli.output.sarif import to_sarif  # noqa: PLC0415
    from bot.core.publish.pages import Pages  # noqa: PLC0415
    from bot.settings import public_url  # noqa: PLC0415

    url = public_url()
    return to_sarif(review, load_rules(), Pages(rules=f"{url}/rules" if url else None))


def _github(review: Review, policy: Policy) -> str:
    from bot.cli.output.workflow import to_commands  # noqa: PLC0415

    return to_commands(review, policy)
