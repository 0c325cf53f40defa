"""Files as a commit in a pack, which is the one form in which anything is handed over."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from bot.errors import FetchError
from bot.fetch.archives import Packed
from bot.fetch.messages import PACK
from bot.git.command import arguments, environment, run

_REF: Final = "refs/fairlead/brought"
_SECONDS: Final = 60.0


def plant(files: Mapping[str, Packed], folder: Path) -> str:
    """Write the pack of a commit with these files into a folder; its id, the same for the same.

    Raises FetchError where git does not take them.
    """
    repository = folder / "repository"
    run(["init", "--quiet", "--bare", "--template=", str(repository)])
    here = f"--git-dir={repository}"
    try:
        subprocess.run(  # noqa: S603 - a fixed program and our own path
            arguments(["-c", "fastimport.unpackLimit=1", here, "fast-import", "--quiet", "--done"]),
            input=b"".join(_stream(files)),
            env=environment(),
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
    except subprocess.SubprocessError as error:
        raise FetchError("its files cannot be written") from error
    tip = run([here, "rev-parse", "--verify", "--quiet", _REF]).decode().strip()
    (pack,) = (repository / "objects" / "pack").glob("*.pack")
    shutil.copyfile(pack, folder / PACK)
    shutil.rmtree(repository)
    return tip


def _stream(files: Mapping[str, Packed]) -> Iterator[bytes]:
    """What `git fast-import` reads. https://git-scm.com/docs/git-fast-import#_input_format"""
    yield b"commit %s\ncommitter Fairlead <> 0 +0000\ndata 0\n" % _REF.encode()
    for path, file in sorted(files.items()):
        quoted = path.replace("\\", "\\\\").replace('"', '\\"')
        mode = "100755" if file.executable else "100644"
        yield f'M {mode} inline "{quoted}"\n'.encode()
        yield b"data %d\n" % len(file.data)
        yield file.data
        yield b"\n"
    yield b"done\n"
