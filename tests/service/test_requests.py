"""What a pull request costs of the requests that GitHub allows."""

from __future__ import annotations

from dataclasses import replace

from bot.github.tasks import Announcement
from bot.metrics import Metrics
from tests.service.world import BAD, World

MOST = 20
"""Requests of one job. GitHub allows an installation 5,000 an hour."""

MOST_REQUESTS = 13
"""Requests of a review after a change of the policy, with those for its token."""


def test_the_requests_of_each_job_are_counted(world: World) -> None:
    metrics = Metrics()
    service = replace(world.service, observer=metrics)
    pull = world.pull({"a.yaml": BAD})
    job = world.job(pull)
    service.organisations.forget(world.installation.id)
    before = len(world.github.exchanges.all())
    for task in (Announcement(job), job, job):
        service.do(task)

    counted, jobs = (
        int(float(line.split()[1]))
        for end in ("sum", "count")
        for line in metrics.text().decode().splitlines()
        if line.startswith(f"fairlead_job_requests_{end}")
    )
    made = [
        exchange.path
        for exchange in world.github.exchanges.all()[before:]
        if exchange.path.startswith("/api/")
    ]
    # Beside the App's identity and a token for the organisation's policy, which are remembered.
    assert (counted, jobs) == (len(made) - 2, 3)
    assert len(made) <= jobs * MOST


def test_a_check_that_turns_green_with_the_policy_costs_little(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    assert world.review(pull) == "blocked"
    world.push({".github/fairlead.yml": "rules: {image-not-approved: off}\n"}, "main")
    before = len(world.github.exchanges.all())
    assert world.review(pull, reason="policy", priority="recheck") == "pass"

    made = [exchange.path for exchange in world.github.exchanges.all()[before:]]
    assert [path for path in made if path.endswith("/files")] == []
    assert len([path for path in made if path.startswith("/api/")]) <= MOST_REQUESTS


def test_files_are_read_only_where_a_finding_gets_a_thread(world: World) -> None:
    world.push({".github/fairlead.yml": "inline: never\n"}, "main")
    pull = world.pull({"a.yaml": BAD})
    before = len(world.github.exchanges.all())
    assert (world.review(pull), pull.comments) == ("blocked", [])

    made = world.github.exchanges.all()[before:]
    assert [exchange.path for exchange in made if exchange.path.endswith("/files")] == []
