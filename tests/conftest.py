"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import hypothesis
import pytest

from bot.standin import StandIn
from tests.github_schema import violations, webhook_violations

# No test needs the Internet; those of what is fetched say so themselves, and ask this machine.
os.environ["FAIRLEAD_FETCH"] = "false"

# How long a busy machine takes to think of an input says nothing about the code.
hypothesis.settings.register_profile(
    "any-machine", suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any-machine")


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[StandIn]:
    """A stand-in that serves; everything over its wire must be as GitHub describes it."""
    yield from _checked(tmp_path, requests=True)


@pytest.fixture
def refusing_stand_in(tmp_path: Path) -> Iterator[StandIn]:
    """A stand-in for tests that ask wrongly on purpose: only its answers are checked."""
    yield from _checked(tmp_path, requests=False)


def _checked(directory: Path, *, requests: bool) -> Iterator[StandIn]:
    with StandIn(directory / "github") as stand_in:
        yield stand_in
        stand_in.deliveries.settle()
        exchanges, deliveries = stand_in.exchanges.all(), stand_in.deliveries.all()
    found = [
        *islice(violations(exchanges, requests=requests), 10),
        *islice(webhook_violations(deliveries), 10),
    ]
    if found:
        pytest.fail("GitHub describes this otherwise:\n" + "\n".join(found))
