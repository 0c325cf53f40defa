"""What contents read as, kept on disk between reviews and safe to delete at any time.

An entry is found by the content's id and by what reads it, so none is ever out of date: a new
version of the reader has a file of its own.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final, Self

import msgspec
import yaml

MAXIMUM_BYTES: Final = 512 * 1024 * 1024
_DAY: Final = 24 * 60 * 60
_OTHERS_STAY_DAYS: Final = 14
_AT_ONCE: Final = 500
_BUSY_SECONDS: Final = 5.0
_MANIFESTS: Final = "manifests"
_PACKAGE: Final = Path(__file__).parents[2]
# What decides how content reads, and how that is written down.
_READERS: Final = (
    *("core/manifest.py", "core/identity.py", "core/reading/*.py", "analysis/manifests.py"),
    *("analysis/process/packing.py", "analysis/process/cache.py"),
)


@cache
def reader_version() -> str:
    """A digest of the code that reads manifests, so that no change to it can be forgotten."""
    digest = blake2b(digest_size=8)
    for part in (sys.version, yaml.__version__, msgspec.__version__):
        digest.update(part.encode() + b"\0")
    for pattern in _READERS:
        for file in sorted(_PACKAGE.glob(pattern)):
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


class FactCache:
    """Facts by key, below a directory. Without one, or where it cannot be used, always empty.

    `name` is of what is kept, `version` of what makes it: what another version made is dropped.
    """

    def __init__(
        self,
        directory: Path | None,
        *,
        maximum: int = MAXIMUM_BYTES,
        name: str = _MANIFESTS,
        version: str | None = None,
    ) -> None:
        self._maximum = maximum
        self._name = name
        self._path: Path | None = None
        self._held: sqlite3.Connection | None = None
        if directory is not None:
            with contextlib.suppress(OSError):
                directory.mkdir(parents=True, exist_ok=True, mode=0o700)
                made_by = reader_version() if version is None else version
                self._path = directory / f"{name}-{made_by}.sqlite"
                self._connect(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def get(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """What is known of these keys."""
        facts: dict[str, bytes] = {}
        today, stale = _today(), []
        with self._usable() as connection:
            if connection is not None:
                for some in _batches(keys):
                    marks = ",".join("?" * len(some))
                    rows = connection.execute(
                        f"SELECT key, value, used FROM facts WHERE key IN ({marks})",  # noqa: S608
                        some,
                    )
                    for key, value, used in rows:
                        facts[key] = value
                        if used < today:
                            stale.append(key)
                self._touch(connection, stale)
        return facts

    def put(self, facts: Mapping[str, bytes]) -> None:
        """Keep these, and drop what was not used for longest where that is too much."""
        if not facts:
            return
        with self._usable() as connection:
            if connection is not None:
                today = _today()
                with connection:
                    connection.executemany(
                        "INSERT OR REPLACE INTO facts (key, value, used) VALUES (?, ?, ?)",
                        [(key, value, today) for key, value in facts.items()],
                    )
                self._evict(connection)

    @contextlib.contextmanager
    def _usable(self) -> Iterator[sqlite3.Connection | None]:
        """The connection. A damaged file is begun anew; one that is busy is left alone."""
        try:
            yield self._held
        except sqlite3.OperationalError:
            pass
        except sqlite3.DatabaseError:
            self._renew()

    def _connect(self, path: Path) -> None:
        _drop_other_versions(path, self._name)
        try:
            self._held = _opened(path)
        except sqlite3.OperationalError:
            self._held = None
        except sqlite3.DatabaseError:
            self._renew()

    def _renew(self) -> None:
        self.close()
        if self._path is None:
            return
        try:
            for ending in ("", "-wal", "-shm"):
                Path(f"{self._path}{ending}").unlink(missing_ok=True)
            self._held = _opened(self._path)
        except (OSError, sqlite3.DatabaseError):
            self._held = None

    @staticmethod
    def _touch(connection: sqlite3.Connection, keys: Sequence[str]) -> None:
        """Note the day of use: to the day is near enough, and costs a write a day at most."""
        if not keys:
            return
        today = _today()
        with connection:
            for some in _batches(keys):
                marks = ",".join("?" * len(some))
                connection.execute(
                    f"UPDATE facts SET used = ? WHERE used < ? AND key IN ({marks})",  # noqa: S608
                    (today, today, *some),
                )

    def _evict(self, connection: sqlite3.Connection) -> None:
        used = _bytes(connection)
        if used <= self._maximum:
            return
        rows = connection.execute("SELECT key, length(value) FROM facts ORDER BY used, key")
        excess, dropped = used - self._maximum * 4 // 5, []
        for key, length in rows:
            if excess <= 0:
                break
            excess -= length
            dropped.append((key,))
        with connection:
            connection.executemany("DELETE FROM facts WHERE key = ?", dropped)
        connection.execute("PRAGMA incremental_vacuum").fetchall()


def forget(directory: Path, tenant: str) -> None:
    """Removes what is kept of a tenant, whoever made it: its keys begin with its name and `:`."""
    for path in directory.glob("*.sqlite"):
        # What is damaged or busy is begun anew, or has its time.
        with contextlib.suppress(sqlite3.Error), contextlib.closing(_opened(path)) as connection:
            with connection:
                bounds = (f"{tenant}:", f"{tenant};")
                connection.execute("DELETE FROM facts WHERE key >= ? AND key < ?", bounds)
            connection.execute("PRAGMA incremental_vacuum").fetchall()


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS)
    try:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        # Not WITHOUT ROWID: a search for a key would read each value that it passes, and that of a
        # large repository's bundle has ten megabytes. https://sqlite.org/withoutrowid.html
        connection.execute(
            "CREATE TABLE IF NOT EXISTS facts"
            " (key TEXT PRIMARY KEY, value BLOB NOT NULL, used INTEGER NOT NULL)"
        )
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _bytes(connection: sqlite3.Connection) -> int:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages - free) * int(size)


def _drop_other_versions(path: Path, name: str) -> None:
    """Remove what no reader has touched for long: two versions may well run side by side."""
    oldest = time.time() - _OTHERS_STAY_DAYS * _DAY
    for other in path.parent.glob(f"{name}-*"):
        if not other.name.startswith(path.name):
            with contextlib.suppress(OSError):
                if other.stat().st_mtime < oldest:
                    other.unlink()


def _batches(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _AT_ONCE):
        yield keys[start : start + _AT_ONCE]


def _today() -> int:
    return int(time.time()) // _DAY
