"""Deliveries: who signed them, and what they ask for."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import DeliveryError
from bot.github.webhook import Delivery, Job, parse, signed

HEADERS = {"X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958"}
WHERE = {"installation": {"id": 7}, "repository": {"id": 9, "full_name": "example/gitops"}}


NAMES = """
installation repository id full_name pull_request number changes base check_run check_suite
external_id pull_requests action
"""
KEYS = st.sampled_from(NAMES.split())


def jobs(event: str, payload: object) -> tuple[Job, ...]:
    return parse(json.dumps(payload).encode(), {**HEADERS, "X-GitHub-Event": event}).jobs


def signature(body: bytes, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_github_documented_example_is_signed() -> None:
    """The values of GitHub's page on validating webhook deliveries."""
    expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert signed(b"Hello, World!", expected, ["It's a Secret to Everybody"])


def test_each_of_several_secrets_is_valid_while_one_is_rotated() -> None:
    assert [signed(b"{}", signature(b"{}", s), ["new", "old"]) for s in ("new", "old", "x")] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "given",
    [None, "", "sha256=", "sha1=" + "0" * 40, signature(b"{}", "s").upper(), "sha256=\udcff"],
)
def test_anything_else_is_not_signed(given: str | None) -> None:
    assert not signed(b"{}", given, ["s"])


def test_no_secret_and_an_empty_secret_sign_nothing() -> None:
    assert [signed(b"{}", signature(b"{}", ""), secrets) for secrets in ([], [""])] == [
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("event", "payload", "expected"),
    [
        ("pull_request", {"action": "opened"}, "changed"),
        ("pull_request", {"action": "reopened"}, "changed"),
        ("pull_request", {"action": "synchronize"}, "changed"),
        ("pull_request", {"action": "ready_for_review"}, "requested"),
        ("pull_request", {"action": "edited", "changes": {"base": {"ref": {}}}}, "requested"),
        ("pull_request", {"action": "edited", "changes": {"title": {}}}, None),
        ("pull_request", {"action": "edited"}, None),
        ("pull_request", {"action": "labeled"}, None),
        ("pull_request", {"action": "converted_to_draft"}, None),
        ("pull_request", {"action": "closed"}, None),
        ("pull_request", {}, None),
    ],
)
def test_a_pull_request_is_reviewed_when_its_commits_change(
    event: str, payload: dict[str, Any], expected: Any
) -> None:
    given = {**WHERE, **payload, "pull_request": {"number": 3}}
    assert jobs(event, given) == ((Job(7, 9, 3, expected),) if expected else ())


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ({"external_id": "v1:4:abc", "pull_requests": []}, (4,)),
        ({"external_id": "v1:4:abc", "pull_requests": [{"number": 5}]}, (4,)),
        ({"external_id": "", "pull_requests": [{"number": 6}, {"number": 5}]}, (5, 6)),
        ({"external_id": None, "pull_requests": None}, ()),
        ({}, ()),
    ],
)
def test_a_check_run_asked_for_again_is_mapped_by_its_external_id(
    run: dict[str, Any], expected: tuple[int, ...]
) -> None:
    """GitHub lists no pull request where the head is in a fork."""
    given = {**WHERE, "action": "rerequested", "check_run": run}
    assert jobs("check_run", given) == tuple(Job(7, 9, n, "requested") for n in expected)


def test_a_check_suite_asked_for_again_reviews_each_of_its_pull_requests() -> None:
    suite = {"pull_requests": [{"number": 8}, {"number": 2}, {"number": 8}]}
    given = {**WHERE, "action": "rerequested", "check_suite": suite}
    expected = (Job(7, 9, 2, "requested"), Job(7, 9, 8, "requested"))
    assert jobs("check_suite", given) == expected


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("check_run", {**WHERE, "action": "completed", "check_run": {"external_id": "v1:4:a"}}),
        ("check_suite", {**WHERE, "action": "requested", "check_suite": {}}),
        ("merge_group", {**WHERE, "action": "checks_requested", "merge_group": {}}),
        ("push", WHERE),
        ("installation", {"action": "created", "installation": {"id": 7}}),
        ("an_event_of_tomorrow", {"action": "begun"}),
        ("pull_request", {"action": "opened", "pull_request": {"number": 3}}),
        ("pull_request", {**WHERE, "action": "opened", "pull_request": {"number": True}}),
        ("pull_request", {**WHERE, "action": "opened", "pull_request": "3"}),
        ("pull_request", {**WHERE, "action": ["opened"], "pull_request": {"number": 3}}),
        ("pull_request", {**WHERE, "installation": [7], "action": "opened"}),
    ],
)
def test_what_asks_for_nothing_is_accepted(event: str, payload: dict[str, Any]) -> None:
    assert jobs(event, payload) == ()


def test_a_delivery_says_what_happened_where() -> None:
    body = json.dumps({**WHERE, "action": "closed"}).encode()
    assert parse(body, {**HEADERS, "X-GitHub-Event": "pull_request"}) == Delivery(
        id="72d3162e-cc78-11e3-81ab-4c9367dc0958",
        event="pull_request",
        action="closed",
        repository="example/gitops",
        jobs=(),
    )


@pytest.mark.parametrize(
    ("body", "headers", "message"),
    [
        (b"hush", {**HEADERS, "X-GitHub-Event": "push"}, "the body is not JSON"),
        (b"\xff", {**HEADERS, "X-GitHub-Event": "push"}, "the body is not JSON"),
        (b"[" * 100_000, {**HEADERS, "X-GitHub-Event": "push"}, "the body is not JSON"),
        (b"1" * 5000, {**HEADERS, "X-GitHub-Event": "push"}, "the body is not JSON"),
        (b"[]", {**HEADERS, "X-GitHub-Event": "push"}, "the body is not a JSON object"),
        (b"{}", HEADERS, "the X-GitHub-Event header is missing"),
        (
            b"{}",
            {"X-GitHub-Event": "push"},
            "the X-GitHub-Delivery header is missing or is no id",
        ),
        (
            b"{}",
            {"X-GitHub-Event": "push", "X-GitHub-Delivery": "a~r1"},
            "the X-GitHub-Delivery header is missing or is no id",
        ),
    ],
)
def test_what_is_no_webhook_is_refused_without_showing_it(
    body: bytes, headers: dict[str, str], message: str
) -> None:
    with pytest.raises(DeliveryError) as raised:
        parse(body, headers)
    assert str(raised.value) == message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(
    event=st.sampled_from(["pull_request", "check_run", "check_suite", "push"]),
    action=st.sampled_from(["opened", "edited", "rerequested", "closed"]) | JSON,
    payload=st.dictionaries(KEYS, JSON, max_size=6),
)
def test_a_signed_payload_of_any_shape_is_read_or_ignored(
    event: str, action: object, payload: dict[str, object]
) -> None:
    """GitHub adds fields and changes shapes at will: none of it may raise."""
    for job in jobs(event, {**payload, **WHERE, "action": action}):
        assert job.number > 0
    jobs(event, {"action": action, **payload})
