"""A renderer that misbehaves, and what it has: bounded, alone, and nothing inherited."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from bot.core.rendering import Build, BuildResult
from bot.render.renderers import Renderers
from bot.render.run import Finished, RendererCommand, RunLimits, run
from bot.render.tools import find
from bot.render.workspace import Work, work_folder
from tests.patience import PATIENCE
from tests.render.building import CANARY, Contents, Outside, leaks
from tests.sandbox.running import NOBODY, python
from tests.tools import renderer_tools

LIMITS: Final = RunLimits(memory=256 * 2**20, output=2**20, errors=4096, cpu=5, wall=0.8)
PATIENT: Final = replace(LIMITS, wall=20.0)


def misbehave(code: str, limits: RunLimits) -> Finished:
    """How Python ends that runs this code where a renderer would, with the rights of one."""
    with work_folder({"app/a.yaml": b"a"}) as work:
        python_itself = tuple({Path(sys.base_prefix), Path(sys.prefix)})
        command = RendererCommand(
            (os.path.realpath(sys.executable), "-I", "-S", "-c", code),
            folder=work.wrapper,
            read=(work.tree, work.wrapper, *python_itself),
            write=(work.scratch,),
        )
        return run(command, limits)


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import time; time.sleep(600)", id="sleeps"),
        pytest.param(
            "import signal, time\n"
            "for each in range(1, 32):\n"
            "    if each not in (9, 19): signal.signal(each, signal.SIG_IGN)\n"
            "time.sleep(600)",
            id="ignores every signal",
        ),
        pytest.param(
            "import os, time; os.close(1); os.close(2); time.sleep(600)", id="closes its outputs"
        ),
        pytest.param(
            "import threading, time\n"
            "for _ in range(8): threading.Thread(target=time.sleep, args=[600]).start()",
            id="leaves threads",
        ),
    ],
)
def test_a_renderer_that_hangs_is_ended(code: str) -> None:
    started = time.monotonic()

    finished = misbehave(code, LIMITS)

    assert finished == Finished("time", b"", "")
    assert time.monotonic() - started < LIMITS.wall + PATIENCE


def test_a_flood_of_output_is_cut() -> None:
    finished = misbehave("import os\nwhile True: os.write(1, b'x' * 65536)", PATIENT)

    # What came before the limit is kept: whoever answers line by line has answered some.
    assert (finished.ending, set(finished.output), finished.errors) == ("output", {ord("x")}, "")
    assert len(finished.output) <= PATIENT.output + (1 << 20)


def test_of_a_flood_of_complaints_the_beginning_is_kept() -> None:
    code = "import os, sys\nfor _ in range(1000): os.write(2, b'x' * 4096)\nsys.exit(1)"

    finished = misbehave(code, PATIENT)

    assert finished == Finished("failed", b"", "x" * LIMITS.errors)


def test_memory_that_the_kernel_lets_pass_is_watched() -> None:
    """Pages mapped over a reservation are no data to RLIMIT_DATA, as Go maps its heap."""
    code = (
        "import ctypes, time\n"
        "c = ctypes.CDLL(None); c.mmap.restype = ctypes.c_void_p; size = 1 << 30\n"
        "words = [ctypes.c_size_t(size), 0, 0x22, -1, ctypes.c_long(0)]\n"
        "at = c.mmap(None, *words); words[1] = 3; words[2] |= 0x10\n"
        "at = c.mmap(ctypes.c_void_p(at), *words)\n"
        "for page in range(0, size, 4096): ctypes.memset(at + page, 1, 1)\n"
        "time.sleep(600)"
    )

    assert misbehave(code, PATIENT) == Finished("memory", b"", "")


def test_no_process_can_be_started() -> None:
    code = (
        "import os\n"
        "for start in (os.fork, lambda: os.execv('/bin/sh', ['sh'])):\n"
        "    try: start(); print('started')\n"
        "    except PermissionError: print('refused')"
    )

    assert misbehave(code, PATIENT) == Finished("done", b"refused\nrefused\n", "")


def test_nothing_is_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable but ours, and no file but the three: not even one left open on purpose."""
    monkeypatch.setenv("GITHUB_TOKEN", CANARY)
    monkeypatch.setenv("PYTHONPATH", "/")
    code = (
        "import fcntl, os\n"
        "def held(number):\n"
        "    try: fcntl.fcntl(number, fcntl.F_GETFD); return True\n"
        "    except OSError: return False\n"
        "print(sorted(os.environ), list(filter(held, range(256))), os.read(0, 1))"
    )
    with _inheritable():
        finished = misbehave(code, PATIENT)

    ours = ["GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK", "HOME", "LC_CTYPE", "TMPDIR"]
    assert finished == Finished("done", f"{ours} [0, 1, 2] b''\n".encode(), "")


@contextmanager
def _inheritable() -> Iterator[None]:
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    try:
        yield
    finally:
        os.close(reading)
        os.close(writing)


