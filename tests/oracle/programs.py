"""Small Go programs that link one release of Kubernetes and print what its code says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from tests.oracle.modules import KUBERNETES, kubernetes

_STAGED: Final = re.compile(r"(k8s\.io/[a-z-]+) => \./staging/")
_GO: Final = "1.26"
_RARE: Final = frozenset(
    f"k8s.io/{name}"
    for name in (
        *("cli-runtime", "cluster-bootstrap", "code-generator", "endpointslice", "kubectl"),
        *("kube-controller-manager", "kube-proxy", "kube-scheduler", "metrics"),
    )
)
"""Modules that few programs import and that not every proxy has in every release."""


def output_of(sources: Iterable[Path], minor: int, questions: bytes = b"") -> bytes:
    """What the program of these Go files prints when it is built with this minor version's code.

    `questions` are its standard input.
    Go writes the sums of the modules into the program's own `go.sum` and verifies them. A build
    takes one to two CPU minutes for each minor version that Go has not compiled before.
    """
    with tempfile.TemporaryDirectory(prefix="fairlead-oracle-") as folder:
        for source in sources:
            shutil.copy(source, folder)
        Path(folder, "go.mod").write_text(_module(minor), encoding="utf-8")
        for name in (name for name in _staged(minor) if _is_missing(name, minor)):
            empty = Path(folder, name)
            empty.mkdir(parents=True)
            (empty / "go.mod").write_text(f"module {name}\n", encoding="utf-8")
        environment = {**os.environ, "GOFLAGS": "-mod=mod -p=1 -buildvcs=false", "CGO_ENABLED": "0"}
        done = subprocess.run(
            ["go", "run", "."],
            cwd=folder,
            env=environment,
            input=questions,
            stdout=subprocess.PIPE,
            check=True,
        )
    return done.stdout


def _module(minor: int) -> str:
    """The `go.mod`: Kubernetes at its release, each of its own modules at the same one."""
    release = _release(minor)
    lines = [f"module oracle\n\ngo {_GO}\n", f"require k8s.io/kubernetes v{KUBERNETES[minor]}"]
    for name in _staged(minor):
        source = f"./{name}" if _is_missing(name, minor) else f"{name} {release}"
        lines.append(f"require {name} {release}\nreplace {name} => {source}")
    return "\n".join(lines) + "\n"


def _staged(minor: int) -> list[str]:
    """The modules that are developed in Kubernetes' own repository."""
    return sorted(set(_STAGED.findall((kubernetes(minor) / "go.mod").read_text("utf-8"))))


@cache
def _is_missing(name: str, minor: int) -> bool:
    """Whether an empty module stands for one: an example, or one that the proxy does not have."""
    if name.startswith("k8s.io/sample-"):
        return True
    if name not in _RARE:
        return False
    question = ["go", "list", "-m", f"{name}@{_release(minor)}"]
    return subprocess.run(question, cwd="/", capture_output=True, check=False).returncode != 0


def _release(minor: int) -> str:
    """The version of the modules that are developed in Kubernetes' own repository."""
    return f"v0.{KUBERNETES[minor].removeprefix('1.')}"
