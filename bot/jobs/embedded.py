"""The embedded queue's file: SQLite in the data directory, which one process owns."""

from __future__ import annotations

import fcntl
import sqlite3
import sys
from pathlib import Path
from typing import IO

from bot.errors import UsageError


class EmbeddedFile:
    """The queue's file, from `take` until `release` this process's alone."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._guard: IO[str] | None = None

    def take(self) -> str:
        """The file's address as a database. Raises UsageError where it cannot be had."""
        # DBOS asks SQLite for fractions of seconds from Python 3.12 on, which came with 3.42.
        if sys.version_info >= (3, 12) and sqlite3.sqlite_version_info < (3, 42):
            raise UsageError(
                f"SQLite {sqlite3.sqlite_version} is too old for this Python: the embedded queue "
                "needs 3.42 or newer; upgrade it or set DATABASE_URL"
            )
        self._directory.mkdir(parents=True, exist_ok=True)
        guard = (self._directory / "lock").open("w")
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            guard.close()
            raise UsageError(
                f"another process works in {str(self._directory)!r}: stop it, give this one its "
                "own DATA_DIR, or set DATABASE_URL to share one queue"
            ) from error
        self._guard = guard
        return f"sqlite:///{self._prepared().absolute()}"

    def release(self) -> None:
        """Another process may take the file."""
        if self._guard is not None:
            self._guard.close()
            self._guard = None

    def _prepared(self) -> Path:
        """Write-ahead logging keeps the webhook's answer fast while jobs run; the file keeps it."""
        path = self._directory / "queue.sqlite"
        connection = sqlite3.connect(path)
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchone()
        finally:
            connection.close()
        return path
