"""What people name on the command line: a repository and its commits, or a directory."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from bot.core.nearest import did_you_mean
from bot.errors import UsageError
from bot.git import Repository

_ANCESTRY: Final = re.compile(r"(.+?)[~^][~^0-9]*")
"""`main~3` or `HEAD^`: https://git-scm.com/docs/gitrevisions."""


def repository_at(place: Path) -> Repository | None:
    """The repository in which a directory lies, None where it lies in none."""
    try:
        return Repository(place)
    except UsageError:
        return None


def named_commit(repository: Repository | None, name: str, place: Path) -> str | None:
    """The full id of the commit of this name, None for a directory.

    `place` is the directory that was named as the repository. Raises UsageError for a name that
    is neither.
    """
    if repository is not None:
        with suppress(UsageError):
            return repository.resolve(name)
    # `Path("")` is the working directory, and an empty name an unset variable of a script.
    if name and Path(name).is_dir():
        return None
    if repository is None:
        raise UsageError(
            f"{name!r} is not a directory, and {str(place)!r} is not in a git repository: "
            "name one with --repo"
        )
    raise UsageError(
        f"{name!r} is neither a commit of {repository.git_directory} nor a directory"
        f"{_advice(repository, name)}"
    )


def _advice(repository: Repository, name: str) -> str:
    """Why there is no such commit, or what to do about it, to follow the sentence that says so."""
    names = repository.names()
    if not names and not repository.exists("HEAD"):
        return ": the repository has no commit yet"
    if repository.shallow():
        return ": the clone is shallow; run `git fetch --unshallow`, then try again"
    ancestry = _ANCESTRY.fullmatch(name)
    if ancestry and repository.exists(ancestry[1]):
        return f": the history of {ancestry[1]!r} is shorter"
    folders = (str(path) for path in Path(name).parent.glob("*") if path.is_dir())
    hint = did_you_mean(name, [*names, *folders])
    return hint or ": fetch the branch first, or name a commit that `git log` shows"
