"""The embedded queue's file: SQLite in the data directory, locked by one process."""

from __future__ import annotations

import fcntl
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import IO

from bot.errors import UsageError


class EmbeddedFile:
    """The queue's file; from `take` until `release` no other process can open it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock: IO[str] | None = None

    def take(self) -> str:
        """Lock the data directory; the file's address as a database URL.

        Raises UsageError if another process holds the lock or SQLite is too old.
        """
        # On Python 3.12 DBOS uses unixepoch('subsec') of SQLite 3.42 and newer.
        if sys.version_info >= (3, 12) and sqlite3.sqlite_version_info < (3, 42):
            raise UsageError(
                f"SQLite {sqlite3.sqlite_version} is too old for this Python: the embedded queue "
                "needs 3.42 or newer; upgrade it or set DATABASE_URL"
            )
        self._directory.mkdir(parents=True, exist_ok=True)
        lock = (self._directory / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise UsageError(
                f"another process works in {str(self._directory)!r}: stop it, give this one its "
                "own DATA_DIR, or set DATABASE_URL to share one queue"
            ) from error
        self._lock = lock
        return f"sqlite:///{self._prepared().absolute()}"

    def release(self) -> None:
        """Unlock the data directory."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _prepared(self) -> Path:
        """The file in write-ahead mode, which is persistent and keeps the webhook's answer fast."""
        path = self._directory / "queue.sqlite"
        try:
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA journal_mode=WAL").fetchone()
                (problem,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            problem = str(error)
        if problem != "ok":
            self.release()
            raise UsageError(
                f"the queue {str(path)!r} is damaged ({problem}): move it and the files beside it "
                "(queue.sqlite-wal, queue.sqlite-shm) away and start again; open pull requests "
                "are then reviewed anew, and nothing else is lost"
            )
        return path
