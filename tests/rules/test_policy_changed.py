"""The rule about the repository's own rules: once, in no environment, whatever else changes."""

from __future__ import annotations

from datetime import date

import pytest

from bot.analysis.counters import Counters
from bot.analysis.examine import MemoryBlobs, Question, examine, examine_trees
from bot.analysis.manifests import ReadManifests
from bot.catalog import load_rules
from bot.core.codeowners import LOCATIONS
from bot.core.engine.approvals import digest
from bot.core.engine.decide import decide
from bot.core.engine.review import ReviewFinding
from bot.core.finding import Severity
from bot.core.policy.model import (
    ORGANISATION_PATH,
    POLICY_PATH,
    ApprovalPolicy,
    KnownRbac,
    Policy,
    Waiver,
)
from bot.core.tree import File

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


def test_of_many_settings_a_comment_shows_fifty_rows() -> None:
    waivers = ", ".join(
        f"{{rule: r{number}, reason: r, expires: 2027-01-31}}" for number in range(2_000)
    )
    (one,) = found(**{POLICY_PATH: f"mode: observe\nwaivers: [{waivers}]\n".encode()})
    (table,) = one.details.tables

    assert one.message.endswith(
        "once merged, the check passes whatever is found (mode from enforce to observe), and 2,000 "
        "more settings change"
    )
    assert len(table.rows) == 50
    assert table.rows[-1] == ("…", "", "", "and 1,952 more")


def test_a_policy_that_is_not_valid_is_named_with_its_first_error() -> None:
    (one,) = found(**{POLICY_PATH: b"version: 1\nblok: never\n"})

    assert "; the file is not valid, so every check would fail: line 2: unknown key" in one.message
    assert one.details.tables == ()


def test_code_owners_that_move_to_a_file_that_comes_first_are_found() -> None:
    (one,) = found(**{LOCATIONS[0]: b"* @octocat\n"})

    assert one.location is not None
    assert (one.location.path, one.location.side) == (LOCATIONS[0], "RIGHT")


def test_a_policy_that_becomes_a_symlink_of_the_same_content_is_gone() -> None:
    tree = {POLICY_PATH: File("100644", "a" * 40, 10)}
    question = Question(tree, {POLICY_PATH: File("120000", "a" * 40, 10)})
    content = ReadManifests(MemoryBlobs({"a" * 40: b"version: 1"}), Counters())
    (one,) = examine_trees(question, content, RULES).findings

    assert one.message.startswith("The pull request removes the policy .github/fairlead.yml")
    assert one.location is not None
    assert one.location.side == "LEFT"


ADDRESSES = [
    ("https://github.com/example/.github", True),
    ("https://github.com/example/.github.git", True),
    ("git@github.com:Example/.GitHub.git", True),
    ("https://github.com/.github/gitops", False),
    ("https://github.com/example/my.github", False),
]


@pytest.mark.parametrize(("address", "counts"), ADDRESSES)
def test_the_organisation_s_policy_counts_in_its_own_repository(
    address: str, *, counts: bool
) -> None:
    held = {"a" * 40: b"version: 1\n", "b" * 40: b"version: 1\nmode: observe\n"}
    base, head = ({ORGANISATION_PATH: File("100644", blob, 10)} for blob in held)
    content = ReadManifests(MemoryBlobs(held), Counters())
    question = Question(base, head, repositories=(address,))
    found = examine_trees(question, content, RULES).findings

    said = "The pull request changes the organisation's policy fairlead.yml, and is judged by the"
    assert [(it.message.startswith(said), it.severity, it.environments) for it in found] == (
        [(True, Severity.ERROR, ())] if counts else []
    )


@pytest.mark.parametrize(
    ("approvals", "severity"),
    [
        ((), Severity.WARNING),
        ((ApprovalPolicy(("rbac-*",), teams=("example/security",)),), Severity.WARNING),
        ((ApprovalPolicy(("policy-*",), count=2),), Severity.WARNING),
        ((ApprovalPolicy(("policy-*",), teams=("example/security",)),), Severity.ERROR),
        ((ApprovalPolicy(("*",), users=("octocat",)),), Severity.ERROR),
    ],
)
def test_a_first_policy_needs_whom_the_organisation_names(
    approvals: tuple[ApprovalPolicy, ...], severity: Severity
) -> None:
    base = {"a.yaml": THING}
    policy = Policy(approvals=approvals)
    (one,) = examine(base, base | {POLICY_PATH: b"version: 1\n"}, policy, RULES).findings

    assert one.severity == severity


def test_what_the_policy_takes_as_known_is_a_rule_of_the_house() -> None:
    policy = Policy(rbac=KnownRbac(("exported/**",)))
    base = BASE | {"exported/a.yaml": b"a: 1\n", "exported/gone.yaml": b"a: 1\n"}
    head = BASE | {"exported/a.yaml": b"a: 2\n", "exported/b.yaml": b"a: 1\n"}
    found = examine(base, head, policy, RULES).findings

    assert [(one.location and one.location.path, one.environments) for one in found] == [
        ("exported/a.yaml", ()),
        ("exported/b.yaml", ()),
    ]


def test_a_pull_request_that_leaves_them_alone_finds_nothing() -> None:
    assert found(**{"clusters/us/a.yaml": THING + b"data: {a: b}\n"}) == []


def test_a_waiver_for_one_environment_does_not_waive_the_rules_of_the_house() -> None:
    analysis = examine(BASE, BASE | {POLICY_PATH: b""}, Policy(), RULES)
    waiver = Waiver("r", date(2027, 1, 1), rule="*", environments=("staging",))
    policy = Policy(waivers=(waiver,))

    review = decide(analysis, policy, base="a", head="b", today=date(2026, 11, 20))
    assert review.verdict == "blocked"
