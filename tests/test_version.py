"""The version is written twice, so that to say it imports nothing."""

from __future__ import annotations

import tomllib
from pathlib import Path

from bot.version import NUMBER


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())

    assert project["project"]["version"] == NUMBER
