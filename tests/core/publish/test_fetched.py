"""What a review says of what was fetched."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from bot.core.engine.review import Counts, Fetched, Review, Summary
from bot.core.policy.model import Policy
from bot.core.publish.fetched import fetched
from bot.core.publish.report import summary
from bot.core.publish.review_json import review_schema, to_json

COMMIT = "0123456789" * 4
PLACE = "github.com/example/metrics"
TAG = Fetched(PLACE, "v1.1.0", COMMIT)
GONE = Fetched(PLACE, "v1.2.0", "", "it has no such tag")


def numbers(*held: Fetched) -> Summary:
    return Summary(1, 1, Counts(), "none", fetched=held)


@pytest.mark.parametrize(
    ("held", "line"),
    [
        ((), ""),
        ((TAG,), f"Fetched {PLACE} v1.1.0 at 012345678901"),
        ((Fetched(PLACE, COMMIT, COMMIT),), f"Fetched {PLACE} 012345678901"),
        (
            (Fetched("charts.example.com/redis", "17.1.0", "sha256:" + "ab" * 32),),
            "Fetched charts.example.com/redis 17.1.0 at abababababab",
        ),
        ((Fetched("example.com/v1.0.0/a.yaml", "", "sha256:" + "ab" * 32),), None),
        ((GONE,), f"Not fetched: {PLACE} v1.2.0 (it has no such tag)"),
        (
            (TAG, GONE),
            (
                f"Fetched {PLACE} v1.1.0 at 012345678901; "
                f"Not fetched: {PLACE} v1.2.0 (it has no such tag)"
            ),
        ),
        (
            tuple(replace(TAG, source=f"s{number}", digest="") for number in range(12)),
            "Fetched " + ", ".join(f"s{number} v1.1.0" for number in range(10)) + " and 2 more",
        ),
    ],
)
def test_the_line_says_what_a_version_stood_for(
    held: tuple[Fetched, ...], line: str | None
) -> None:
    expected = "Fetched example.com/v1.0.0/a.yaml at abababababab" if line is None else line

    assert fetched(numbers(*held)) == expected


def review_of(*held: Fetched) -> Review:
    return Review("pass", "a" * 40, "b" * 40, (), (), (), numbers(*held))


def test_the_check_says_it_and_escapes_what_others_wrote() -> None:
    hostile = replace(GONE, message="@everyone <img src=x> [x](http://e.example.com)")

    text = summary(review_of(TAG, hostile), Policy())

    assert f"Fetched `{PLACE}` `v1.1.0` at `012345678901`;" in text
    assert "`@everyone` `<img` `src=x>` `[x](http://e.example.com`" in text


def test_the_document_holds_it_and_is_as_before_without() -> None:
    document = json.loads(to_json(review_of(TAG, GONE)))

    Draft202012Validator(review_schema()).validate(document)
    assert document["summary"]["fetched"] == [
        {"source": PLACE, "version": "v1.1.0", "digest": COMMIT},
        {"source": PLACE, "version": "v1.2.0", "message": "it has no such tag"},
    ]
    assert "fetched" not in json.loads(to_json(review_of()))["summary"]
