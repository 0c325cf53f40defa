"""A difference of 5,000 resources: its cost, and what GitHub takes of it."""

from __future__ import annotations

import sys
import time

import pytest

from bot.core.diff.difference import difference
from bot.core.engine.review import Counts, Review, Summary
from bot.core.policy.model import Policy
from bot.core.publish.markdown import LONGEST_BODY
from bot.core.publish.report import summary
from bot.core.state import Change
from tests.core.diff.test_difference import changed, pod

RESOURCES = 5_000
# Where coverage is measured, every line costs several times as much.
SECONDS = 2.0 if sys.gettrace() is None else 8.0
TRIES = 3


def change(number: int, *, alike: bool) -> Change:
    """A new image of a workload that looks like those that people write."""

    def spec(tag: int) -> object:
        container = {
            "name": "web",
            "image": f"registry.example.com/team/app{0 if alike else number}:{tag}",
            "args": ["--port=8080"],
            "env": [{"name": f"E{index}", "value": f"v{index}"} for index in range(10)],
            "ports": [{"name": "http", "containerPort": 8080}],
            "resources": {"limits": {"memory": "1Gi"}, "requests": {"cpu": "100m"}},
        }
        return pod([container], serviceAccountName="web")

    return changed(spec(1), spec(2), name=f"app-{number}")


@pytest.mark.parametrize(("alike", "groups"), [(False, RESOURCES), (True, 1)])
def test_it_takes_two_seconds_at_most_and_fits_into_a_check(groups: int, *, alike: bool) -> None:
    """CPU seconds of the fastest of a few tries, since a busy machine makes each of them longer."""
    changes = [change(number, alike=alike) for number in range(RESOURCES)]
    spent = []
    for _ in range(TRIES):
        begun = time.process_time()
        found = difference([("default", changes)])
        counts = Summary(1, RESOURCES, Counts(changed=RESOURCES), "images")
        review = Review("pass", "a" * 40, "b" * 40, (), (), (), counts, difference=found)
        text = summary(review, Policy())
        spent.append(time.process_time() - begun)
        if spent[-1] <= SECONDS:
            break

    assert (len(found.groups), found.omitted) == (groups, 0)
    assert len(text.encode()) <= LONGEST_BODY
    assert f"{RESOURCES:,} changed" in text
    assert f"{RESOURCES} changed" not in text
    assert min(spent) <= SECONDS
