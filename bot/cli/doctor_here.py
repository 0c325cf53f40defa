"""What `fairlead doctor` looks at on this machine."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bot.cli.diagnosis import Diagnosis, ok, problem, warning
from bot.fetch.store import Store
from bot.render.tools import find, pinned_tools
from bot.sandbox import proved_state
from bot.settings import Settings, tool_folders

_GIT: Final = (2, 31)
"""`git fetch` with a configuration from the environment came with it."""

_MEBIBYTE: Final = 1024**2
_GIBIBYTE: Final = 1024**3


def look_here(settings: Settings) -> Iterator[Diagnosis]:
    """Every line about this machine."""
    yield _python(settings)
    yield _git()
    yield from _renderers()
    yield _sandbox(settings)
    yield _fetching(settings)
    yield _data(settings.data_dir)


def _python(settings: Settings) -> Diagnosis:
    said = f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}"
    trapped = sys.version_info >= (3, 12) and sqlite3.sqlite_version_info < (3, 42)
    if trapped and settings.database_url is None:
        return problem(
            "python", said, "upgrade SQLite to 3.42, run on Python 3.11, or set DATABASE_URL"
        )
    return ok("python", said)


def _git() -> Diagnosis:
    path = shutil.which("git")
    if path is None:
        return problem("git", "git is not on the PATH", "install git")
    done = subprocess.run(  # noqa: S603 - git itself, with a constant argument
        [path, "version"], capture_output=True, text=True, timeout=30, check=False
    )
    said = done.stdout.strip()
    version = re.search(r"(\d+)\.(\d+)", said)
    if version is None:
        return problem("git", "git does not say its version", "install git anew")
    if (int(version[1]), int(version[2])) < _GIT:
        wanted = ".".join(map(str, _GIT))
        return problem("git", said, f"upgrade git to {wanted} or newer")
    return ok("git", said)


def _renderers() -> Iterator[Diagnosis]:
    for tool in pinned_tools():
        found = find(tool.name, tool_folders())
        if found is None:
            yield warning(
                tool.name,
                f"{tool.name} is not here: roots that need it are not looked at",
                "run `fairlead tools fetch`",
            )
        elif not found.pinned:
            yield warning(
                tool.name,
                f"{found} at {found.path} is not the version that is tested",
                f"run `fairlead tools fetch` for {tool.version}",
            )
        else:
            yield ok(tool.name, f"{found} at {found.path}")


def _sandbox(settings: Settings) -> Diagnosis:
    state = proved_state()
    if state.complete:
        return ok("sandbox", str(state))
    advice = "run on Linux 5.13 or newer with Landlock and seccomp"
    if settings.allow_no_sandbox:
        return warning("sandbox", f"{state}, and going without is allowed", advice)
    return problem("sandbox", str(state), f"{advice}, or set FAIRLEAD_ALLOW_NO_SANDBOX=true")


def _fetching(settings: Settings) -> Diagnosis:
    """Whether things that lie elsewhere are fetched, from where, and how much of them is here."""
    if not settings.fetch.enabled:
        return ok("fetching", "off: remote bases and charts are named, never read")
    hosts = ", ".join(("what base uses", *settings.fetch.hosts))
    kept = Store(settings.data_dir / "fetched").size() / _MEBIBYTE
    said = f"from {hosts}; {kept:.0f} MiB kept"
    if proved_state().complete or settings.allow_no_sandbox:
        return ok("fetching", said)
    return warning("fetching", "not without a sandbox", "see the sandbox above")


def _data(directory: Path) -> Diagnosis:
    shown = str(directory.absolute())
    # What is not there yet is made in the nearest directory that is.
    nearest = next(held for held in (directory, *directory.absolute().parents) if held.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        return problem("data", f"{shown} cannot be written to", "set DATA_DIR, or give it to me")
    free = shutil.disk_usage(nearest).free
    said = f"{shown}, {free / _GIBIBYTE:.1f} GiB free"
    if free < _GIBIBYTE:
        return warning("data", said, "make room: mirrors of the repositories are kept there")
    if directory.is_dir() and directory.stat().st_mode & 0o007:
        return warning("data", f"{shown} is open to everybody", f"chmod 750 {shown}")
    return ok("data", said)
