"""The programs that a review runs: which are pinned, and which are installed."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

import msgspec

from bot.core.rendering import ToolName
from bot.records import dataclass
from bot.render.run import RendererCommand, RunLimits, run

_LIMITS: Final = RunLimits(cpu=10, wall=20.0)
_VERSION: Final = re.compile(r"v?(\d+\.\d+(?:\.\d+)?)")
_OF_VALIDATOR: Final = re.compile(r"validator (\d+\.\d+\.\d+-\d+)")
_IN_KUBECTL: Final = re.compile(r"Kustomize Version: v?(\d+\.\d+(?:\.\d+)?)")


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
class Unusable:
    """A file with a renderer's name that cannot be used, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class _Lock:
    tool: tuple[PinnedTool, ...]
    validator: PinnedTool


@cache
def _lock() -> _Lock:
    text = (resources.files("bot.render") / "tools.lock").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _Lock)


def pinned_tools() -> tuple[PinnedTool, ...]:
    """The pinned renderers."""
    return _lock().tool


def pinned_validator() -> PinnedTool:
    """The pinned validator."""
    return _lock().validator


def pinned(name: ToolName) -> PinnedTool:
    """The pinned program of this name."""
    return next(tool for tool in (*pinned_tools(), pinned_validator()) if tool.name == name)


def find(name: ToolName, folders: Sequence[Path]) -> Binary | None:
    """The program in these folders, else on the PATH; for kustomize also kubectl's."""
    usable = (binary for binary in candidates(name, folders) if isinstance(binary, Binary))
    return next(usable, None)


def find_validator(folders: Sequence[Path]) -> Binary | None:
    """The file with the validator's name in these folders, else on the PATH.

    The validator reports its version with its first answer, so no process is started here.
    """
    for path in _paths("validator", folders):
        real = path.resolve()
        if not _is_script(real):
            return Binary("validator", pinned_validator().version, real, pinned=True, words=())
    return None


def candidates(name: ToolName, folders: Sequence[Path]) -> Iterator[Binary | Unusable]:
    """Every installed program with this name, the preferred one first."""
    rendering = ("build",) if name == "kustomize" else ("template",)
    asking = ("version", "--short") if name == "helm" else ("version",)
    version = _OF_VALIDATOR if name == "validator" else _VERSION
    for path in _paths(name, folders):
        yield _examined(name, path, rendering, asking, version)
    if name == "kustomize":
        for path in _paths("kubectl", ()):
            yield _examined(name, path, ("kustomize",), ("version", "--client"), _IN_KUBECTL)


def _paths(name: str, folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        if os.access(folder / name, os.X_OK):
            yield folder.resolve() / name
    if program := shutil.which(name):
        yield Path(program)


def _is_script(path: Path) -> bool:
    """Whether the file is a script. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def _examined(
    name: ToolName,
    path: Path,
    rendering: tuple[str, ...],
    asking: tuple[str, ...],
    version: re.Pattern[str],
) -> Binary | Unusable:
    """The program at this path, after it has reported its version in a sandbox."""
    real = path.resolve()
    try:
        is_script = _is_script(real)
    except OSError as error:
        return Unusable(path, f"it cannot be read: {error.strerror}")
    if is_script:
        return Unusable(path, "it is a script, and the sandbox runs no interpreter")
    with tempfile.TemporaryDirectory(prefix="fairlead-tool-") as scratch:
        folder = Path(scratch)
        command = RendererCommand((str(real), *asking), folder, read=(), write=(folder,))
        finished = run(command, _LIMITS, confined=False)
    match = version.search(finished.output.decode(errors="replace"))
    if finished.ending != "done" or match is None:
        return Unusable(path, "it does not report its version when it runs in the sandbox")
    return Binary(name, match[1], real, match[1] == pinned(name).version, rendering)
