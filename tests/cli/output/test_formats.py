"""The formats of a review, as whole texts."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

from bot.cli.output.sarif import to_sarif
from bot.cli.output.terminal import trimmed
from bot.cli.output.text import print_review
from bot.cli.output.workflow import to_commands
from bot.core.engine.review import Location, Review, ReviewFinding
from bot.core.finding import Severity
from bot.core.policy.model import Policy, Waiver
from tests.golden import assert_golden
from tests.reviews import MANY, PROBLEMS, RICH, TODAY, decided, finding

GOLDEN = Path(__file__).parent / "golden"
POLICY = Policy(
    waivers=(
        Waiver("moves in Q1", TODAY, rule="image-not-approved"),
        Waiver("moved \u202e by then", date(2026, 11, 1), rule="route-*"),
    )
)
REVIEW = decided(
    replace(RICH, location=Location("rbac/role.yaml", 12, "RIGHT")),
    finding(),
    finding(
        "route-exposed", Severity.WARNING, message="Ingress shop/api lost its TLS", fingerprint="77"
    ),
    finding("resource-pruned", line=3, side="LEFT", message="Namespace old goes, and all in it"),
    finding("pods-not-spread", Severity.NOTICE, path=None, message="A plain sentence"),
    finding("api-version-removed", path="apps/a b,c%.yaml", line=None, message="50% \u202e [x](y)"),
    finding("image-not-approved", line=3, message="Deployment shop/api runs x.example/y:1"),
    policy=POLICY,
    problems=PROBLEMS,
    summary=MANY,
)
SHOWN = {3: "  name: old", 12: "\ttype: LoadBalancer\x1b[31m"}


def shown(found: ReviewFinding) -> str | None:
    return SHOWN.get(found.location.line or 0) if found.location else None


def text(review: Review, *, colour: bool) -> str:
    console = Console(
        file=io.StringIO(),
        width=100,
        force_terminal=colour,
        no_color=not colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    with console.capture() as captured:
        print_review(console, review, POLICY, shown)
    return trimmed(captured.get())


@pytest.mark.parametrize("colour", [False, True], ids=["plain", "colour"])
def test_text_is_as_reviewed(*, colour: bool) -> None:
    assert_golden(text(REVIEW, colour=colour), GOLDEN / f"review{'.ansi' * colour}.txt")


def test_text_of_a_clean_review_is_two_lines() -> None:
    assert text(decided(), colour=False) == (
        "Pass: Nothing found.\n312 resources in 41 environments compared: 2 changed, images only.\n"
    )


def test_of_findings_of_one_cause_the_text_explains_one() -> None:
    alike = tuple(
        replace(RICH, fingerprint=mark, location=Location(path, 1, "RIGHT"), suggestion=None)
        for mark, path in (("aa", "a.yaml"), ("bb", "b.yaml"))
    )
    shown_text = text(decided(*alike), colour=False)

    assert (shown_text.count("1. read the token"), shown_text.count("rbac-privilege-added")) == (
        1,
        2,
    )
    assert (
        "Most serious: a.yaml:1: error: ServiceAccount shop/api may newly read secrets"
        in shown_text
    )


def test_text_names_some_of_many_environments() -> None:
    many = finding(environments=tuple(f"clusters/{number}" for number in range(12)))

    words = " ".join(text(decided(many), colour=False).split())

    named = ", ".join(f"clusters/{number}" for number in range(10))
    assert f"{named} and 2 more" in words
    assert "clusters/10" not in words


def test_nothing_of_a_pull_request_steers_the_terminal() -> None:
    hostile = finding(message="a\x1b[2Jb\u202ec\rd", path="e\x1b]0;f\x07.yaml")

    out = text(decided(hostile), colour=False)

    assert not {"\x1b", "\u202e", "\r", "\x07"} & set(out)


def test_workflow_commands_are_as_reviewed() -> None:
    assert_golden(to_commands(REVIEW, POLICY), GOLDEN / "review.github.txt")


@pytest.mark.parametrize(
    ("path", "message", "expected"),
    [
        ("a,b:c.yaml", "x", "::error file=a%2Cb%3Ac.yaml,line=12,title=service-exposed::x"),
        ("a", "50%\n::error::y", "::error file=a,line=12,title=service-exposed::50%25 ::error::y"),
    ],
)
def test_no_text_begins_another_command(path: str, message: str, expected: str) -> None:
    out = to_commands(decided(finding(path=path, message=message)), Policy())

    assert out.splitlines()[0] == expected


def test_sarif_is_as_reviewed() -> None:
    document = json.loads(to_sarif(REVIEW, ()))
    # The version is that of the day.
    assert document["runs"][0]["tool"]["driver"].pop("version")

    assert_golden(json.dumps(document, indent=2) + "\n", GOLDEN / "review.sarif")


def test_sarif_describes_the_rules_that_it_names() -> None:
    from bot.catalog import load_rules  # noqa: PLC0415 - for this test alone

    known = load_rules()
    (run,) = json.loads(to_sarif(decided(finding(known[-1].id)), known))["runs"]

    described = run["tool"]["driver"]["rules"]
    (result,) = run["results"]
    assert [held["id"] for held in described] == [rule.id for rule in known]
    assert described[result["ruleIndex"]]["id"] == result["ruleId"] == known[-1].id
    assert all(held["shortDescription"]["text"] and held["help"]["markdown"] for held in described)
