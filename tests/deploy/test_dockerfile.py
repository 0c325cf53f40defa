"""The Dockerfile has all that the wheel's build needs, and leaves out what the service does not."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
IGNORE = (ROOT / ".dockerignore").read_text("utf-8").splitlines()


def copied() -> set[str]:
    """The files and folders that the image's stages copy from the build context."""
    lines = re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
    return {word for line in lines for word in shlex.split(line)[:-1]}


def test_what_is_copied_is_in_the_build_context() -> None:
    allowed = {line[1:] for line in IGNORE if line.startswith("!")}
    assert IGNORE[0] == "*"
    assert {path.partition("/")[0] for path in copied()} <= {
        path.partition("/")[0] for path in allowed
    }
    assert all((ROOT / path).exists() for path in copied())


def test_the_wheel_builds_from_what_is_copied(tmp_path: Path) -> None:
    for path in copied():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-r", ROOT / path, tmp_path / path], check=True)
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "dist").glob("*.whl"))) == 1


def test_every_base_is_pinned_by_its_digest() -> None:
    named = re.findall(r"^(?:FROM |ARG PYTHON=)([a-z]\S*:\S+)", DOCKERFILE, re.MULTILINE)
    assert len(named) == 2
    assert all(re.fullmatch(r"\S+:\S+@sha256:[0-9a-f]{64}", base) for base in named)


def test_every_stage_with_python_can_be_pinned_by_one_argument() -> None:
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert [stage for stage in stages if "python" in stage] == []
    assert stages.count("${PYTHON}") >= 2


def test_the_image_leaves_the_stand_in_out() -> None:
    assert re.search(r"rm -rf \S*/bot/standin$", DOCKERFILE, re.MULTILINE)
    assert "fairlead[demo]" not in DOCKERFILE
