"""A plain directory as a tree, with the content ids that git would give its files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from hashlib import sha1
from pathlib import Path
from typing import BinaryIO, Final

from bot.core.tree import File, Tree
from bot.errors import UsageError
from bot.records import dataclass

MAXIMUM_FILES: Final = 500_000
MAXIMUM_BYTES: Final = 64 * 1024 * 1024
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Directory:
    """The files below a directory when it was read, and their content for as long as it stands."""

    path: Path
    tree: Tree
    places: dict[str, str]

    def data(self, blob: str) -> bytes:
        """The content of a file. Raises KeyError where it has changed since, or is too large."""
        place = self.path / self.places[blob]
        try:
            content = _read(place)
        except OSError as error:
            raise KeyError(blob) from error
        if len(content) > MAXIMUM_BYTES or _content_id(content) != blob:
            raise KeyError(blob)
        return content


def read_directory(path: Path) -> Directory:
    """What lies below a directory; symlinks are listed, never followed; `.git` is left out."""
    if not path.is_dir():
        raise UsageError(f"{str(path)!r} is not a directory")
    tree: dict[str, File] = {}
    places: dict[str, str] = {}
    try:
        for entry, name in _entries(path):
            if len(tree) >= MAXIMUM_FILES:
                raise UsageError(f"{str(path)!r} contains more than {MAXIMUM_FILES} files")
            file = _file(entry)
            if file is not None:
                text = os.fsencode(name).decode("utf-8", "backslashreplace")
                while text in tree:
                    text += "\N{REPLACEMENT CHARACTER}"
                tree[text] = file
                places.setdefault(file.blob, name)
    except OSError as error:
        raise UsageError(f"{error.filename!r} cannot be read: {error.strerror}") from error
    return Directory(path, dict(sorted(tree.items())), places)


def _entries(path: Path) -> Iterator[tuple[os.DirEntry[str], str]]:
    """Everything below, without recursion: a tree may be deeper than the stack."""
    pending = [(os.fspath(path), "")]
    while pending:
        directory, prefix = pending.pop()
        with os.scandir(directory) as listing:
            for entry in listing:
                if entry.name == ".git":
                    continue
                if entry.is_dir(follow_symlinks=False):
                    pending.append((entry.path, f"{prefix}{entry.name}/"))
                else:
                    yield entry, f"{prefix}{entry.name}"


def _file(entry: os.DirEntry[str]) -> File | None:
    """The file as git would list it; None for what git does not keep, such as a socket."""
    about = entry.stat(follow_symlinks=False)
    if stat.S_ISLNK(about.st_mode):
        target = os.fsencode(Path(entry.path).readlink())
        return File("120000", _content_id(target), len(target))
    if not stat.S_ISREG(about.st_mode):
        return None
    mode = "100755" if about.st_mode & stat.S_IXUSR else "100644"
    with _opened(entry.path) as file:
        size = os.fstat(file.fileno()).st_size
        digest = sha1(b"blob %d\0" % size, usedforsecurity=False)
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return File(mode, digest.hexdigest(), size)


def _read(place: Path) -> bytes:
    if place.is_symlink():
        return os.fsencode(place.readlink())
    with _opened(os.fspath(place)) as file:
        return file.read(MAXIMUM_BYTES + 1)


def _opened(path: str) -> BinaryIO:
    """The file itself, whatever has been put in its place: no symlink, and no wait for a pipe."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def _content_id(content: bytes) -> str:
    return sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
