"""What the command line imports: each package costs every review its import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = """
import atexit, sys
# Files of site-packages (*.pth) may import something before any command does.
standard = sys.stdlib_module_names | {name.partition(".")[0] for name in sys.modules}
own = {"bot", "rules"}
@atexit.register
def show():
    packages = {name.partition(".")[0] for name in sys.modules} - {"__main__"}
    parts = {".".join(name.split(".")[:2]) for name in sys.modules if name.partition(".")[0] in own}
    print(*sorted(name for name in packages - standard - own if not name.startswith("_cython")))
    print(*sorted(parts - own))
    print(*sorted({"importlib.resources", "tomllib", "zipfile"} & sys.modules.keys()))
from bot.cli import main
main()
"""
_OWN = {
    "bot.analysis", "bot.catalog", "bot.cli", "bot.core", "bot.errors", "bot.git", "bot.kubernetes",
    "bot.patterns", "bot.records", "bot.sandbox", "bot.settings", "bot.setup", "bot.version",
}  # fmt: skip
"""What a review imports of Fairlead itself; above all neither what fetches nor what builds."""

_CLI = {"click", "typing_extensions"}
_REVIEW = _CLI | {"cython_runtime", "msgspec", "yaml"}
_POLICY = _REVIEW | {
    "attr", "attrs", "idna", "jsonschema", "jsonschema_specifications",
    "referencing", "rfc3339_validator", "rpds", "ruamel",
    "six",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    (tmp_path / "policy.yml").write_text("version: 1\nblock: warning\n")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "packages"),
    [
        (["--version"], _CLI),
        (["--help"], _CLI),
        (["review", ".", "."], _REVIEW | {"rich"}),
        (["review", ".", ".", "--format", "json"], _REVIEW),
        (["review", ".", ".", "--policy", "policy.yml"], _POLICY | {"rich"}),
    ],
)
def test_a_command_imports_these_packages_and_no_other(
    folder: Path, arguments: list[str], packages: set[str]
) -> None:
    others, own, _ = _imported(folder, arguments)
    if "--policy" in arguments:  # it names options of rules
        own = {name for name in own if not name.startswith("rules.")}
    assert (others - packages, own - _OWN) == (set(), set())


def test_a_review_finds_its_own_files_without_a_slow_module(folder: Path) -> None:
    *_, slow = _imported(folder, ["review", ".", ".", "--format", "json"])

    assert slow == set()


def _imported(folder: Path, arguments: list[str]) -> list[set[str]]:
    """What a command imports: other packages, parts of Fairlead, and slow standard modules."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "XDG_CACHE_HOME": str(folder / "c")},
        capture_output=True,
        text=True,
        check=True,
    )
    return [set(line.split()) for line in done.stdout.splitlines()[-3:]]
