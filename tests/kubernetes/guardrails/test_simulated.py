"""What guards newly admit, against an admission that is simulated request by request."""

from __future__ import annotations

import json
import os

import pytest

from bot.kubernetes.guardrails.weakened import guardrails_weakened
from tests.kubernetes.guardrails.simulator import Maker, admits_more
from tests.states import world

_ASKED = os.environ.get("FAIRLEAD_GUARD_PAIRS", "")
_PAIRS = int(_ASKED or "300")


@pytest.mark.parametrize("part", range(5))
def test_a_guard_is_weakened_exactly_where_a_request_is_newly_admitted(part: int) -> None:
    for seed in range(part, _PAIRS, 5):
        base, head = Maker(seed).pair()
        found = list(guardrails_weakened(*(world(*map(json.dumps, side)) for side in (base, head))))
        loud = [finding for finding in found if finding.severity != "notice"]
        newly_admitted = admits_more(base, head, every=bool(_ASKED))
        assert bool(loud) == newly_admitted, (seed, base, head, found)


@pytest.mark.parametrize("seed", range(20))
def test_requests_that_no_guard_tells_apart_are_asked_once(seed: int) -> None:
    base, head = Maker(seed).pair()

    assert admits_more(base, head) == admits_more(base, head, every=True)
