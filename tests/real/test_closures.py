"""A root built of its closure is what the whole checkout gives, byte for byte."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import IO, Final

import pytest

from bot.analysis.manifests import ReadManifests
from bot.core.rendering import Build, BuildResult
from bot.core.states.roots.files import files_of
from bot.core.states.roots.inferred import roots_of
from bot.core.states.roots.naming import Naming
from bot.core.states.roots.root import Root
from bot.core.tree import File
from bot.render.renderers import Renderers, _command
from bot.render.run import run
from bot.render.workspace import Work
from tests.real.clones import NEEDS_CLONES, clone_or_skip
from tests.tools import renderer_binaries

# A snapshot may lack them, and no root is made of any.
_PICTURES: Final = tuple(f":(exclude,glob)**/*.{kind}" for kind in ("gif", "jpg", "png"))

pytestmark = [*NEEDS_CLONES]


@dataclass(frozen=True, slots=True)
class Counts:
    """Of the roots that are not refused: how many render to the same by both ways, or differ.

    What fails both ways is not counted. `volatile` are those that differ from build to build, as a
    chart that makes a key does.
    """

    same: int
    volatile: int = 0
    different: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("repository", "commit", "expected"),
    [
        pytest.param(
            "kubeflow/manifests",
            "009c88084074904c7743384ff50d3bd70012ef55",
            Counts(same=51, volatile=1),
            id="kubeflow/manifests",
        ),
        pytest.param(
            "operate-first/apps",
            "34402be8f720c55cc59f59ac1ec5ae92226bfaa7",
            Counts(same=216),
            id="operate-first/apps",
        ),
        pytest.param(
            "redhat-appstudio/infra-deployments",
            "e952b7605e4f38dd6ae222177fb26dfb56405528",
            Counts(same=385),
            id="redhat-appstudio/infra-deployments",
        ),
        pytest.param(
            "onedr0p/home-ops",
            "d9078e4dd52174ad68a4408ca3398f731b2f889e",
            Counts(same=92),
            id="onedr0p/home-ops",
        ),
        pytest.param(
            "GoogleCloudPlatform/microservices-demo",
            "34ffea9175946982c3088ed84994fe6019ad6e92",
            Counts(same=6),
            id="GoogleCloudPlatform/microservices-demo",
        ),
        pytest.param(
            "fluxcd/flux2-kustomize-helm-example",
            "4f1a5b1051b469108d1bdf0ebec6c814427e3834",
            Counts(same=6),
            id="fluxcd/flux2-kustomize-helm-example",
        ),
    ],
)
def test_a_closure_gives_what_the_checkout_gives(
    repository: str, commit: str, expected: Counts, tmp_path: Path
) -> None:
    clone = clone_or_skip(repository)
    work = _checkout(clone, commit, tmp_path)
    same, volatile, different = 0, 0, []
    with _contents(clone) as blobs:
        renderers = Renderers(blobs, renderer_binaries())
        for root in _roots(clone, commit, blobs):
            build = root.build
            assert build is not None
            built, whole = renderers.build(build), _of_checkout(renderers, build, work)
            if (built.status, built.output) == (whole.status, whole.output):
                same += built.status == "rendered"
            elif built.output != renderers.build(build).output:
                volatile += 1
            else:
                different.append(f"{root.name}: {_difference(built, whole)}")

    assert Counts(same, volatile, tuple(different)) == expected


def _difference(built: BuildResult, whole: BuildResult) -> str:
    """What the two gave: the messages, or the first lines that differ."""
    lines = (held.output.decode(errors="replace").splitlines() for held in (built, whole))
    pairs = zip_longest(*lines, fillvalue="")
    first = next((pair for pair in pairs if pair[0] != pair[1]), None)
    return f"{built.message or built.status} / {whole.message or whole.status}: {first}"


def _roots(clone: Path, commit: str, blobs: _Blobs) -> list[Root]:
    """The kustomizations and charts that a renderer may be given."""
    found = roots_of(files_of(dict(_files(clone, commit))), ReadManifests(blobs), Naming())
    return [
        root
        for root in found.roots.values()
        if root.kind != "directory" and not any(reason.refuses for reason in root.reasons)
    ]


def _of_checkout(renderers: Renderers, build: Build, work: Work) -> BuildResult:
    """The same build where the whole tree lies instead of its closure."""
    binary = renderers.binaries[build.renderer]
    finished = run(_command(build, binary, work), renderers.limits)
    return renderers._built(finished, binary, build, work)


def _checkout(clone: Path, commit: str, folder: Path) -> Work:
    """Everything that the commit holds, with its symlinks."""
    work = Work(folder / "tree", folder / "wrapper", folder / "scratch")
    for held in (work.tree, work.wrapper, work.scratch):
        held.mkdir()
    packed = folder / "tree.tar"
    with packed.open("wb") as out:
        words = ("git", "-C", str(clone), "archive", commit, "--", ".", *_PICTURES)
        subprocess.run(words, stdout=out, check=True)
    with tarfile.open(packed) as held_tar:
        held_tar.extractall(work.tree, filter="tar")
    return work


@dataclass(frozen=True, slots=True)
class _Blobs:
    """The contents of a bare clone, by git's own reader."""

    asked: IO[bytes]
    answered: IO[bytes]

    def data(self, blob: str) -> bytes:
        self.asked.write(f"{blob}\n".encode())
        self.asked.flush()
        size = int(self.answered.readline().split()[2])
        return self.answered.read(size + 1)[:size]


@contextmanager
def _contents(clone: Path) -> Iterator[_Blobs]:
    with subprocess.Popen(
        ["git", "-C", str(clone), "cat-file", "--batch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as git:
        assert git.stdin is not None
        assert git.stdout is not None
        yield _Blobs(git.stdin, git.stdout)


def _files(clone: Path, commit: str) -> Iterator[tuple[str, File]]:
    listed = subprocess.run(
        ["git", "-C", str(clone), "ls-tree", "-rlz", commit], capture_output=True, check=True
    ).stdout.decode("utf-8", "surrogateescape")
    for entry in listed.split("\0"):
        head, _, path = entry.partition("\t")
        if head:
            mode, _, blob, size = head.split()
            yield path, File(mode, blob, int(size) if size.isdigit() else 0)
