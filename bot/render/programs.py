"""The programs that a review runs: which versions are pinned, and where their files are.

`tools.lock` pins them. `fairlead tools fetch` takes the archives in it and nothing else, and
verifies each before it unpacks it; where Go is at hand, `--build` builds the module at the same
version. The sums are the projects' own published ones. The validator is a program of this
repository (tools/validator), pinned by its go.mod and go.sum; its version is upstream's and the
program's revision.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from pkgutil import get_data
from typing import Final

import msgspec

from bot.core.rendering import ToolName
from bot.records import dataclass

_LOCK: Final = "tools.lock"


@dataclass(frozen=True, slots=True)
class Archive:
    """A release archive for one platform; `member` is the binary's path inside it."""

    platform: str
    url: str
    sha256: str
    member: str


@dataclass(frozen=True, slots=True)
class PinnedTool:
    """A pinned program: its archives, and the Go module to build it from.

    `link` are flags of Go's linker that set the version which the program reports. The validator is
    built from its source in this repository and has neither module nor archive.
    """

    name: ToolName
    version: str
    module: str = ""
    archive: tuple[Archive, ...] = ()
    link: str = ""


@dataclass(frozen=True, slots=True)
class Binary:
    """An installed renderer that runs in the sandbox.

    `pinned` says whether its version is the locked one. `words` are the subcommand that renders:
    `build`, `template`, or `kustomize` of kubectl.
    """

    name: ToolName
    version: str
    path: Path
    pinned: bool
    words: tuple[str, ...]

    def __str__(self) -> str:
        """The name and version, as in `kustomize 5.8.1`."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class _Lock:
    tool: tuple[PinnedTool, ...]
    validator: PinnedTool


@cache
def _lock() -> _Lock:
    return msgspec.json.decode(get_data("bot.render", _LOCK) or b"", type=_Lock)


def pinned_tools() -> tuple[PinnedTool, ...]:
    """The pinned renderers."""
    return _lock().tool


def pinned_validator() -> PinnedTool:
    """The pinned validator."""
    return _lock().validator


def pinned(name: ToolName) -> PinnedTool:
    """The pinned program of this name."""
    return next(tool for tool in (*pinned_tools(), pinned_validator()) if tool.name == name)


def find_validator(folders: Sequence[Path]) -> Binary | None:
    """The file with the validator's name in these folders, else on the PATH.

    The validator reports its version with its first answer, so no process is started here.
    """
    for path in paths("validator", folders):
        real = path.resolve()
        if not is_script(real):
            return Binary("validator", pinned_validator().version, real, pinned=True, words=())
    return None


def paths(name: str, folders: Sequence[Path]) -> Iterator[Path]:
    """Where a program of this name lies: in these folders, then on the PATH."""
    for folder in folders:
        if os.access(folder / name, os.X_OK):
            yield folder.resolve() / name
    if program := shutil.which(name):
        yield Path(program)


def is_script(path: Path) -> bool:
    """Whether the file is a script. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        return file.read(2) == b"#!"
