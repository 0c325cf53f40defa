"""The index of a working tree as a commit object that no reference names."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from bot.errors import UsageError

_IDENTITY: Final = ("-c", "user.name=Fairlead", "-c", "user.email=fairlead@localhost")


def staged_commits(folder: Path) -> tuple[str, str]:
    """The commits to compare: HEAD, and one with the staged files.

    Before the first commit, HEAD is an empty commit object. Unlike in a mirror, the user's own Git
    configuration and environment apply: a hook gets its index by GIT_INDEX_FILE. Raises UsageError
    where the folder has no index, or one with conflicts.
    """
    tree = _git(folder, "write-tree")
    head = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD", missing="")
    if not head:
        empty = _git(folder, "hash-object", "-w", "-t", "tree", os.devnull)
        head = _git(folder, *_IDENTITY, "commit-tree", empty, "-m", "nothing")
    staged = _git(folder, *_IDENTITY, "commit-tree", tree, "-p", head, "-m", "staged")
    return head, staged


def _git(folder: Path, *command: str, missing: str | None = None) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - git in the user's own repository
            ["git", "-C", str(folder), *command],  # noqa: S607 - the user's git, as in any hook
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise UsageError("git is not installed") from error
    if done.returncode == 0:
        return done.stdout.strip()
    if missing is not None:
        return missing
    reason = (done.stderr.strip().splitlines() or ["git gave no reason"])[-1]
    raise UsageError(f"the staged files cannot be read: {reason.removeprefix('fatal: ')}")
