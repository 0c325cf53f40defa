"""The part of `fairlead doctor` that checks this machine."""

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

from bot.cli.diagnosis.diagnosis import Diagnosis, ok, problem, warning
from bot.fetch.store import Store
from bot.render.programs import pinned_tools
from bot.render.tools import find
from bot.sandbox import proved_state
from bot.settings import Settings, tool_folders
from bot.store.inventory import to_back_up, unknown

_GIT: Final = (2, 31)
"""The first git that takes configuration for `git fetch` from the environment."""

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
    yield from _content(settings.data_dir)


def _python(settings: Settings) -> Diagnosis:
    versions = f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}"
    trapped = sys.version_info >= (3, 12) and sqlite3.sqlite_version_info < (3, 42)
    if trapped and settings.database_url is None:
        return problem(
            "python", versions, "upgrade SQLite to 3.42, run on Python 3.11, or set DATABASE_URL"
        )
    return ok("python", versions)


def _git() -> Diagnosis:
    path = shutil.which("git")
    if path is None:
        return problem("git", "git is not on the PATH", "install git")
    done = subprocess.run(  # noqa: S603 - git itself, with a constant argument
        [path, "version"], capture_output=True, text=True, timeout=30, check=False
    )
    output_line = done.stdout.strip()
    version = re.search(r"(\d+)\.(\d+)", output_line)
    if version is None:
        return problem("git", "`git version` prints no version", "reinstall git")
    if (int(version[1]), int(version[2])) < _GIT:
        minimum = ".".join(map(str, _GIT))
        return problem("git", output_line, f"upgrade git to {minimum} or newer")
    return ok("git", output_line)


def _renderers() -> Iterator[Diagnosis]:
    for tool in pinned_tools():
        binary = find(tool.name, tool_folders())
        if binary is None:
            yield warning(
                tool.name,
                f"{tool.name} is not installed: roots that need it are not reviewed",
                "run `fairlead tools fetch`",
            )
        elif not binary.pinned:
            yield warning(
                tool.name,
                f"{binary} at {binary.path} is not the tested version",
                f"run `fairlead tools fetch` for {tool.version}",
            )
        else:
            yield ok(tool.name, f"{binary} at {binary.path}")


def _sandbox(settings: Settings) -> Diagnosis:
    state = proved_state()
    if state.complete:
        return ok("sandbox", str(state))
    advice = "run on Linux 5.13 or newer with Landlock and seccomp"
    if settings.allow_no_sandbox:
        return warning("sandbox", f"{state}; reviews run without it", advice)
    return problem("sandbox", str(state), f"{advice}, or set FAIRLEAD_ALLOW_NO_SANDBOX=true")


def _fetching(settings: Settings) -> Diagnosis:
    """Whether remote sources are fetched, from which hosts, and how much is stored."""
    if not settings.fetch.enabled:
        return ok("fetching", "off: remote bases and charts are not read")
    unused = settings.fetch.accounts.without_grant() if settings.fetch.accounts else ()
    if unused:
        return warning(
            "fetching",
            f"no repository may use the accounts for {', '.join(sorted(a.host for a in unused))}",
            "grant them in FAIRLEAD_FETCH_GRANTS, for example OWNER@HOST",
        )
    hosts = ", ".join(("hosts that the base branch uses", *settings.fetch.hosts))
    kept = Store(settings.data_dir / "fetched").size() / _MEBIBYTE
    message = f"from {hosts}; {kept:.0f} MiB stored"
    if proved_state().complete or settings.allow_no_sandbox:
        return ok("fetching", message)
    return warning("fetching", "disabled without a sandbox", "see the line on the sandbox above")


def _data(directory: Path) -> Diagnosis:
    shown = str(directory.absolute())
    # A missing directory is created inside the nearest one that exists.
    nearest = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        return problem(
            "data",
            f"{shown} cannot be written to",
            "set DATA_DIR, or make the directory writable for this user",
        )
    free = shutil.disk_usage(nearest).free
    message = f"{shown}, {free / _GIBIBYTE:.1f} GiB free"
    if free < _GIBIBYTE:
        return warning(
            "data", message, "free some space: mirrors of the repositories are stored there"
        )
    if directory.is_dir() and directory.stat().st_mode & 0o007:
        return warning("data", f"{shown} is readable by every user", f"chmod 750 {shown}")
    return ok("data", message)


def _content(directory: Path) -> Iterator[Diagnosis]:
    """What of the data directory must be backed up, and what does not belong there."""
    if kept := ", ".join(to_back_up(directory)):
        yield ok("back-up", f"needed of {kept} in {directory.absolute()}")
    if foreign := ", ".join(unknown(directory)):
        yield warning(
            "back-up",
            f"{directory.absolute()} has entries that are not Fairlead's: {foreign}",
            "move them: docs/operations.md lists what Fairlead stores there",
        )
