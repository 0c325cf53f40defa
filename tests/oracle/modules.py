"""Go modules as the sources of generated tables: fetched by `go mod download`, verified by Go."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

KUBERNETES: Final[Mapping[int, str]] = MappingProxyType(
    {
        30: "1.30.14",
        31: "1.31.14",
        32: "1.32.13",
        33: "1.33.13",
        34: "1.34.4",
        35: "1.35.4",
        36: "1.36.3",
        37: "1.37.2",
    }
)
"""The release of each supported minor version of Kubernetes whose files the tables come from."""


@cache
def module(path: str, version: str) -> Path:
    """The folder of a Go module; Go downloads it where it is not there yet."""
    done = subprocess.run(
        ["go", "mod", "download", "-json", f"{path}@{version}"],
        capture_output=True,
        check=True,
        text=True,
        cwd="/",
    )
    return Path(json.loads(done.stdout)["Dir"])


def kubernetes(minor: int) -> Path:
    """The folder of k8s.io/kubernetes for this minor version."""
    return module("k8s.io/kubernetes", f"v{KUBERNETES[minor]}")
