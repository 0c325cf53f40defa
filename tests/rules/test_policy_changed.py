"""The rule about the repository's own rules: once, in no environment, whatever else changes."""

from __future__ import annotations

from datetime import date

from bot.analysis.examine import examine
from bot.catalog import load_rules
from bot.core.approvals import digest
from bot.core.codeowners import LOCATIONS
from bot.core.decide import decide
from bot.core.finding import Severity
from bot.core.policy import POLICY_PATH, Policy, Waiver
from bot.core.review import ReviewFinding

RULES = [rule for rule in load_rules() if rule.id == "policy-changed"]
THING = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
BASE = {
    POLICY_PATH: b"version: 1\n",
    "CODEOWNERS": b"* @me\n",
    "clusters/eu/a.yaml": THING,
    "clusters/us/a.yaml": THING,
}


def found(**changes: bytes | None) -> list[ReviewFinding]:
    head = {path: data for path, data in (BASE | changes).items() if data is not None}
    return list(examine(BASE, head, Policy(), RULES).findings)


def test_a_policy_that_changes_alone_is_found_once_and_in_no_environment() -> None:
    (one,) = found(**{POLICY_PATH: b"version: 1\nmode: observe\n"})

    assert (one.severity, one.environments) == (Severity.ERROR, ())


def test_it_is_the_same_finding_whatever_else_changes() -> None:
    changed = {POLICY_PATH: b"version: 1\nmode: observe\n"}
    (alone,) = found(**changed)
    (beside,) = found(**changed, **{"clusters/us/a.yaml": THING + b"data: {a: b}\n"})

    assert beside == alone


def test_another_content_is_another_thing_to_accept() -> None:
    (one,), (other,) = (
        found(**{POLICY_PATH: b"version: 1\nblock: " + word + b"\n"})
        for word in (b"never", b"warning")
    )

    assert one.fingerprint == other.fingerprint
    assert digest(one) != digest(other)


def test_code_owners_that_move_to_a_file_that_comes_first_are_found() -> None:
    (one,) = found(**{LOCATIONS[0]: b"* @octocat\n"})

    assert one.location is not None
    assert (one.location.path, one.location.side) == (LOCATIONS[0], "RIGHT")


def test_a_pull_request_that_leaves_them_alone_finds_nothing() -> None:
    assert found(**{"clusters/us/a.yaml": THING + b"data: {a: b}\n"}) == []


def test_a_waiver_for_one_environment_does_not_waive_the_rules_of_the_house() -> None:
    analysis = examine(BASE, BASE | {POLICY_PATH: b""}, Policy(), RULES)
    waiver = Waiver("r", date(2027, 1, 1), rule="*", environments=("staging",))
    policy = Policy(waivers=(waiver,))

    review = decide(analysis, policy, base="a", head="b", today=date(2026, 11, 20))
    assert review.verdict == "blocked"
