"""What was brought, kept: a bare repository for each, found by where it is from and what it is.

Entries come and go by one rename, so several processes may share a store. An entry that is in use
is held by a shared lock on its directory, which whoever makes room does not break.
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
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from bot.core.tree import Tree
from bot.errors import FairleadError
from bot.fetch.admission import listing, take_pack
from bot.fetch.messages import MEBIBYTE, Bounds
from bot.fetch.process import staged_bytes

KEPT: Final = 2048 * MEBIBYTE
"""How much is kept, where nobody says otherwise."""

_VERSION: Final = "1"
_NOTE: Final = "brought.json"
_HEX: Final = re.compile(r"[0-9a-f]{40,64}")


class StoredNote(msgspec.Struct, frozen=True):
    """What is written beside the objects: what they are of, and how their listing is known."""

    digest: str
    tip: str
    listing: str


@dataclass(frozen=True, slots=True)
class StoredSource:
    """What was brought, as it lies here: its repository, and the lock that keeps it there."""

    repository: Path
    digest: str
    files: Tree
    lock: int

    def close(self) -> None:
        """Let it go."""
        os.close(self.lock)


@dataclass(frozen=True, slots=True)
class Store:
    """A directory of what was brought, bounded in `bytes`; `files` bound one entry's."""

    directory: Path
    bytes: int = KEPT
    files: int = Bounds().files

    def open(self, key: str, resolved: str) -> StoredSource | None:
        """What is kept of this; None where there is nothing, or what there was is spoiled."""
        path = self._entries / _name(key, resolved)
        lock = _locked(path, fcntl.LOCK_SH) if _HEX.fullmatch(resolved) else None
        if lock is None:
            return None
        try:
            note = msgspec.json.decode((path / _NOTE).read_bytes(), type=StoredNote)
            files, digest = listing(path, note.tip, most=self.files)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, FairleadError):
            digest = None
        if digest is None or digest != note.listing:
            os.close(lock)
            self.drop(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return StoredSource(path, note.digest, files, lock)

    def held(self, key: str) -> list[str]:
        """The commits or digests of this place that are here."""
        found = self._entries.glob(f"{_name(key, '')}*")
        names = (path.name.rpartition("-")[2] for path in found)
        return sorted(name for name in names if _HEX.fullmatch(name))

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder for whoever fetches to write into, gone afterwards."""
        for folder in (self.directory, self._staging.parent, self._entries, self._staging):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder, lock = self._own_folder()
        try:
            yield folder
        finally:
            os.close(lock)
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, key: str, resolved: str, pack: Path, note: tuple[str, str], most: int) -> None:
        """Take over a pack: `note` are the digest to record and the commit that holds the files.

        Raises FetchError where it is not what it should be.
        """
        digest, tip = note
        with self.staging() as folder:
            repository = folder / "taken"
            take_pack(pack, repository, most=most, sha256_ids=len(tip) == 64)
            _, known = listing(repository, tip, most=self.files)
            (repository / _NOTE).write_bytes(msgspec.json.encode(StoredNote(digest, tip, known)))
            repository.chmod(0o700)
            # Somebody else may have been faster, with the same.
            with contextlib.suppress(OSError):
                repository.rename(self._entries / _name(key, resolved))

    def make_room(self) -> None:
        """Drop what was not used for longest where there is too much, and what was left lying.

        What is in use stays, so that a session has what it was told that it has.
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
        """The bytes that are kept."""
        return staged_bytes(self.directory)

    def drop(self, path: Path) -> bool:
        """Remove an entry, or what was left of one; not while somebody uses it."""
        lock = _locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if lock is None:
            return False
        try:
            gone = self._staging / f"gone-{path.name}-{os.getpid()}"
            with contextlib.suppress(OSError):
                path.rename(gone)
                shutil.rmtree(gone, ignore_errors=True)
        finally:
            os.close(lock)
        return True

    def _own_folder(self) -> tuple[Path, int]:
        """A new folder and its lock; whoever clears away may meet it before it is locked."""
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
    """When an entry was used last; one that is gone was never."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0


def _locked(path: Path, how: int) -> int | None:
    """A lock on a directory that is still at its path; None where there is none, or it is held."""
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(lock, how)
        mine, there = os.fstat(lock), path.stat()
    except OSError:
        os.close(lock)
        return None
    if (mine.st_dev, mine.st_ino) != (there.st_dev, there.st_ino):
        os.close(lock)
        return None
    return lock
