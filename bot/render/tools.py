"""The renderers' binaries: which are pinned, and which are found here."""

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
_KUBECTL_SAYS: Final = re.compile(r"Kustomize Version: v?(\d+\.\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Archive:
    """A release archive for one platform; `member` is the binary's path inside it."""

    platform: str
    url: str
    sha256: str
    member: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A pinned renderer, and the Go module that it is built from.

    `link` are words to Go's linker by which the program knows its own version.
    """

    name: Renderer
    version: str
    module: str
    archive: tuple[Archive, ...]
    link: str = ""


@dataclass(frozen=True, slots=True)
class Binary:
    """A renderer that was found and that runs in the sandbox.

    `pinned` says that its version is the locked one. `words` are those that make it render:
    kubectl carries kustomize as a subcommand.
    """

    name: Renderer
    version: str
    path: Path
    pinned: bool
    words: tuple[str, ...]

    def __str__(self) -> str:
        """As a summary names it: `kustomize 5.8.1`."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class Unusable:
    """A file of a renderer's name that is no renderer here, and why."""

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
    """The renderer in these folders, else on the PATH; for kustomize lastly kubectl's own."""
    return next((held for held in candidates(name, folders) if isinstance(held, Binary)), None)


def find_all(folders: Sequence[Path]) -> Mapping[Renderer, Binary]:
    """Every renderer that is found, by name."""
    found = {tool.name: find(tool.name, folders) for tool in pinned_tools()}
    return MappingProxyType({name: held for name, held in found.items() if held is not None})


def candidates(name: Renderer, folders: Sequence[Path]) -> Iterator[Binary | Unusable]:
    """Everything that has the renderer's name here, the preferred first."""
    rendering = ("build",) if name == "kustomize" else ("template",)
    asking = ("version",) if name == "kustomize" else ("version", "--short")
    for path in _places(name, folders):
        yield _examined(name, path, rendering, asking, _VERSION)
    if name == "kustomize":
        for path in _places("kubectl", ()):
            yield _examined(name, path, ("kustomize",), ("version", "--client"), _KUBECTL_SAYS)


def _places(name: str, folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        if os.access(folder / name, os.X_OK):
            yield folder.resolve() / name
    if found := shutil.which(name):
        yield Path(found)


def _examined(
    name: Renderer,
    path: Path,
    rendering: tuple[str, ...],
    asking: tuple[str, ...],
    says: re.Pattern[str],
) -> Binary | Unusable:
    """The program at this path, asked for its version in the sandbox that it is to render in."""
    real = path.resolve()
    try:
        with real.open("rb") as held:
            script = held.read(2) == b"#!"
    except OSError as error:
        return Unusable(path, f"it cannot be read: {error.strerror}")
    if script:
        return Unusable(path, "it is a script: the sandbox runs a renderer itself, no interpreter")
    with tempfile.TemporaryDirectory(prefix="fairlead-tool-") as scratch:
        folder = Path(scratch)
        command = RendererCommand((str(real), *asking), folder, read=(), write=(folder,))
        finished = run(command, _LIMITS, confined=False)
    match = says.search(finished.output.decode(errors="replace"))
    if finished.ending != "done" or match is None:
        return Unusable(path, "it does not say its version in the sandbox")
    return Binary(name, match[1], real, match[1] == pinned(name).version, rendering)
