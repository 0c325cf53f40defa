"""The renderers' binaries: which are pinned, and which are installed."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from bot.core.rendering import Renderer
from bot.render.run import RendererCommand, RunLimits, run

_LIMITS: Final = RunLimits(cpu=10, wall=20.0)
_VERSION: Final = re.compile(r"v?(\d+\.\d+(?:\.\d+)?)")
_IN_KUBECTL: Final = re.compile(r"Kustomize Version: v?(\d+\.\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Archive:
    """A release archive for one platform; `member` is the binary's path inside it."""

    platform: str
    url: str
    sha256: str
    member: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A pinned renderer: its archives, and the Go module to build it from.

    `link` are flags of Go's linker that set the version which the program reports.
    """

    name: Renderer
    version: str
    module: str
    archive: tuple[Archive, ...]
    link: str = ""


@dataclass(frozen=True, slots=True)
class Binary:
    """An installed renderer that runs in the sandbox.

    `pinned` says whether its version is the locked one. `words` are the subcommand that renders:
    `build`, `template`, or `kustomize` of kubectl.
    """

    name: Renderer
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
    tool: tuple[Tool, ...]


@cache
def pinned_tools() -> tuple[Tool, ...]:
    """The pinned renderers."""
    text = (resources.files("bot.render") / "tools.lock").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _Lock).tool


def pinned(name: Renderer) -> Tool:
    """The pinned renderer of this name."""
    return next(tool for tool in pinned_tools() if tool.name == name)


def find(name: Renderer, folders: Sequence[Path]) -> Binary | None:
    """The renderer in these folders, else on the PATH; for kustomize also kubectl's."""
    usable = (binary for binary in candidates(name, folders) if isinstance(binary, Binary))
    return next(usable, None)


def find_all(folders: Sequence[Path]) -> Mapping[Renderer, Binary]:
    """Every installed renderer by name."""
    binaries = {tool.name: find(tool.name, folders) for tool in pinned_tools()}
    return MappingProxyType(
        {name: binary for name, binary in binaries.items() if binary is not None}
    )


def candidates(name: Renderer, folders: Sequence[Path]) -> Iterator[Binary | Unusable]:
    """Every installed program with the renderer's name, the preferred one first."""
    rendering = ("build",) if name == "kustomize" else ("template",)
    asking = ("version",) if name == "kustomize" else ("version", "--short")
    for path in _paths(name, folders):
        yield _examined(name, path, rendering, asking, _VERSION)
    if name == "kustomize":
        for path in _paths("kubectl", ()):
            yield _examined(name, path, ("kustomize",), ("version", "--client"), _IN_KUBECTL)


def _paths(name: str, folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        if os.access(folder / name, os.X_OK):
            yield folder.resolve() / name
    if program := shutil.which(name):
        yield Path(program)


def _examined(
    name: Renderer,
    path: Path,
    rendering: tuple[str, ...],
    asking: tuple[str, ...],
    version: re.Pattern[str],
) -> Binary | Unusable:
    """The program at this path, after it has reported its version in a sandbox."""
    real = path.resolve()
    try:
        with real.open("rb") as file:
            is_script = file.read(2) == b"#!"
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
