"""Small Go programs that link one release of Kubernetes and print what its code says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tests.oracle.modules import KUBERNETES, kubernetes

_STAGED: Final = re.compile(r"(k8s\.io/[a-z-]+) => \./staging/")
_GO: Final = "1.26"


def output_of(source: Path, minor: int, questions: bytes = b"") -> bytes:
    """What the program of this Go file prints when it is built with this minor version's code.

    `questions` are its standard input.
    Go writes the sums of the modules into the program's own `go.sum` and verifies them. A build
    takes one to two CPU minutes for each minor version that Go has not compiled before.
    """
    with tempfile.TemporaryDirectory(prefix="fairlead-oracle-") as folder:
        shutil.copy(source, Path(folder, "main.go"))
        Path(folder, "go.mod").write_text(_module(minor), encoding="utf-8")
        for name in filter(_is_sample, _staged(minor)):
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
    version = KUBERNETES[minor]
    release = f"v0.{version.removeprefix('1.')}"
    lines = [f"module oracle\n\ngo {_GO}\n", f"require k8s.io/kubernetes v{version}"]
    for name in _staged(minor):
        source = f"./{name}" if _is_sample(name) else f"{name} {release}"
        lines.append(f"require {name} {release}\nreplace {name} => {source}")
    return "\n".join(lines) + "\n"


def _staged(minor: int) -> list[str]:
    """The modules that are developed in Kubernetes' own repository."""
    return sorted(set(_STAGED.findall((kubernetes(minor) / "go.mod").read_text("utf-8"))))


def _is_sample(name: str) -> bool:
    """Whether a module is an example that nothing imports, and that not every proxy has."""
    return name.startswith("k8s.io/sample-")