def test_links_in_the_tree_lead_nowhere(beside: Outside) -> None:
    """The work folder is written without links; were there one, it would not be followed out."""
    with work_folder({"app/kustomization.yaml": b"resources: [a.yaml, b]\n"}) as work:
        (work.tree / "app" / "a.yaml").symlink_to(beside.folder / "canary.yaml")
        (work.tree / "app" / "b").symlink_to(beside.folder)
        finished = run(_kustomize(work), PATIENT)

    assert (finished.ending, CANARY in finished.errors) == ("failed", False)
    assert "permission denied" in finished.errors
    assert not beside.was_reached()


def _kustomize(work: Work) -> RendererCommand:
    return RendererCommand(
        (
            str(renderer_tools().resolve() / "kustomize"),
            "build",
            "--load-restrictor=LoadRestrictionsNone",
            str(work.tree / "app"),
        ),
        folder=work.wrapper,
        read=(work.tree, work.wrapper),
        write=(work.scratch,),
    )


def test_a_script_as_renderer_cannot_run_in_the_sandbox(tmp_path: Path) -> None:
    script = tmp_path / "kustomize"
    script.write_text(f"#!/bin/sh\ncat {tmp_path}/kustomize\n")
    script.chmod(0o755)
    with work_folder({"app/kustomization.yaml": b""}) as work:
        command = replace(_kustomize(work), words=(str(script), "build"))

        assert run(command, PATIENT).ending == "failed"


_BUILD: Final = (
    "import sys; from pathlib import Path; from bot.core.rendering import Build\n"
    "from bot.render.renderers import Renderers; from bot.render.tools import find\n"
    "class Blobs:\n"
    "    def data(self, blob): return blob.encode()\n"
    "text = 'configMapGenerator: [{name: a, literals: [b=c]}]'\n"
    "build = Build('kustomize', 'app', {'app/kustomization.yaml': text})\n"
    "for confined in (True, False):\n"
    "    found = {'kustomize': find('kustomize', [Path(sys.argv[1])])}\n"
    "    renderers = Renderers(Blobs(), found, confined=confined)\n"
    "    built = renderers.build(build)\n"
    "    print(built.status, built.tool, built.message)\n"
)


def test_a_user_without_privileges_renders_as_well() -> None:
    folder = renderer_tools().resolve()

    said = python(_BUILD, str(folder), user=NOBODY)

    assert said == "rendered kustomize 5.8.1 \n" * 2


def test_without_a_complete_sandbox_nothing_is_rendered_unless_that_is_asked_for() -> None:
    """A kernel without Landlock, which a filter plays: it says that there is no such call."""
    folder = renderer_tools().resolve()
    no_landlock = (
        "import ctypes, struct; from bot.sandbox.calls import prctl\n"
        "steps = [(0x20, 0, 0, 0), (0x15, 0, 1, 444), (6, 0, 0, 0x50026), (6, 0, 0, 0x7FFF0000)]\n"
        "code = ctypes.create_string_buffer(b''.join(struct.pack('=HBBI', *s) for s in steps))\n"
        "held = ctypes.create_string_buffer(struct.pack('@HP', 4, ctypes.addressof(code)))\n"
        "prctl(38, 1); prctl(22, 2, ctypes.addressof(held))\n"
    )

    said = python(no_landlock + _BUILD, str(folder))

    reason = "the sandbox is not complete on this machine (no Landlock, seccomp)"
    assert said.splitlines() == [
        f"unavailable kustomize 5.8.1 {reason}",
        "rendered kustomize 5.8.1 ",
    ]


def test_kubectls_own_kustomize_renders_where_there_is_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("there is no kubectl on the PATH")
    (tmp_path / "kubectl").symlink_to(Path(kubectl).resolve())
    monkeypatch.setenv("PATH", str(tmp_path))
    files = {"app/kustomization.yaml": b"configMapGenerator: [{name: a, literals: [b=c]}]\n"}

    found = find("kustomize", [])
    if found is None:
        pytest.skip(f"{kubectl} is no program that says which kustomize it carries")
    built = Renderers(Contents(files), {"kustomize": found}).build(
        Build("kustomize", "app", {path: path for path in files})
    )

    assert (found.path, found.words) == (Path(kubectl).resolve(), ("kustomize",))
    assert (built.status, built.tool) == ("rendered", f"kustomize {found.version}")


def test_a_missing_renderer_is_said_with_how_to_get_it() -> None:
    build = Build("helm", "chart", {})

    assert Renderers(Contents({}), {}).build(build) == BuildResult(
        "unavailable", message="helm is not installed: run `fairlead tools fetch`"
    )


def test_leaks_would_be_seen(beside: Outside) -> None:
    built = BuildResult("rendered", f"{CANARY} in /tmp/fairlead-render-x".encode())

    assert leaks(built, beside) == ["the canary", "our folders"]
