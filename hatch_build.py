"""Adds `bot/commit.txt` to the distributions: the commit that they are built from.

The commit comes from SOURCE_COMMIT, which a build without `.git` (a container, a distribution)
sets, else from git. Without either the file is left out. An sdist contains the file, so a wheel
that is built from it says the same.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class CommitHook(BuildHookInterface[Any]):
    """Hatchling's custom build hook."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Include the file in every build but editable ones, which have a checkout."""
        if version == "editable" or (Path(self.root) / "bot" / "commit.txt").is_file():
            return
        commit = os.environ.get("SOURCE_COMMIT", "") or self._commit()
        if COMMIT.fullmatch(commit):
            with tempfile.NamedTemporaryFile("w", delete=False, encoding="ascii") as file:
                file.write(f"{commit}\n")
            Path(file.name).chmod(0o644)
            build_data["force_include"][file.name] = "bot/commit.txt"

    def _commit(self) -> str:
        if not (Path(self.root) / ".git").exists():
            return ""
        command = ["git", "-C", self.root, "rev-parse", "--verify", "HEAD"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - git itself
        except OSError:
            return ""
        return done.stdout.strip()
