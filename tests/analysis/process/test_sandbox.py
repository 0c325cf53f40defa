"""What a confined process can no longer do."""

from __future__ import annotations

import pytest
from msgspec import msgpack

from bot.analysis.process.channel import Channel
from bot.analysis.process.start import spawn_with
from bot.sandbox import SandboxState, sandbox_state
from bot.sandbox.syscalls import ARCHITECTURES
from tests.analysis.process.attempts import ALLOWED, ATTEMPTS

LAUNCH = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from tests.analysis.process.attempts import attempt_all; "
    "attempt_all(int(sys.argv[2]), int(sys.argv[3]))"
)

needs_seccomp = pytest.mark.skipif(
    not sandbox_state().seccomp, reason="this kernel offers no seccomp filters: not tested here"
)


@needs_seccomp
def test_the_child_reaches_nothing_and_still_has_memory_and_threads() -> None:
    with Channel(512 * 1024 * 1024, 20, 30, spawn_with(LAUNCH)) as channel:
        told = msgpack.decode(channel.receive())

    refused = {"PermissionError", "OSError", "refused before the call"}
    assert {name for name in ATTEMPTS if told["outcomes"][name] not in refused} == set()
    assert {name: told["outcomes"][name] for name in ALLOWED} == dict.fromkeys(ALLOWED, "allowed")
    # What importing has mapped comes on top of what the review may allocate.
    data = told["limits"].pop("RLIMIT_DATA")
    assert 512 * 1024 * 1024 <= data < 2048 * 1024 * 1024
    # The interpreter itself sets this one where it is given none (PEP 538).
    assert (told["environment"], told["limits"]) == (
        {"LC_CTYPE": "C.UTF-8"},
        {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": 0},
    )


@pytest.mark.skipif(
    not sandbox_state().landlock, reason="this kernel has no Landlock: not tested here"
)
def test_landlock_is_used_where_it_is() -> None:
    with Channel(512 * 1024 * 1024, 20, 30, spawn_with(LAUNCH)) as channel:
        told = msgpack.decode(channel.receive())

    assert told["complete"] == sandbox_state().complete


def test_the_state_says_what_is_missing() -> None:
    assert [str(SandboxState(0, seccomp=False)), str(SandboxState(6, seccomp=True))] == [
        "no Landlock, no seccomp",
        "Landlock ABI 6, seccomp",
    ]
    assert [SandboxState(0, seccomp=True).complete, SandboxState(1, seccomp=True).complete] == [
        False,
        True,
    ]


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_no_call_is_named_twice(name: str) -> None:
    denied = ARCHITECTURES[name].denied

    assert len(denied) == len(set(denied))
