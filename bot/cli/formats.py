"""A review in the format that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from bot.catalog import load_rules
from bot.cli import output, sarif, workflow
from bot.cli.text import Lines, print_review
from bot.core.document import to_json
from bot.core.policy import Policy
from bot.core.report import whole
from bot.core.review import Review


def write_review(
    review: Review, policy: Policy, lines: Lines, form: str, target: Path | None
) -> None:
    """Write the review to the file, else to standard output."""
    renderers: Mapping[str, Callable[[], str]] = {
        "text": lambda: _text(review, policy, lines, target),
        "json": lambda: to_json(review),
        "markdown": lambda: whole(review, policy),
        "sarif": lambda: sarif.to_sarif(review, load_rules()),
        "github": lambda: workflow.to_commands(review, policy),
    }
    output.write(renderers[form](), target)


def _text(review: Review, policy: Policy, lines: Lines, target: Path | None) -> str:
    console = output.console(target)
    with console.capture() as captured:
        print_review(console, review, policy, lines)
    return output.trimmed(captured.get())
