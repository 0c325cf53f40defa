"""`fairlead serve` at a terminal speaks to a person, and elsewhere to a log collector."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

ENVIRONMENT = {
    "PORT": "0",
    "ADMIN_PORT": "0",
    "FAIRLEAD_ALLOW_NO_SANDBOX": "true",
    "PYTHONUTF8": "1",
    "GITHUB_API_URL": "http://127.0.0.1:9",
}


@contextmanager
def output(stderr: int, directory: Path, more: Mapping[str, str]) -> Iterator[None]:
    """`fairlead serve` without credentials, writing to a file descriptor, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", "from bot.cli import main; main()", "serve"],
        env={**ENVIRONMENT, "DATA_DIR": str(directory / "data"), **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
    )
    os.close(stderr)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def read_until(descriptor: int, word: str) -> str:
    text = ""
    while word not in text:
        text += os.read(descriptor, 4096).decode()
    return text


def test_at_a_terminal_the_set_up_address_is_one_line_to_open(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with output(theirs, tmp_path, {}):
        text = read_until(ours, "press Ctrl-C to stop")
    (line,) = (line for line in text.splitlines() if line.startswith("fairlead: open "))
    assert line.startswith("fairlead: open http://localhost:")
    assert line.endswith(" to create the GitHub App")
    assert not any(line.startswith("{") for line in text.splitlines())


@pytest.mark.parametrize("more", [{}, {"LOG_FORMAT": "json"}])
def test_elsewhere_each_line_is_json(tmp_path: Path, more: Mapping[str, str]) -> None:
    ours, theirs = os.pipe()
    with output(theirs, tmp_path, more):
        text = read_until(ours, '"listening"')
    assert all(json.loads(line) for line in text.strip().splitlines())
