"""`fairlead review --fix`: the certain fixes of a review, shown and put into the working tree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from bot.core.engine.review import Review
from bot.core.lines.fixes import edit, suggestions
from bot.errors import UsageError
from bot.git.repository import is_object_id, working_tree

Content = Callable[[str], bytes | None]
"""The content of a file of HEAD by its path, None where there is none."""


def fixed_tree(head: str, repo: Path) -> Path:
    """The directory that fixes of HEAD (a full commit id or a directory) go into.

    Raises UsageError where the repository has no working tree.
    """
    return working_tree(repo) if is_object_id(head) else Path(head)


def apply_fixes(review: Review, content: Content, root: Path) -> None:
    """Show each fix as a difference on standard error, and write it.

    A file that is not what HEAD has is left alone: the lines would not be those that were reviewed.
    """
    wanted = suggestions(review.findings)
    if not wanted:
        click.echo("fairlead: nothing here can be fixed with certainty", err=True)
    for path, held in wanted.items():
        place = root / path
        data = _held(place, root)
        if data is None or data != content(path):
            click.echo(f"fairlead: {_shown(path)} is not as in HEAD, and is left alone", err=True)
            continue
        found = edit(path, data.decode(), held)
        click.echo(_shown(found.diff), err=True, nl=False)
        place.write_bytes(found.new.encode())
        if found.skipped:
            message = f"fairlead: {_shown(path)} has more to fix on the same lines: run it again"
            click.echo(message, err=True)


def _held(place: Path, root: Path) -> bytes | None:
    """The content of a regular file inside the tree; nothing is written through a symlink."""
    if place.is_symlink() or not place.is_file():
        return None
    if not place.resolve().is_relative_to(root.resolve()):
        raise UsageError(f"{str(place)!r} lies outside {str(root)!r}")
    return place.read_bytes()


def _shown(text: str) -> str:
    """Text from a manifest for a terminal, with whatever would steer it made visible."""
    return "".join(
        held if held.isprintable() or held in "\n\t" else ascii(held)[1:-1] for held in text
    )
