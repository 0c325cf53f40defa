"""`fairlead review --fix`: show the certain fixes of a review, and write them to the tree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from bot.core.engine.review import Review
from bot.core.lines.fixes import edit, suggestions
from bot.errors import UsageError
from bot.git.repository import is_object_id, working_tree

Content = Callable[[str], bytes | None]
"""The content of a file of HEAD by its path, None where HEAD has no such file."""


def fixed_tree(head: str, repo: Path) -> Path:
    """The directory that fixes of HEAD (a full commit id or a directory) are written to.

    Raises UsageError where the repository has no working tree.
    """
    return working_tree(repo) if is_object_id(head) else Path(head)


def apply_fixes(review: Review, content: Content, root: Path) -> None:
    """Write each fix, and show it as a diff on standard error.

    A file that differs from HEAD is skipped, since its lines are not those that were reviewed.
    """
    fixes = suggestions(review.findings)
    if not fixes:
        click.echo("fairlead: no finding has a certain fix", err=True)
    for path, changes in fixes.items():
        place = root / path
        data = _working_copy(place, root)
        if data is None or data != content(path):
            click.echo(f"fairlead: skipped {_shown(path)}: it differs from HEAD", err=True)
            continue
        edited = edit(path, data.decode(), changes)
        click.echo(_shown(edited.diff), err=True, nl=False)
        place.write_bytes(edited.new.encode())
        if edited.skipped:
            message = (
                f"fairlead: {_shown(path)} has further fixes on the same lines: run this again"
            )
            click.echo(message, err=True)


def _working_copy(place: Path, root: Path) -> bytes | None:
    """The content of a regular file inside the tree, None for anything else, such as a symlink."""
    if place.is_symlink() or not place.is_file():
        return None
    if not place.resolve().is_relative_to(root.resolve()):
        raise UsageError(f"{str(place)!r} is outside {str(root)!r}")
    return place.read_bytes()


def _shown(text: str) -> str:
    """Manifest text for a terminal, with control characters escaped."""
    return "".join(
        char if char.isprintable() or char in "\n\t" else ascii(char)[1:-1] for char in text
    )
