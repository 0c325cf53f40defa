"""The wheel is whole: it reviews in an environment that holds nothing of the source tree."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

SOURCE = Path(__file__).parents[1]

BASE = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: api, namespace: shop}\n"
HEAD = BASE + "automountServiceAccountToken: false\n"


def test_the_installed_wheel_reviews_two_directories(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    _build(tmp_path / "dist")
    _install(next((tmp_path / "dist").glob("*.whl")), environment)
    for side, text in (("base", BASE), ("head", HEAD)):
        (tmp_path / side).mkdir()
        (tmp_path / side / "account.yaml").write_text(text)

    done = subprocess.run(
        [environment / "bin" / "fairlead", "review", "base", "head", "--format", "json"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, '"schema": "fairlead.review/1"' in done.stdout) == (0, True), done


def _build(target: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", target],
        cwd=SOURCE,
        check=True,
        capture_output=True,
    )


def _install(wheel: Path, environment: Path) -> None:
    """Install the wheel alone; its dependencies are borrowed, so that nothing is downloaded.

    A path file lends the libraries of this environment but not the project itself, which stands
    here as an editable install: path files in borrowed folders are not read.
    """
    venv.create(environment, with_pip=True)
    subprocess.run(
        [environment / "bin" / "pip", "install", "--no-index", "--no-deps", "--quiet", wheel],
        check=True,
        capture_output=True,
    )
    (site,) = (environment / "lib").glob("python*/site-packages")
    (site / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
