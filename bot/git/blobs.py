"""The content of blobs, through one long-lived `git cat-file --batch`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Timer
from typing import Final, Self

from bot.errors import GitError
from bot.git.command import OBJECT_ID, arguments, environment

MAXIMUM_BYTES: Final = 64 * 1024 * 1024
"""The largest blob that is taken into memory; manifests have a far lower limit of their own."""

# git answers while it is asked; this many ids fit the pipe even when it waits for us to read.
_AT_ONCE: Final = 500
_SECONDS: Final = 120.0


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

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _batch(self, blobs: Sequence[str]) -> list[tuple[str, bytes | None]]:
        wrong = next((blob for blob in blobs if not OBJECT_ID.match(blob)), None)
        if wrong is not None:
            raise KeyError(wrong)
        process = self._started()
        watch = Timer(_SECONDS, process.kill)
        watch.start()
        try:
            return self._exchange(process, blobs)
        except (OSError, ValueError) as error:
            self.close()
            raise GitError("git cat-file died while blobs were read") from error
        finally:
            watch.cancel()

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

    @staticmethod
    def _exchange(
        process: subprocess.Popen[bytes], blobs: Sequence[str]
    ) -> list[tuple[str, bytes | None]]:
        pipe_in, pipe_out = process.stdin, process.stdout
        if pipe_in is None or pipe_out is None:
            raise ValueError("the process has no pipes")
        pipe_in.write("".join(f"{blob}\n" for blob in blobs).encode())
        pipe_in.flush()
        contents: list[tuple[str, bytes | None]] = []
        for blob in blobs:
            header = pipe_out.readline().split()
            if len(header) == 2 and header[1] == b"missing":
                contents.append((blob, None))
                continue
            if len(header) != 3:
                raise ValueError("the answer ends early")
            kind, size = header[1], int(header[2])
            content = b"" if size > MAXIMUM_BYTES else pipe_out.read(size)
            remaining = size + 1 - len(content)
            while remaining:
                passed = pipe_out.read(min(remaining, 1 << 20))
                if not passed:
                    raise ValueError("the answer ends early")
                remaining -= len(passed)
            usable = kind == b"blob" and size <= MAXIMUM_BYTES
            contents.append((blob, content if usable else None))
        return contents
