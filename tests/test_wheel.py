"""The wheel is complete, reproducible, and needs nothing but its declared dependencies."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterable, Iterator
from email.message import Message
from email.parser import Parser
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1]
PACKAGES = ("bot", "rules", "templates")
VALIDATOR = "tools/validator"
PLACE = "bot/render/validator_source"
COMMIT = "0123456789abcdef0123456789abcdef01234567"

BASE = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: api, namespace: shop}\n"
HEAD = BASE + "automountServiceAccountToken: false\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built where there is no `.git`."""
    return built(copied(tmp_path_factory.mktemp("tree") / "one"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of an environment that has the wheel and no source tree."""
    environment = tmp_path_factory.mktemp("environment")
    _install(wheel, environment)
    return environment / "bin" / "fairlead"


def run(command: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [command, *words],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_installed_wheel_reviews_two_directories(installed: Path, tmp_path: Path) -> None:
    for side, text in (("base", BASE), ("head", HEAD)):
        (tmp_path / side).mkdir()
        (tmp_path / side / "account.yaml").write_text(text)
    done = run(installed, "review", "base", "head", "--format", "json", cwd=tmp_path)
    assert (done.returncode, '"schema": "fairlead.review/1"' in done.stdout) == (0, True), done


def test_the_installed_wheel_names_its_version_and_commit(installed: Path, tmp_path: Path) -> None:
    done = run(installed, "--version", cwd=tmp_path)
    assert done.stdout == f"fairlead {metadata_version()} (commit {COMMIT[:12]})\n"


def test_the_installed_wheel_has_the_pages_of_its_rules(installed: Path, tmp_path: Path) -> None:
    done = run(installed, "explain", "rbac-privilege-added", cwd=tmp_path)
    assert (done.returncode, "Why it matters" in done.stdout) == (0, True), done


def test_the_wheel_holds_the_packages_as_they_are_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert archive.read("bot/commit.txt") == f"{COMMIT}\n".encode()
    inside = {path for path in tracked() if path.startswith(PACKAGES)}
    sources = {f"{PLACE}{path.removeprefix(VALIDATOR)}" for path in tracked() if VALIDATOR in path}
    assert names == inside | sources | {"bot/commit.txt"}


def test_two_builds_give_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    other = copied(tmp_path / "another folder")
    for path in other.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    assert built(other).read_bytes() == wheel.read_bytes()


def test_an_sdist_gives_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    sdist = built(copied(tmp_path / "tree"), "sdist")
    shutil.unpack_archive(sdist, tmp_path / "unpacked", filter="data")
    (root,) = (tmp_path / "unpacked").iterdir()
    assert contents(built(root, commit="")) == contents(wheel)


def test_the_wheel_may_be_published(wheel: Path) -> None:
    metadata = metadata_of(wheel)
    classifiers = metadata.get_all("Classifier", [])
    assert [name for name in classifiers if name.startswith("Private")] == []
    assert metadata["License-Expression"] == "Apache-2.0"


def test_what_is_imported_is_declared(wheel: Path) -> None:
    metadata = metadata_of(wheel)
    rows = [row.partition(";") for row in metadata.get_all("Requires-Dist", [])]
    required = {_name(row[0]) for row in rows if "extra ==" not in row[2]}
    optional = {_name(row[0]) for row in rows if "extra ==" in row[2]}
    by_module = packages_distributions()
    undeclared = {
        (path, module)
        for path in tracked()
        if path.startswith(("bot/", "rules/")) and path.endswith(".py")
        for module in imported(SOURCE / path)
        if module not in {*sys.stdlib_module_names, *PACKAGES, "_typeshed"}
        for names in [{_name(name) for name in by_module.get(module, ["unknown"])}]
        if names.isdisjoint(required | (optional if _is_optional(path) else set()))
    }
    assert undeclared == set()


def _is_optional(path: str) -> bool:
    """Whether a module is used only with an extra: the demo and its stand-in, or tracing."""
    return path.startswith(("bot/standin/", "bot/cli/demo", "bot/tracing"))


def _name(requirement: str) -> str:
    text = requirement.partition("[")[0]
    for sign in " <>=!~(":
        text = text.partition(sign)[0]
    return text.lower().replace("_", "-").replace(".", "-")


def imported(path: Path) -> Iterator[str]:
    """The top-level modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


def tracked() -> Iterable[str]:
    """The files of this tree that git does not ignore."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=SOURCE,
        check=True,
        capture_output=True,
        text=True,
    )
    return [path for path in done.stdout.splitlines() if (SOURCE / path).is_file()]


def copied(target: Path) -> Path:
    for path in tracked():
        if path.startswith(
            (*PACKAGES, VALIDATOR, "pyproject", "hatch_build", "README", "LICENSE", "CHANGE")
        ):
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SOURCE / path, target / path)
    return target


def built(root: Path, kind: str = "wheel", commit: str = COMMIT) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", root / "dist"],
        cwd=root,
        env={**os.environ, "SOURCE_COMMIT": commit},
        check=True,
        capture_output=True,
    )
    (path,) = (root / "dist").iterdir()
    return path


def contents(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel, but for the list of them, whose order is that of the build."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/RECORD")]
        return {name: archive.read(name) for name in names}


def metadata_of(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def metadata_version() -> str:
    line = next(
        line for line in (SOURCE / "pyproject.toml").read_text().splitlines() if "version =" in line
    )
    return line.split('"')[1]


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
