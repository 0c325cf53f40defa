"""The programs that are installed here, each asked for its version in the sandbox."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bot.core.rendering import ToolName
from bot.records import dataclass
from bot.render.programs import Binary, is_script, paths, pinned
from bot.render.run import RendererCommand, RunLimits, run

_LIMITS: Final = RunLimits(cpu=10, wall=20.0)
_VERSION: Final = re.compile(r"v?(\d+\.\d+(?:\.\d+)?)")
_OF_VALIDATOR: Final = re.compile(r"validator (\d+\.\d+\.\d+-\d+)")
_IN_KUBECTL: Final = re.compile(r"Kustomize Version: v?(\d+\.\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Unusable:
    """A file with a renderer's name that cannot be used, and why."""

    path: Path
    reason: str


def find(name: ToolName, folders: Sequence[Path]) -> Binary | None:
    """The program in these folders, else on the PATH; for kustomize also kubectl's."""
    usable = (binary for binary in candidates(name, folders) if isinstance(binary, Binary))
    return next(usable, None)


def candidates(name: ToolName, folders: Sequence[Path]) -> Iterator[Binary | Unusable]:
    """Every installed program with this name, the preferred one first."""
    rendering = ("build",) if name == "kustomize" else ("template",)
    asking = ("version", "--short") if name == "helm" else ("version",)
    version = _OF_VALIDATOR if name == "validator" else _VERSION
    for path in paths(name, folders):
        yield _examined(name, path, rendering, asking, version)
    if name == "kustomize":
        for path in paths("kubectl", ()):
            yield _examined(name, path, ("kustomize",), ("version", "--client"), _IN_KUBECTL)


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
        script = is_script(real)
    except OSError as error:
        return Unusable(path, f"it cannot be read: {error.strerror}")
    if script:
        return Unusable(path, "it is a script, and the sandbox runs no interpreter")
    with tempfile.TemporaryDirectory(prefix="fairlead-tool-") as scratch:
        folder = Path(scratch)
        command = RendererCommand((str(real), *asking), folder, read=(), write=(folder,))
        finished = run(command, _LIMITS, confined=False)
    match = version.search(finished.output.decode(errors="replace"))
    if finished.ending != "done" or match is None:
        return Unusable(path, "it does not report its version when it runs in the sandbox")
    return Binary(name, match[1], real, match[1] == pinned(name).version, rendering)
