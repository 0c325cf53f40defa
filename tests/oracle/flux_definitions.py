"""Definitions of custom kinds that a Go module has as types only, by controller-gen."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tests.oracle.modules import module

GENERATOR: Final = "sigs.k8s.io/controller-tools/cmd/controller-gen@v0.20.1"


def generated_definitions(path: str, version: str) -> bytes:
    """The CustomResourceDefinitions of the types in this module, as a stream of YAML."""
    with tempfile.TemporaryDirectory(prefix="fairlead-oracle-") as folder:
        copy = Path(folder, "module")
        shutil.copytree(module(path, version), copy)
        for place in (copy, *copy.rglob("*")):
            place.chmod(0o755 if place.is_dir() else 0o644)
        environment = {**os.environ, "GOFLAGS": "-p=1 -buildvcs=false", "CGO_ENABLED": "0"}
        command = ["go", "run", GENERATOR, "crd", "paths=./...", "output:crd:stdout"]
        done = subprocess.run(
            command, cwd=copy, env=environment, stdout=subprocess.PIPE, check=True
        )
    return done.stdout
