"""Where tools and caches are: the directories that the environment names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bot.settings.environment import EnvironmentReader

_CHECKOUT: Final = Path(__file__).resolve().parents[2]


def cache_directory(environ: Mapping[str, str] | None = None) -> Path | None:
    """The user's cache directory, None without a home directory.

    By the XDG base directories: https://specifications.freedesktop.org/basedir-spec/latest/.
    """
    configured = Path((os.environ if environ is None else environ).get("XDG_CACHE_HOME", ""))
    if configured.is_absolute():
        return configured / "fairlead"
    try:
        return Path.home() / ".cache" / "fairlead"
    except RuntimeError:
        return None


def tool_folders(environ: Mapping[str, str] | None = None) -> tuple[Path, ...]:
    """The directories searched for renderers before PATH; downloads go to the first of them.

    FAIRLEAD_TOOLS, `tools` in the data directory, `tools` in the user's cache, and `.tools` of a
    checkout of this project, unless FAIRLEAD_TOOLS names another folder.
    """
    read = EnvironmentReader(os.environ if environ is None else environ)
    configured, data, cache = (
        read.text("FAIRLEAD_TOOLS"),
        read.text("DATA_DIR"),
        cache_directory(environ),
    )
    return (
        *((Path(configured),) if configured else ()),
        *((Path(data) / "tools",) if data else ()),
        *((cache / "tools",) if cache else ()),
        *(() if configured else _checkout_tools()),
    )


def _checkout_tools() -> tuple[Path, ...]:
    """The folders that `make tools` built in a checkout of this project, the newest first."""
    if not (_CHECKOUT / "pyproject.toml").is_file():
        return ()
    folders = (path for path in (_CHECKOUT / ".tools").glob("*") if path.is_dir())
    return tuple(sorted(folders, key=lambda path: path.stat().st_mtime, reverse=True))
