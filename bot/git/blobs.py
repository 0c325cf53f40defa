"""The content of blobs, and the ids of commits, through one long-lived `git cat-file --batch`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Timer
from typing import IO, Final, NamedTuple, Self

from bot.errors import GitError
from bot.git.command import OBJECT_ID, arguments, environment

MAXIMUM_BYTES: Final = 64 * 1024 * 1024
"""The largest blob that is taken into memory; manifests have a far lower limit of their own."""

# git answers while it is asked; this many ids fit the pipe even when it waits for us to read.
_AT_ONCE: Final = 500
_SECONDS: Final = 120.0


class _Object(NamedTuple):
    """An object of the repository. `content` is None where it is larger than `MAXIMUM_BYTES`."""

    id: str
    kind: str
    content: bytes | None


class BlobReader:
    """The blobs of a repository, by content id. A context manager; not for several threads."""

    def __init__(self, git_directory: Path) -> None:
        self._command = arguments([f"--git-dir={git_directory}", "cat-file", "--batch"])
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def data(self, blob: str) -> bytes:
        """The content of a blob. Raises KeyError where there is no such blob."""
        for _, content in self.read((blob,)):
            if content is not None:
                return content
        raise KeyError(blob)

    def read(self, blobs: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        """The content of these blobs in their order, None for one that is missing or too large."""
        for start in range(0, len(blobs), _AT_ONCE):
            yield from self._batch(blobs[start : start + _AT_ONCE])

    def commit(self, revision: str) -> str | None:
        """The full id of the commit that a revision names, None where it names none.

        Raises GitError where git ends without an answer.
        """
        if "\n" in revision or "\0" in revision:
            return None
        # `--batch-command`, which gives an id without the content, needs git 2.36.
        (commit,) = self._objects([f"{revision}^{{commit}}"])
        return None if commit is None else commit.id

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _batch(self, blobs: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        wrong = next((blob for blob in blobs if not OBJECT_ID.match(blob)), None)
        if wrong is not None:
            raise KeyError(wrong)
        for blob, answer in zip(blobs, self._objects(blobs), strict=True):
            yield blob, answer.content if answer is not None and answer.kind == "blob" else None

    def _objects(self, names: Sequence[str]) -> list[_Object | None]:
        """The objects of these names in their order, None for one that is missing."""
        process = self._started()
        watch = Timer(_SECONDS, process.kill)
        watch.start()
        try:
            return _exchange(process, names)
        except (OSError, ValueError) as error:
            self.close()
            raise GitError("git cat-file died while objects were read") from error
        finally:
            watch.cancel()
            # A process with a second thread starts its child anew instead of forking it.
            watch.join()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - a fixed program and our own path
                self._command,
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process


def _exchange(process: subprocess.Popen[bytes], names: Sequence[str]) -> list[_Object | None]:
    if process.stdin is None or process.stdout is None:
        raise ValueError("the process has no pipes")
    process.stdin.write(b"".join(os.fsencode(f"{name}\n") for name in names))
    process.stdin.flush()
    return [_answer(process.stdout) for _ in names]


def _answer(output: IO[bytes]) -> _Object | None:
    """https://git-scm.com/docs/git-cat-file#_batch_output"""
    header = output.readline()
    if header.endswith((b" missing\n", b" ambiguous\n")):
        return None
    fields = header.decode().split()
    if len(fields) != 3:
        raise ValueError("the answer ends early")
    size = int(fields[2])
    content = b"" if size > MAXIMUM_BYTES else output.read(size)
    remaining = size + 1 - len(content)
    while remaining:
        passed = output.read(min(remaining, 1 << 20))
        if not passed:
            raise ValueError("the answer ends early")
        remaining -= len(passed)
    return _Object(fields[0], fields[1], content if size <= MAXIMUM_BYTES else None)
