"""The git command, run so that no configuration, hook, prompt or other program gets a say."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from bot.errors import GitError

SECONDS: Final = 120.0
"""How long one command may take."""

OBJECT_ID: Final = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")

SURROUNDINGS: Final = (
    "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "GIT_SSL_CAINFO",
)  # fmt: skip
"""What git needs of the environment where others are reached by a proxy, or have a certificate of
the company's own."""

_NONE: Final[Mapping[str, str]] = MappingProxyType({})

_FLAGS: Final = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "credential.helper=",
    "gc.auto=0",
    "maintenance.auto=false",
    "http.followRedirects=false",
    # Only plumbing that reads is run in a repository that may belong to somebody else, and its
    # own way to say so, the global configuration, is switched off below.
    "safe.directory=*",
)

# `GIT_NO_LAZY_FETCH`: a blob that a partial clone lacks is missing, never fetched while reading.
_ENVIRONMENT: Final = MappingProxyType(
    {
        "PATH": os.defpath,
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
    }
)


def arguments(command: Sequence[str], protocols: Sequence[str] = ()) -> list[str]:
    """The whole command line of a git command that may use these protocols, else none."""
    flags = [*_FLAGS, "protocol.allow=never"]
    flags += [f"protocol.{name}.allow=always" for name in protocols]
    return ["git", *(part for flag in flags for part in ("-c", flag)), *command]


def environment(extra: Mapping[str, str] = _NONE) -> dict[str, str]:
    """The environment of a git command: nothing is inherited."""
    return {**_ENVIRONMENT, **extra}


def run(  # noqa: PLR0913 - what a command is run with
    command: Sequence[str],
    *,
    directory: Path | None = None,
    protocols: Sequence[str] = (),
    extra: Mapping[str, str] = _NONE,
    seconds: float = SECONDS,
    data: bytes = b"",
) -> bytes:
    """What a git command prints. Raises GitError with git's own last line where it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program; revisions come after --end-of-options
            arguments(command, protocols),
            cwd=directory,
            env=environment(extra),
            input=data,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git {command[0]} took longer than {seconds:.0f} seconds") from error
    except OSError as error:
        raise GitError(f"git cannot be started: {error.strerror}") from error
    if done.returncode:
        raise GitError(f"git {_verb(command)} failed: {_last_line(done.stderr)}")
    return done.stdout


def _verb(command: Sequence[str]) -> str:
    return next((part for part in command if not part.startswith("-")), "")


def _last_line(stderr: bytes) -> str:
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    errors = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines
    return (
        errors[-1].removeprefix("fatal: ").removeprefix("error: ") if errors else "no reason given"
    )
