"""Bare clones of public repositories, in the folder that FAIRLEAD_REAL_REPOSITORIES names.

Tests of them run only with `pytest -m real_repositories`, and skip where there is no folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

FOLDER: Final = os.environ.get("FAIRLEAD_REAL_REPOSITORIES", "")

NEEDS_CLONES: Final = (
    pytest.mark.real_repositories,
    pytest.mark.skipif(
        not FOLDER, reason="FAIRLEAD_REAL_REPOSITORIES names no folder of bare clones"
    ),
)
"""The marks of a test that reads clones."""


def clone_of(name: str) -> Path:
    """The bare clone of a repository. Raises FileNotFoundError where there is none."""
    flat = name.replace("/", "+")
    for place in (f"{flat}/repo", flat, f"{flat}.git", name, f"{name}.git"):
        if (Path(FOLDER) / place / "objects").is_dir():
            return Path(FOLDER) / place
    raise FileNotFoundError(f"{FOLDER} has no bare clone of {name}")


def clone_or_skip(name: str) -> Path:
    """The bare clone of a repository; skips the test where there is none."""
    try:
        return clone_of(name)
    except FileNotFoundError as error:
        pytest.skip(str(error))
