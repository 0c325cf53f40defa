"""Builds of made-up roots by the real renderers, with a canary beside them that none may reach."""

from __future__ import annotations

import resource
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec
import yaml

from bot.core.rendering import Build, BuildResult, BuildStatus, Release
from bot.render.renderers import Renderers
from bot.render.run import RunLimits
from tests.tools import renderer_binaries

CANARY: Final = "canary-a6f1"
"""What stands in everything that a renderer must not reach."""

QUICK: Final = RunLimits(memory=512 * 2**20, output=8 * 2**20, cpu=10, wall=20.0)
"""Enough for everything that is no bomb, on a busy machine as well."""

RELEASE: Final = Release("web", "shop")

_MOST_RESIDENT: Final = 1024 * 1024
"""KiB that no child may ever have taken: the limit, and what Go maps beside."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Blobs by their path: in these tests a content's id is where it stands."""

    held: Mapping[str, bytes]

    def data(self, blob: str) -> bytes:
        """The content of a blob."""
        return self.held[blob]


@dataclass(frozen=True, slots=True)
class Outside:
    """What is on the machine beside the work folder: a file, a clone, a server, all forbidden."""

    folder: Path
    listener: socket.socket
    peak: int

    @property
    def port(self) -> int:
        """Where the server listens on loopback."""
        return int(self.listener.getsockname()[1])

    def fill(self, text: str) -> str:
        """The text with FOLDER, PORT and UP (as many `..` as lead to the root) filled in."""
        up = "/".join([".."] * 12)
        return (
            text.replace("FOLDER", str(self.folder))
            .replace("PORT", str(self.port))
            .replace("UP", up)
        )

    def was_reached(self) -> bool:
        """Whether somebody has connected to the server."""
        try:
            self.listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Case:
    """A hostile tree, and what comes of its build: the data of its ConfigMap, or a message."""

    name: str
    files: Mapping[str, str]
    status: BuildStatus
    message: str = ""
    data: Mapping[str, str | None] | None = None


def cases(name: str) -> list[Case]:
    """The hostile trees of this file, next to this module."""
    text = (Path(__file__).parent / "hostile" / name).read_text("utf-8")
    return msgspec.convert(yaml.safe_load(text), list[Case])


def outcome(built: BuildResult, beside: Outside) -> tuple[BuildStatus, str, object]:
    """What came of a build as a case says it: without what is another in every run."""
    message = built.message.replace(str(beside.folder), "FOLDER").replace(str(beside.port), "PORT")
    made = yaml.safe_load(built.output) if built.status == "rendered" else None
    return built.status, message, made and made["data"]


@contextmanager
def outside(folder: Path) -> Iterator[Outside]:
    """A folder with the canary in every shape that a renderer reads, and a listening socket."""
    manifest = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {CANARY}}}\n"
    (folder / "canary.yaml").write_text(manifest)
    (folder / "canary.env").write_text(f"CANARY={CANARY}\n")
    (folder / "kustomization.yaml").write_text("resources: [canary.yaml]\n")
    (folder / "Chart.yaml").write_text(f"apiVersion: v2\nname: {CANARY}\nversion: 1.0.0\n")
    (folder / "schema.json").write_text(f'{{"type": "object", "required": ["{CANARY}"]}}')
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "."),
        ("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "a"),
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield Outside(folder, listener, peak())


def build_kustomization(
    files: Mapping[str, str], root: str = "app", limits: RunLimits = QUICK
) -> BuildResult:
    """What kustomize makes of these files."""
    return _build(files, Build("kustomize", root, {path: path for path in files}), limits)


def build_chart(
    files: Mapping[str, str | bytes],
    release: Release = RELEASE,
    limits: RunLimits = QUICK,
    root: str = "chart",
) -> BuildResult:
    """What Helm makes of these files."""
    held = {path: path for path in files}
    return _build(files, Build("helm", root, held, release=release), limits)


def _build(files: Mapping[str, str | bytes], build: Build, limits: RunLimits) -> BuildResult:
    held = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    renderers = Renderers(Contents(MappingProxyType(held)), renderer_binaries(), limits)
    return renderers.build(build)


def leaks(built: BuildResult, beside: Outside) -> list[str]:
    """What a build has of what it must not have: nothing, if all is well."""
    said = built.output.decode(errors="replace") + built.message
    found = {
        "the canary": CANARY in said,
        "a connection": beside.was_reached(),
        "our folders": "fairlead-render-" in said,
        "memory": peak() > max(beside.peak, _MOST_RESIDENT),
    }
    return [what for what, is_so in found.items() if is_so]


def peak() -> int:
    """The largest resident size of any child until now, in KiB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
