"""The sandbox is tried, not believed."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from bot.sandbox import SandboxState, proved_state, sandbox_state
from tests.sandbox.running import NOBODY, python

_STATE: Final = (
    "import json; from bot.sandbox import proved_state; state = proved_state(); "
    "print(json.dumps([state.complete, str(state)]))"
)


def test_the_sandbox_of_this_machine_holds() -> None:
    state = sandbox_state()
    if not state.complete:
        pytest.skip(f"this machine offers no complete sandbox: {state}")

    assert proved_state() == state


def test_what_is_possible_without_a_sandbox_would_be_said(tmp_path: Path) -> None:
    """The same attempts in a process that nothing confines: none of them is a dud."""
    for folder in ("tree", "scratch"):
        (tmp_path / folder).mkdir()
    for file in ("outside", "tree/file"):
        (tmp_path / file).write_text("a")
    tries = (
        "import json, sys, pathlib; from bot.sandbox import proof; "
        "tries = dict(proof._forbidden(pathlib.Path(sys.argv[1]))); "
        "tries.pop('a program can be started'); "
        "print(json.dumps([list(tries), list(proof._possible(tries))]))"
    )

    tried, possible = json.loads(python(tries, str(tmp_path)))

    # Who may make a namespace, and read another process, is the machine's to say.
    own = {"a namespace can be made", "another process can be read"}
    assert set(tried) - own <= set(possible)


def test_a_sandbox_that_does_not_hold_is_not_complete_and_says_so() -> None:
    state = SandboxState(7, seccomp=True, broken=("a file outside can be read",))

    assert (state.complete, str(state), str(replace(state, broken=()))) == (
        False,
        "Landlock ABI 7, seccomp, but a file outside can be read",
        "Landlock ABI 7, seccomp",
    )


def test_a_user_without_any_privilege_has_the_same_sandbox() -> None:
    said = json.loads(python(_STATE, user=NOBODY))

    assert said == [True, str(sandbox_state())]


def test_without_capabilities_the_sandbox_is_the_same() -> None:
    setpriv = shutil.which("setpriv")
    if setpriv is None or os.geteuid() != 0:
        pytest.skip("only root, with setpriv at hand, can give up its capabilities here")
    dropped = (setpriv, "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")

    said = json.loads(python(_STATE, before=dropped))

    assert said == [True, str(sandbox_state())]
