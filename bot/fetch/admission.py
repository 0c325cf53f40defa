"""What was fetched, taken over: a repository that we make of one pack, and its checked listing.

Whoever wrote the pack may be anybody by now. Git reads it anew and names each object by its
content, so that nothing can pass for another content; nothing else of the writer's is used.
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
_LONGEST_PATH: Final = 4_096
_LARGEST_LISTING: Final = 32 * MEBIBYTE
_MODES: Final = frozenset({"100644", "100755", "120000", "160000"})
_ENTRY: Final = re.compile(
    rb"([0-7]{6}) [a-z]{1,16} ([0-9a-f]{40,64}) +(-|[0-9]{1,15})\t(.*)", re.DOTALL
)


def take_pack(pack: Path, repository: Path, *, most: int, sha256_ids: bool) -> None:
    """A new bare repository that holds the objects of a pack and nothing else.

    Raises FetchError where the pack is no plain file, too large, or not whole.
    """
    form = "sha256" if sha256_ids else "sha1"
    run(["init", "--quiet", "--bare", "--template=", f"--object-format={form}", str(repository)])
    flags = ("core.bigFileThreshold=16m", "pack.threads=1")
    command = [*(part for flag in flags for part in ("-c", flag)), f"--git-dir={repository}"]
    with (
        _plain(pack, most) as held,
        subprocess.Popen(  # noqa: S603 - a fixed program and our own path
            arguments([*command, "index-pack", "--stdin", f"--max-input-size={most}"]),
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process,
    ):
        _bound(process.pid)
        watch = Timer(_SECONDS, process.kill)
        watch.start()
        try:
            _feed(process, held)
        finally:
            watch.cancel()
    if process.returncode:
        raise FetchError("what came is no whole repository")


def listing(repository: Path, tip: str, *, most: int) -> tuple[Tree, str]:
    """The files of a commit, and a digest by which the listing is known again.

    Raises FetchError for what is no commit here, holds more than `most` files, or a path that
    stands for another; GitError where git cannot read it.
    """
    if not OBJECT_ID.match(tip):
        raise FetchError("what came names no commit")
    here = f"--git-dir={repository}"
    if run([here, "cat-file", "-t", tip]).strip() != b"commit":
        raise FetchError("what came is no commit")
    data = _listed([here, "ls-tree", "-r", "-z", "-l", "--full-tree", tip], most)
    files: dict[str, File] = {}
    for entry in data.split(b"\0")[:-1]:
        path, file = _file(entry)
        if path in files:
            raise FetchError("what came holds a path twice")
        files[path] = file
    return files, sha256(data).hexdigest()


@contextlib.contextmanager
def _plain(path: Path, most: int) -> Iterator[int]:
    """A file that is one, and no way to another."""
    try:
        held = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise FetchError("whoever fetches left nothing") from error
    try:
        about = os.fstat(held)
        if not stat.S_ISREG(about.st_mode) or about.st_size > most:
            raise FetchError("what came is larger than what may be fetched", limit=True)
        yield held
    finally:
        os.close(held)


def _bound(process: int) -> None:
    """Git waits for its input until here: a pack may claim objects of any size."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            resource.prlimit(process, resource.RLIMIT_DATA, (_MEMORY, _MEMORY))


def _feed(process: subprocess.Popen[bytes], held: int) -> None:
    if process.stdin is None:
        raise ValueError("the process has no pipes")
    with contextlib.suppress(BrokenPipeError):
        while piece := os.read(held, 1 << 20):
            process.stdin.write(piece)
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    process.wait()


def _listed(command: list[str], most: int) -> bytes:
    """What git lists, as far as it may be long: few trees can list endlessly many files."""
    with subprocess.Popen(  # noqa: S603 - a fixed program and our own path
        arguments(command),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        watch = Timer(_SECONDS, process.kill)
        watch.start()
        try:
            data = process.stdout.read(_LARGEST_LISTING + 1) if process.stdout else b""
            whole = len(data) <= _LARGEST_LISTING and data.count(b"\0") <= most
            if not whole:
                process.kill()
        finally:
            watch.cancel()
    if not whole:
        raise FetchError(f"what came holds more than {most:,} files", limit=True)
    if process.returncode:
        raise GitError("git cannot list what came")
    return data


def _file(entry: bytes) -> tuple[str, File]:
    match = _ENTRY.fullmatch(entry)
    mode = match[1].decode() if match else ""
    if match is None or mode not in _MODES:
        raise FetchError("what came is not whole")
    path = match[4].decode("utf-8", "backslashreplace")
    if not _is_plain(path):
        raise FetchError("what came holds a path that is none")
    return path, File(mode, match[2].decode(), 0 if match[3] == b"-" else int(match[3]))


def _is_plain(path: str) -> bool:
    parts = path.split("/")
    return 0 < len(path) <= _LONGEST_PATH and not any(
        part in {"", ".", ".."} or part.lower() == ".git" for part in parts
    )
