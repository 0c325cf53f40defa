"""Writes files as a commit in a Git pack, the only form in which the process hands files over."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from bot.errors import FetchError
from bot.fetch.archives import ArchiveFile
from bot.fetch.messages import PACK
from bot.git.command import arguments, environment, run

_REF: Final = "refs/fairlead/fetched"
_SECONDS: Final = 60.0


def write_pack(files: Mapping[str, ArchiveFile], folder: Path) -> str:
    """Write `folder/PACK` with one commit of these files; the commit's id.

    The same files give the same id. Raises FetchError where git refuses the files.
    """
    repository = folder / "repository"
    run(["init", "--quiet", "--bare", "--template=", str(repository)])
    git_dir = f"--git-dir={repository}"
    try:
        subprocess.run(  # noqa: S603 - a fixed program and our own path
            arguments(
                ["-c", "fastimport.unpackLimit=1", git_dir, "fast-import", "--quiet", "--done"]
            ),
            input=b"".join(_stream(files)),
            env=environment(),
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
    except subprocess.SubprocessError as error:
        raise FetchError("git cannot store its files") from error
    tip = run([git_dir, "rev-parse", "--verify", "--quiet", _REF]).decode().strip()
    (pack,) = (repository / "objects" / "pack").glob("*.pack")
    shutil.copyfile(pack, folder / PACK)
    shutil.rmtree(repository)
    return tip


def _stream(files: Mapping[str, ArchiveFile]) -> Iterator[bytes]:
    """Input for `git fast-import`. https://git-scm.com/docs/git-fast-import#_input_format"""
    yield b"commit %s\ncommitter Fairlead <> 0 +0000\ndata 0\n" % _REF.encode()
    for path, file in sorted(files.items()):
        quoted = path.replace("\\", "\\\\").replace('"', '\\"')
        mode = "100755" if file.executable else "100644"
        yield f'M {mode} inline "{quoted}"\n'.encode()
        yield b"data %d\n" % len(file.data)
        yield file.data
        yield b"\n"
    yield b"done\n"
