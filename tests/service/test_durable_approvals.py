"""What people decide reaches the real service by its webhook, and outlives the process."""

from __future__ import annotations

import json
from pathlib import Path

from bot.standin import StandIn
from bot.standin.repositories import StandInPullRequest
from tests.service.test_process import DEPLOYMENT, POLICY, SETTINGS, Running, running

APPROVING = POLICY + "approvals: [{rules: ['image-*'], users: [hubot]}]\n"
OTHER = DEPLOYMENT.replace("name: api", "name: other").encode()


def green(here: Running, pull: StandInPullRequest) -> bool:
    """Whether the newest run on the head comes to pass."""

    def passed() -> bool:
        run = here.github.check_run(pull)
        return run is not None and run.conclusion == "success"

    return here.github.wait_until(passed)


def test_an_approval_is_heard_and_outlives_the_process(stand_in: StandIn, tmp_path: Path) -> None:
    with running(stand_in, tmp_path / "service", SETTINGS) as here:
        policy = {".github/fairlead.yml": APPROVING.encode()}
        here.github.commit(here.repository, "main", policy)
        pull = here.pull()
        assert here.concluded(pull).conclusion == "failure"
        here.github.comment(pull, "/fairlead approve all we know it", by="hubot")
        assert green(here, pull), here.service.log.read_text()
        here.kill()
        here.start()
        here.github.commit(here.repository, "change", {"other.yaml": OTHER})
        assert here.concluded(pull).conclusion == "success"
        lines = (here.directory / "data" / "audit.jsonl").read_text().splitlines()

    approved = [held for held in map(json.loads, lines) if held["event"] == "approved"]
    assert [(held["actor"], held["reason"]) for held in approved] == [("hubot", "we know it")]
    assert all(held["delivery"] for held in approved)
