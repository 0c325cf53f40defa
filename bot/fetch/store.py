"""The store of fetched sources: a bare repository for each version of each source.

An entry is created and removed by one rename, so several processes may share a store. An entry in
use has a shared lock on its directory, and `make_room` leaves it alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from bot.core.tree import Tree
from bot.errors import FairleadError
from bot.fetch.admission import import_pack, list_files
from bot.fetch.messages import MEBIBYTE, Bounds
from bot.fetch.process import staged_bytes
from bot.records import dataclass

KEPT: Final = 2048 * MEBIBYTE
"""The default size of a store in bytes."""

_VERSION: Final = "1"
# Part of the stored format; another name would make every store of an earlier version worthless.
_NOTE: Final = "brought.json"
_HEX: Final = re.compile(r"[0-9a-f]{40,64}")


class StoredNote(msgspec.Struct, frozen=True):
    """The note beside an entry's objects: its recorded digest, its commit, its listing's sha256."""

    digest: str
    tip: str
    listing: str


@dataclass(frozen=True, slots=True)
class StoredSource:
    """An entry of the store: its repository and files, and the lock that keeps it from removal."""

    repository: Path
    digest: str
    files: Tree
    lock: int

    def close(self) -> None:
        """Release the lock."""
        os.close(self.lock)


@dataclass(frozen=True, slots=True)
class Store:
    """A directory of fetched sources of at most `bytes`, with at most `files` in an entry."""

    directory: Path
    bytes: int = KEPT
    files: int = Bounds().files

    def open(self, key: str, resolved: str) -> StoredSource | None:
        """The entry of a source at a commit or digest; None where there is none or it is damaged.

        A damaged entry is removed.
        """
        path = self._entries / _name(key, resolved)
        lock = _locked(path, fcntl.LOCK_SH) if _HEX.fullmatch(resolved) else None
        if lock is None:
            return None
        try:
            note = msgspec.json.decode((path / _NOTE).read_bytes(), type=StoredNote)
            files, digest = list_files(path, note.tip, most=self.files)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, FairleadError):
            digest = None
        if digest is None or digest != note.listing:
            os.close(lock)
            self.drop(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return StoredSource(path, note.digest, files, lock)

    def versions(self, key: str) -> list[str]:
        """The commits or digests of a source that the store has."""
        paths = self._entries.glob(f"{_name(key, '')}*")
        names = (path.name.rpartition("-")[2] for path in paths)
        return sorted(name for name in names if _HEX.fullmatch(name))

    def latest(self, key: str) -> str | None:
        """The commit or digest of a source that was used last; None where the store has none."""
        entries = {
            resolved: _used(self._entries / _name(key, resolved)) for resolved in self.versions(key)
        }
        return max(entries, key=lambda resolved: entries[resolved], default=None)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A new folder for a fetching process to write into, removed afterwards."""
        for folder in (self.directory, self._staging.parent, self._entries, self._staging):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder, lock = self._new_folder()
        try:
            yield folder
        finally:
            os.close(lock)
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, key: str, resolved: str, pack: Path, note: tuple[str, str], most: int) -> None:
        """Import a pack as an entry. `note` is the digest to record and the commit of the files.

        Raises FetchError for a pack that is damaged, too large, or without that commit.
        """
        digest, tip = note
        with self.staging() as folder:
            repository = folder / "imported"
            import_pack(pack, repository, most=most, sha256_ids=len(tip) == 64)
            _, listing = list_files(repository, tip, most=self.files)
            (repository / _NOTE).write_bytes(msgspec.json.encode(StoredNote(digest, tip, listing)))
            repository.chmod(0o700)
            # Another process may have stored the same entry in the meantime.
            with contextlib.suppress(OSError):
                repository.rename(self._entries / _name(key, resolved))

    def make_room(self) -> None:
        """Remove the least recently used entries beyond the size, and abandoned staging folders.

        Entries in use stay: a session has promised their content.
        """
        for path in _below(self._staging):
            self.drop(path)
        entries = sorted(_below(self._entries), key=_used)
        sizes = {path: staged_bytes(path) for path in entries}
        total = sum(sizes.values())
        for path in entries:
            if total <= self.bytes:
                return
            if self.drop(path):
                total -= sizes[path]

    def size(self) -> int:
        """The size of the store in bytes."""
        return staged_bytes(self.directory)

    def drop(self, path: Path) -> bool:
        """Remove an entry or folder; False where it is in use or not there."""
        lock = _locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if lock is None:
            return False
        try:
            removed = self._staging / f"gone-{path.name}-{os.getpid()}"
            with contextlib.suppress(OSError):
                path.rename(removed)
                shutil.rmtree(removed, ignore_errors=True)
        finally:
            os.close(lock)
        return True

    def _new_folder(self) -> tuple[Path, int]:
        """A new folder and its lock; `make_room` elsewhere may remove one before it is locked."""
        while True:
            folder = Path(tempfile.mkdtemp(dir=self._staging))
            lock = _locked(folder, fcntl.LOCK_EX)
            if lock is not None:
                return folder, lock

    @property
    def _entries(self) -> Path:
        return self.directory / _VERSION / "entries"

    @property
    def _staging(self) -> Path:
        return self.directory / _VERSION / "staging"


def _name(key: str, resolved: str) -> str:
    return f"{sha256(key.encode()).hexdigest()[:32]}-{resolved}"


def _below(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []


def _used(path: Path) -> float:
    """When an entry was used last; 0 for one that no longer exists."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0


def _locked(path: Path, operation: int) -> int | None:
    """A lock on a directory; None where the path has no directory, or another process locks it."""
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(lock, operation)
        locked, current = os.fstat(lock), path.stat()
    except OSError:
        os.close(lock)
        return None
    if (locked.st_dev, locked.st_ino) != (current.st_dev, current.st_ino):
        os.close(lock)
        return None
    return lock
