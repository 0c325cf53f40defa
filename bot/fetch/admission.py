"""Imports a pack from the fetching process into a new repository, and lists its files.

The process may have been taken over by what it read, so the pack is hostile. Git indexes it again
and names each object by its content; nothing else of the process's output is used.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from threading import Timer
from typing import Final

from bot.core.tree import File, Tree
from bot.errors import FetchError, GitError
from bot.fetch.messages import MEBIBYTE
from bot.git.command import OBJECT_ID, arguments, environment, run

_SECONDS: Final = 60.0
_MEMORY: Final = 1024 * MEBIBYTE
_MAX_PATH_LENGTH: Final = 4_096
_MAX_LISTING: Final = 32 * MEBIBYTE
_MODES: Final = frozenset({"100644", "100755", "120000", "160000"})
_ENTRY: Final = re.compile(
    rb"([0-7]{6}) [a-z]{1,16} ([0-9a-f]{40,64}) +(-|[0-9]{1,15})\t(.*)", re.DOTALL
)


def import_pack(pack: Path, repository: Path, *, most: int, sha256_ids: bool) -> None:
    """Create a bare repository with the objects of a pack of at most `most` bytes.

    Raises FetchError where the pack is not a regular file, too large, or incomplete.
    """
    form = "sha256" if sha256_ids else "sha1"
    run(["init", "--quiet", "--bare", "--template=", f"--object-format={form}", str(repository)])
    flags = ("core.bigFileThreshold=16m", "pack.threads=1")
    command = [*(part for flag in flags for part in ("-c", flag)), f"--git-dir={repository}"]
    with (
        _regular_file(pack, most) as descriptor,
        subprocess.Popen(  # noqa: S603 - a fixed program and our own path
            arguments([*command, "index-pack", "--stdin", f"--max-input-size={most}"]),
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process,
    ):
        _limit_memory(process.pid)
        timer = Timer(_SECONDS, process.kill)
        timer.start()
        try:
            _feed(process, descriptor)
        finally:
            timer.cancel()
    if process.returncode:
        raise FetchError("the fetched repository is incomplete")


def list_files(repository: Path, tip: str, *, most: int) -> tuple[Tree, str]:
    """The files of a commit, and the sha256 of the listing in hexadecimal.

    Raises FetchError where `tip` is not a commit, has more than `most` files, or a path that could
    stand for another file; GitError where git cannot read it.
    """
    if not OBJECT_ID.match(tip):
        raise FetchError("the fetched repository does not name a commit")
    git_dir = f"--git-dir={repository}"
    if run([git_dir, "cat-file", "-t", tip]).strip() != b"commit":
        raise FetchError("the fetched object is not a commit")
    data = _listing([git_dir, "ls-tree", "-r", "-z", "-l", "--full-tree", tip], most)
    files: dict[str, File] = {}
    for entry in data.split(b"\0")[:-1]:
        path, file = _parse_entry(entry)
        if path in files:
            raise FetchError("the fetched repository contains a path twice")
        files[path] = file
    return files, sha256(data).hexdigest()


@contextlib.contextmanager
def _regular_file(path: Path, most: int) -> Iterator[int]:
    """A descriptor of a regular file of at most `most` bytes; symlinks are not followed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise FetchError("the fetching process left no pack") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > most:
            raise FetchError("the fetched repository is larger than allowed", limit=True)
        yield descriptor
    finally:
        os.close(descriptor)


def _limit_memory(process: int) -> None:
    """Limit git's memory before it reads its input: a pack may claim objects of any size."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            resource.prlimit(process, resource.RLIMIT_DATA, (_MEMORY, _MEMORY))


def _feed(process: subprocess.Popen[bytes], descriptor: int) -> None:
    if process.stdin is None:
        raise ValueError("the process has no pipes")
    with contextlib.suppress(BrokenPipeError):
        while piece := os.read(descriptor, 1 << 20):
            process.stdin.write(piece)
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    process.wait()


def _listing(command: list[str], most: int) -> bytes:
    """Git's listing, bounded: a few nested trees can list any number of files."""
    with subprocess.Popen(  # noqa: S603 - a fixed program and our own path
        arguments(command),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        timer = Timer(_SECONDS, process.kill)
        timer.start()
        try:
            data = process.stdout.read(_MAX_LISTING + 1) if process.stdout else b""
            is_complete = len(data) <= _MAX_LISTING and data.count(b"\0") <= most
            if not is_complete:
                process.kill()
        finally:
            timer.cancel()
    if not is_complete:
        raise FetchError(f"the fetched repository has more than {most:,} files", limit=True)
    if process.returncode:
        raise GitError("git cannot list the fetched repository")
    return data


def _parse_entry(entry: bytes) -> tuple[str, File]:
    match = _ENTRY.fullmatch(entry)
    mode = match[1].decode() if match else ""
    if match is None or mode not in _MODES:
        raise FetchError("the fetched repository is incomplete")
    path = match[4].decode("utf-8", "backslashreplace")
    if not _is_safe(path):
        raise FetchError("the fetched repository contains an invalid path")
    return path, File(mode, match[2].decode(), 0 if match[3] == b"-" else int(match[3]))


def _is_safe(path: str) -> bool:
    parts = path.split("/")
    return 0 < len(path) <= _MAX_PATH_LENGTH and not any(
        part in {"", ".", ".."} or part.lower() == ".git" for part in parts
    )
