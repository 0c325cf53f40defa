"""An archive's files: plain ones alone, at plain paths, within bounds that no packing escapes."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.errors import FetchError
from bot.fetch.messages import Bounds

_LONGEST_PATH: Final = 1_024
_FILES: Final = (tarfile.REGTYPE, tarfile.AREGTYPE)


@dataclass(frozen=True, slots=True)
class Packed:
    """A file of an archive."""

    executable: bool
    data: bytes


def unpacked(archive: bytes, bounds: Bounds) -> Mapping[str, Packed]:
    """The files of a `.tar.gz` by path. Raises FetchError for what no honest archive holds."""
    found: dict[str, Packed] = {}
    held = _Bounded(gzip.GzipFile(fileobj=io.BytesIO(archive)), bounds.unpacked)
    try:
        with tarfile.open(fileobj=held, mode="r|", errorlevel=2) as members:
            for member in members:
                _take(members, member, found, bounds)
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError) as error:
        raise FetchError("its archive cannot be read") from error
    folders = {parent for path in found for parent in _parents(path)}
    if not folders.isdisjoint(found):
        raise FetchError("its archive holds a path as a file and as a directory", refused=True)
    return found


def without_first(files: Mapping[str, Packed]) -> Mapping[str, Packed]:
    """The files without the one directory that all of them are in, as a chart's are.

    Raises FetchError where there is no such directory.
    """
    if len({path.partition("/")[0] for path in files}) != 1 or any("/" not in it for it in files):
        raise FetchError("its archive is not that of one chart", refused=True)
    return {path.partition("/")[2]: file for path, file in files.items()}


def _take(
    members: tarfile.TarFile, member: tarfile.TarInfo, found: dict[str, Packed], bounds: Bounds
) -> None:
    path = _path(member.name)
    if member.isdir():
        return
    if member.type not in _FILES or member.issparse():
        raise FetchError(f"its archive holds {member.name!r}, which is no plain file", refused=True)
    if path in found or not path:
        raise FetchError(f"its archive holds {member.name!r} twice, or as a file", refused=True)
    if len(found) >= bounds.files:
        raise FetchError(f"its archive holds more than {bounds.files:,} files", limit=True)
    if member.size > bounds.file:
        told = f"its archive holds {path!r} of more than {bounds.file:,} bytes"
        raise FetchError(told, limit=True)
    content = members.extractfile(member)
    data = content.read() if content else b""
    if len(data) != member.size:
        raise FetchError("its archive ends early")
    found[path] = Packed(bool(member.mode & 0o100), data)


def _path(name: str) -> str:
    """The path of a member; empty for the archive's own top."""
    parts = [part for part in name.rstrip("/").split("/") if part != "."]
    wrong = any(part in {"", ".."} or part.lower() == ".git" for part in parts)
    if len(name) > _LONGEST_PATH or not name.isprintable() or "\\" in name or (wrong and name):
        raise FetchError(f"its archive holds {name[:100]!r}, which is no path", refused=True)
    return "/".join(parts)


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


class _Bounded(io.RawIOBase):
    """What is unpacked, up to a limit."""

    def __init__(self, packed: gzip.GzipFile, most: int) -> None:
        self._packed = packed
        self._most = most
        self._left = most

    def read(self, size: int = -1) -> bytes:
        """The next bytes, few enough to be held."""
        data = self._packed.read(min(size if size >= 0 else self._left + 1, self._left + 1))
        self._left -= len(data)
        if self._left < 0:
            told = f"its archive is larger than {self._most:,} bytes when it is unpacked"
            raise FetchError(told, limit=True)
        return data
