"""Code in a process of its own, as another user where that is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

NOBODY: Final = 65534
"""A user who owns nothing and may do nothing."""

_CHECKOUT: Final = Path(__file__).parents[2]


def python(code: str, *arguments: str, user: int | None = None, before: Sequence[str] = ()) -> str:
    """What this code prints. Skips, saying why, where the tests cannot become the user."""
    interpreter = sys.executable if user is None else _interpreter()
    done = subprocess.run(
        [*before, interpreter, "-c", code, *arguments],
        cwd=_CHECKOUT,
        user=user,
        group=user,
        extra_groups=None if user is None else (),
        env={
            "TMPDIR": "/tmp",  # noqa: S108 - every user may write there
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if "site-packages" in path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def _interpreter() -> str:
    """A Python of this version that every user may start."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    if not _open_to_all(_CHECKOUT):
        pytest.skip("other users cannot read this checkout")
    named = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    for path in (sys.executable, named):
        if os.path.exists(path) and _open_to_all(Path(path).resolve()):  # noqa: PTH110 - a string
            return path
    pytest.skip(f"other users cannot start this interpreter, {sys.executable}")


def _open_to_all(path: Path) -> bool:
    """Whether a path, and each folder on the way to it, lets every user pass."""
    return all(held.stat().st_mode & 0o001 for held in (path, *path.parents))
