"""What `make bench` measures beside this checkout: an older build of Fairlead, and other tools.

Everything is built once, below `.bench/`. What cannot be built is left out, and said so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parents[2]
BASELINE: Final = "397e81c"
"""The commit that this checkout is compared with."""

CHECKOV: Final = "3.3.30"
_MODULES: Final[Mapping[str, tuple[str, str]]] = {
    "kube-score": ("github.com/zegl/kube-score/cmd/kube-score", "v1.20.0"),
    "kubeconform": ("github.com/yannh/kubeconform/cmd/kubeconform", "v0.8.0"),
    "kube-linter": ("golang.stackrox.io/kube-linter/cmd/kube-linter", "v0.7.6"),
}
_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that was built: its name with its version, and where it is."""

    title: str
    path: Path


class Unavailable(Exception):  # noqa: N818 - not an error: it is left out
    """A program that cannot be built here, and why."""


def baseline(folder: Path) -> Tool:
    """The command of commit 397e81c, installed into its own environment. Raises Unavailable."""
    source, environment = folder / BASELINE / "source", folder / BASELINE / "venv"
    command = environment / "bin" / "fairlead"
    if not command.exists():
        shutil.rmtree(folder / BASELINE, ignore_errors=True)
        source.mkdir(parents=True)
        archive = _run(["git", "-C", str(CHECKOUT), "archive", "--format=tar", BASELINE])
        with tarfile.open(fileobj=BytesIO(archive)) as files:
            files.extractall(source, filter="data")
        _run([sys.executable, "-m", "venv", str(environment)])
        pip = (str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet")
        locked = source / "requirements.lock"
        _run([*pip, "--require-hashes", "-r", str(locked)])
        _run([*pip, "--no-deps", str(source)])
    return Tool(f"Fairlead {BASELINE}", command)


def checkov(folder: Path) -> Tool:
    """checkov, in its own environment. Raises Unavailable."""
    environment = folder / f"checkov-{CHECKOV}"
    command = environment / "bin" / "checkov"
    if not command.exists():
        _run([sys.executable, "-m", "venv", str(environment)])
        pip = (str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet")
        _run([*pip, f"checkov=={CHECKOV}"])
    return Tool(f"checkov {CHECKOV}", command)


def go_tool(name: str) -> Callable[[Path], Tool]:
    """What builds a program of the Go module proxy. Raises Unavailable."""

    def built(folder: Path) -> Tool:
        module, version = _MODULES[name]
        place = folder / f"{name}-{version}"
        if not (place / name).exists():
            if shutil.which("go") is None:
                raise Unavailable("there is no Go here")
            _run(["go", "install", f"{module}@{version}"], {"GOBIN": str(place)})
        return Tool(f"{name} {version}", place / name)

    return built


def _run(command: list[str], environment: Mapping[str, str] | None = None) -> bytes:
    """What a command prints. Raises Unavailable with its last line where it fails."""
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            check=True,
            timeout=_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode("utf-8", "replace").strip().splitlines()
        raise Unavailable(lines[-1][:200] if lines else "no reason given") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(type(error).__name__) from error
    return done.stdout
