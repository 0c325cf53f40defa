"""The version of this installation, and the commit that it was built from."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

NUMBER: Final = "0.2.0"
"""As in `pyproject.toml`. To read it from the installation's metadata takes as long as the rest."""

_BUILT_FROM: Final = "commit.txt"
"""Written into the wheel by `hatch_build.py`; a checkout does not have it."""


def describe() -> str:
    """The version, with the commit where it is known: `0.2.0 (commit 0123456789ab)`."""
    commit = built_from() or checked_out(Path(__file__).parents[1])
    return f"{NUMBER} (commit {commit[:12]})" if commit else NUMBER


def built_from() -> str:
    """The commit that the wheel was built from; empty in a checkout."""
    path = Path(__file__).with_name(_BUILT_FROM)
    return path.read_text(encoding="ascii").strip() if path.is_file() else ""


def checked_out(root: Path) -> str:
    """The commit of a checkout of this project; empty where `root` is not one, or git is absent."""
    if not (root / ".git").exists() or not (root / "pyproject.toml").is_file():
        return ""
    command = ["git", "-C", str(root), "rev-parse", "--verify", "HEAD"]
    try:
        done = subprocess.run(  # noqa: S603 - git itself, in this project's own checkout
            command, capture_output=True, text=True, check=False, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
