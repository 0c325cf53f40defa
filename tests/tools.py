"""The pinned renderers for tests: those of FAIRLEAD_TOOLS, else built once into `.tools/`.

`python -m tests.tools` (`make tools`) makes them ready and says what it does.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final, get_args

import pytest

from bot.core.rendering import Renderer, ToolName
from bot.errors import UsageError
from bot.render.install import build
from bot.render.programs import Binary, pinned_tools, pinned_validator
from bot.render.tools import find

_CHECKOUT: Final = Path(__file__).parents[1]
_VERSIONS: Final = "+".join(f"{tool.name}-{tool.version}" for tool in pinned_tools())
_GIVEN: Final = os.environ.get("FAIRLEAD_TOOLS", "")
_FOLDER: Final = _CHECKOUT / ".tools" / _VERSIONS


def renderer_tools() -> Path:
    """A folder with the pinned kustomize and helm; skips the test, saying why, where there is none.

    In continuous integration with Go at hand, what cannot be built fails the test instead.
    """
    ready = _ready()
    if isinstance(ready, Path):
        return _renderers_alone(ready)
    if os.environ.get("CI") == "true" and shutil.which("go"):
        pytest.fail(ready, pytrace=False)
    pytest.skip(ready)


@cache
def _renderers_alone(folder: Path) -> Path:
    """A folder that links to the renderers and to nothing else.

    Tests of rendering give the same result whether or not there is a validator.
    """
    view = _CHECKOUT / ".tools" / "renderers"
    view.mkdir(parents=True, exist_ok=True)
    for tool in pinned_tools():
        link, target = view / tool.name, folder.resolve() / tool.name
        if not link.is_symlink() or link.readlink() != target:
            partial = view / f".{tool.name}.{os.getpid()}"
            partial.symlink_to(target)
            partial.replace(link)
    return view


def validator_tools() -> Path:
    """A folder with the pinned validator; skips the test where there is none.

    The validator takes ten CPU minutes to build, so only `make tools` builds it.
    """
    folder = Path(_GIVEN) if _GIVEN else _FOLDER
    if _has_validator(folder):
        return folder
    pytest.skip(f"{folder} has no validator {pinned_validator().version}: run `make tools`")


@cache
def _has_validator(folder: Path) -> bool:
    binary = find("validator", [folder])
    here = (folder / "validator").resolve()
    return binary is not None and binary.pinned and binary.path == here


def renderer_binaries() -> Mapping[Renderer, Binary]:
    """The pinned renderers, as `Renderers` takes them; skips as `renderer_tools` does."""
    return _binaries(renderer_tools())


@cache
def _binaries(folder: Path) -> Mapping[Renderer, Binary]:
    found = {name: find(name, [folder]) for name in get_args(Renderer)}
    return {name: binary for name, binary in found.items() if binary is not None}


@cache
def _ready() -> Path | str:
    """The folder, or one sentence on why there is none."""
    if given := os.environ.get("FAIRLEAD_TOOLS"):
        lacking = _lacking(Path(given))
        return (
            f"FAIRLEAD_TOOLS holds no pinned {' and no '.join(lacking)}"
            if lacking
            else Path(_GIVEN)
        )
    with _one_at_a_time():
        for name in _lacking(_FOLDER):
            tool = next(tool for tool in pinned_tools() if tool.name == name)
            _say(f"Building {name} {tool.version} into .tools (some minutes, once)")
            try:
                build(tool, _FOLDER, _Pace().step)
            except UsageError as error:
                return f"{name} {tool.version} is not in .tools, and {error}"
    lacking = _lacking(_FOLDER)
    return f"what was built as {' and '.join(lacking)} is another version" if lacking else _FOLDER


def _lacking(folder: Path) -> list[str]:
    """The pinned renderers that are not in this folder."""
    return [tool.name for tool in pinned_tools() if not _holds(folder, tool.name)]


def _holds(folder: Path, name: ToolName) -> bool:
    found = find(name, [folder])
    here = (folder / name).resolve()
    return found is not None and found.pinned and found.path == here


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Whoever comes second, as another worker of xdist does, waits and finds what was built."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with (_FOLDER / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class _Pace:
    """Says one step of a build in half a minute."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def step(self, text: str) -> None:
        if time.monotonic() - self._said > 30:
            self._said = time.monotonic()
            _say(f"  {text}")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _build_validator() -> None:
    """Build the validator into the folder of the renderers, once."""
    tool = pinned_validator()
    if _GIVEN or _has_validator(_FOLDER):
        return
    _say(f"Building {tool.name} {tool.version} into .tools (about ten CPU minutes, once)")
    with _one_at_a_time():
        try:
            build(tool, _FOLDER)
        except UsageError as error:
            _say(f"Tests of the validator are left out: {error}")


if __name__ == "__main__":
    made = _ready()
    _build_validator()
    if isinstance(made, str):
        _say(f"Tests of the renderers are left out: {made}")
