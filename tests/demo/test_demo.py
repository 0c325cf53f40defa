"""The demonstration: it shows the whole story, and says where something is not as it should be."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from bot.cli.demo import _settings
from bot.standin import StandIn
from bot.standin.demo import EXPECTED, demonstration, wrong_about_bad, wrong_about_fix
from bot.standin.service_process import Unexpected, start_service
from tests.patience import PATIENCE


def test_the_demo_shows_the_story_and_all_is_as_expected() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from bot.cli import main; main()", "demo", "--once"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        0,
        "fairlead: Everything was as expected",
    )
    told = [
        line
        for line in done.stdout.splitlines()
        if line.startswith(("Pull request", "Check ", "Merging", "This branch", "No open"))
    ]
    assert [line.rstrip(" ─") for line in told] == [
        "Pull request #1",
        told[1],
        'Merging is blocked: Required status check "fairlead" is failing.',
        "Pull request #1",
        "No open threads.",
        told[5],
        "This branch can be merged.",
        "Pull request #2",
        "Check fairlead: failure, Waiting for approval by example/security: 1 finding",
        told[2],
        "Pull request #2",
        "No open threads.",
        told[12].rstrip(),
        "This branch can be merged.",
    ]
    assert told[12].startswith("Check fairlead: success, Accepted by hubot")
    assert (told[1].startswith("Check fairlead: failure"), told[5]) == (
        True,
        "Check fairlead: success, Nothing found",
    )
    shown = {path for path in EXPECTED.values() if f"\n{path}:" in done.stdout}
    assert shown == set(EXPECTED.values())


def test_without_once_it_stays_up_until_it_is_told_to_end() -> None:
    with subprocess.Popen(
        [sys.executable, "-u", "-c", "from bot.cli import main; main()", "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        lines = iter(process.stderr.readline, "")
        # Its output has room in the pipe: the story is far shorter than 64 KiB.
        assert any("Running until" in line for line in lines)
        process.send_signal(signal.SIGTERM)
        shown, last = process.communicate(timeout=60)
    assert (process.returncode, last) == (0, "fairlead: Everything was as expected\n")
    pages = [line.rsplit("/", 1) for line in shown.splitlines() if line.startswith("http://")]
    assert [number for _, number in pages] == ["1", "2", "3", ""]


def test_what_is_not_as_expected_is_said(tmp_path: Path) -> None:
    with demonstration(tmp_path, _settings()) as running:
        bad = running.open_bad("bad")
        assert list(wrong_about_bad(bad)) == []
        assert list(wrong_about_fix(bad)) == [
            "the check concluded failure and not success",
            'the merge was refused: Required status check "fairlead" is failing.',
            *(f"a comment is still at {one.path}:{one.line}" for one in bad.comments),
        ]
        page = requests.get(running.page(bad.number), timeout=PATIENCE)
        assert (page.status_code, "fairlead" in page.text) == (200, True)
        fixed = running.push_fix(bad.number)
        assert list(wrong_about_fix(fixed)) == []
        assert list(wrong_about_bad(fixed)) == [
            "the check concluded success and not failure",
            "the merge was not refused",
            *(f"no comment of {rule} stands in {path}" for rule, path in EXPECTED.items()),
        ]


def test_a_service_that_does_not_start_is_said_with_its_reason(
    stand_in: StandIn, tmp_path: Path
) -> None:
    app = stand_in.create_app()
    with pytest.raises(Unexpected) as raised:
        start_service(tmp_path, app, stand_in.api_url, {"PORT": "x"})
    assert str(raised.value) == (
        "the service did not start: fairlead: PORT is 'x': it must be a number from 0 to 65535"
    )
