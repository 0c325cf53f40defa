"""Reads `.tar.gz` archives: only regular files at safe paths, within limits."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping
from typing import Final

from bot.errors import FetchError
from bot.fetch.messages import Bounds
from bot.records import dataclass

_MAX_PATH_LENGTH: Final = 1_024
_FILE_TYPES: Final = (tarfile.REGTYPE, tarfile.AREGTYPE)


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """The content of a regular file in an archive."""

    executable: bool
    data: bytes


def extract(archive: bytes, bounds: Bounds) -> Mapping[str, ArchiveFile]:
    """The files of a `.tar.gz` by path.

    Raises FetchError for an archive that is damaged, over a limit, or holds anything but regular
    files and directories.
    """
    files: dict[str, ArchiveFile] = {}
    stream = _BoundedReader(gzip.GzipFile(fileobj=io.BytesIO(archive)), bounds.unpacked)
    try:
        with tarfile.open(fileobj=stream, mode="r|", errorlevel=2) as members:
            for member in members:
                _add(members, member, files, bounds)
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError) as error:
        raise FetchError("its archive cannot be read") from error
    folders = {parent for path in files for parent in _parents(path)}
    if not folders.isdisjoint(files):
        raise FetchError("its archive has the same path as a file and a directory", refused=True)
    return files


def without_top_folder(files: Mapping[str, ArchiveFile]) -> Mapping[str, ArchiveFile]:
    """The files without the single top directory that a chart's archive has.

    Raises FetchError where not all files are below one directory.
    """
    tops = {path.partition("/")[0] for path in files}
    if len(tops) != 1 or any("/" not in path for path in files):
        raise FetchError("its archive does not hold exactly one chart", refused=True)
    return {path.partition("/")[2]: file for path, file in files.items()}


def _add(
    members: tarfile.TarFile,
    member: tarfile.TarInfo,
    files: dict[str, ArchiveFile],
    bounds: Bounds,
) -> None:
    path = _safe_path(member.name)
    if member.isdir():
        return
    if member.type not in _FILE_TYPES or member.issparse():
        raise FetchError(
            f"its archive has {member.name!r}, which is not a regular file", refused=True
        )
    if path in files or not path:
        raise FetchError(f"its archive has the path {member.name!r} twice", refused=True)
    if len(files) >= bounds.files:
        raise FetchError(f"its archive has more than {bounds.files:,} files", limit=True)
    if member.size > bounds.file:
        raise FetchError(
            f"{path!r} in its archive is larger than {bounds.file:,} bytes", limit=True
        )
    content = members.extractfile(member)
    data = content.read() if content else b""
    if len(data) != member.size:
        raise FetchError("its archive is truncated")
    files[path] = ArchiveFile(bool(member.mode & 0o100), data)


def _safe_path(name: str) -> str:
    """A member's path without `.` segments; empty for the archive's top directory."""
    segments = [segment for segment in name.rstrip("/").split("/") if segment != "."]
    unsafe = any(segment in {"", ".."} or segment.lower() == ".git" for segment in segments)
    if len(name) > _MAX_PATH_LENGTH or not name.isprintable() or "\\" in name or (unsafe and name):
        raise FetchError(f"its archive has the unsafe path {name[:100]!r}", refused=True)
    return "/".join(segments)


def _parents(path: str) -> list[str]:
    segments = path.split("/")
    return ["/".join(segments[:depth]) for depth in range(1, len(segments))]


class _BoundedReader(io.RawIOBase):
    """A decompressed stream that raises FetchError beyond `limit` bytes."""

    def __init__(self, packed: gzip.GzipFile, limit: int) -> None:
        self._packed = packed
        self._limit = limit
        self._remaining = limit

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most one more than the limit allows."""
        most = self._remaining + 1
        data = self._packed.read(min(size if size >= 0 else most, most))
        self._remaining -= len(data)
        if self._remaining < 0:
            raise FetchError(f"its archive unpacks to more than {self._limit:,} bytes", limit=True)
        return data
