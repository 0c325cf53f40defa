"""Public repositories, file by file, as kubectl decodes them: opt-in, see CONTRIBUTING."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from bot.core.manifest import Manifest
from bot.core.reading import read_manifest
from tests.real.clones import NEEDS_CLONES, clone_or_skip

_KUBECTL: Final = shutil.which("kubectl")
_LISTED: Final = json.loads((Path(__file__).parent / "repositories.json").read_text("utf-8"))
_MARK: Final = "fairlead.example.com/read"
_BATCH: Final = 200

pytestmark = [
    *NEEDS_CLONES,
    pytest.mark.skipif(not _KUBECTL, reason="there is no kubectl to compare with"),
]


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    data: bytes
    manifest: Manifest


def _files(clone: Path, commit: str) -> Iterator[_File]:
    listed = subprocess.run(
        ["git", "-C", str(clone), "ls-tree", "-rz", commit], capture_output=True, check=True
    ).stdout.decode("utf-8", "surrogateescape")
    for entry in listed.split("\0"):
        head, _, path = entry.partition("\t")
        if head.startswith("100") and path.endswith((".yaml", ".yml", ".json")):
            blob = head.split()[2]
            done = subprocess.run(
                ["git", "-C", str(clone), "cat-file", "blob", blob], capture_output=True, check=True
            )
            yield _File(path, done.stdout, read_manifest(done.stdout))


def _decoded(files: list[_File], folder: Path) -> list[Any] | None:
    """What kubectl makes of the files, None where it refuses one of them."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for number, file in enumerate(files):
        (folder / f"{number:06}.yaml").write_bytes(file.data)
    done = subprocess.run(
        [str(_KUBECTL), "annotate", "--local", "-f", str(folder), f"{_MARK}=x", "-o", "json"],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        return None
    text, at, found = done.stdout.decode(), 0, []
    while at < len(text.rstrip()):
        value, end = json.JSONDecoder().raw_decode(text, at)
        found.append(_bare(value))
        at = end + 1
    return found


def _bare(value: Any) -> Any:
    """The object without annotations that are empty but for ours."""
    metadata = value.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    annotations.pop(_MARK, None)
    if not annotations:
        metadata.pop("annotations", None)
    value["metadata"] = metadata
    return value


def _mine(file: _File) -> list[Any]:
    return [json.loads(held.encoded) for held in file.manifest.kubectl.objects]


def _can_be_asked(file: _File) -> bool:
    """Whether kubectl can annotate each object, so that it shows how it decoded them."""
    return all(
        isinstance(value, dict)
        and all(isinstance(value.get(key), str) and value[key] for key in ("kind", "apiVersion"))
        and isinstance(metadata := value.get("metadata", {}) or {}, dict)
        and isinstance(held := metadata.get("annotations", {}) or {}, dict)
        and all(isinstance(text, str) for text in held.values())
        for value in _mine(file)
    )


def _differing(files: list[_File], folder: Path) -> Iterator[str]:
    """The paths of files that kubectl decodes otherwise, found by halving."""
    decoded = _decoded(files, folder)
    if decoded == [_bare(value) for file in files for value in _mine(file)]:
        return
    if len(files) == 1:
        yield files[0].path
        return
    half = len(files) // 2
    yield from _differing(files[:half], folder)
    yield from _differing(files[half:], folder)


@pytest.mark.parametrize("listed", _LISTED, ids=lambda held: str(held["repository"]))
def test_every_file_is_read_as_kubectl_decodes_it(
    listed: dict[str, str], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    files = list(_files(clone_or_skip(listed["repository"]), listed["commit"]))
    refused = [file for file in files if file.manifest.kubectl.error is not None]
    asked = [
        file
        for file in files
        if file.manifest.kubectl.objects and file not in refused and _can_be_asked(file)
    ]
    folder = tmp_path / "asked"

    accepted = [file.path for file in refused if _decoded([file], folder) is not None]
    differing = [
        path
        for start in range(0, len(asked), _BATCH)
        for path in _differing(asked[start : start + _BATCH], folder)
    ]

    counts = {
        "files": len(files),
        "asked": len(asked),
        "objects": sum(len(file.manifest.kubectl.objects) for file in asked),
        "refused": len(refused),
    }
    record_property("counts", counts)
    print(listed["repository"], counts)  # noqa: T201 - shown by pytest -s and for what failed
    assert (accepted, differing) == ([], [])
