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
from bot.github.task_text import read, written
from bot.github.tasks import Announcement, GroupJob, Job, MaintenanceTask, PushJob, Task
from bot.github.webhook import EVENTS, Delivery, parse, signed

HEADERS = {"X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958"}
WHERE: dict[str, Any] = {
    "installation": {"id": 7},
    "repository": {"id": 9, "full_name": "example/gitops"},
}


NAMES = """
installation repository id full_name pull_request number changes base check_run check_suite
external_id pull_requests action
"""
KEYS = st.sampled_from(NAMES.split())


def tasks(event: str, payload: object) -> tuple[Task, ...]:
    return parse(json.dumps(payload).encode(), {**HEADERS, "X-GitHub-Event": event}).tasks


def announced(number: int, reason: Any = "requested", **more: Any) -> Announcement:
    return Announcement(Job(7, 9, number, reason), **more)


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
        ("pull_request", {}, None),
    ],
)
def test_a_pull_request_is_reviewed_when_its_commits_change(
    event: str, payload: dict[str, Any], expected: Any
) -> None:
    given = {**WHERE, **payload, "pull_request": {"number": 3}}
    assert tasks(event, given) == ((announced(3, expected),) if expected else ())


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
    assert tasks("check_run", given) == tuple(map(announced, expected))


def test_a_check_suite_asked_for_again_reviews_each_of_its_pull_requests() -> None:
    suite = {"pull_requests": [{"number": 8}, {"number": 2}, {"number": 8}]}
    given = {**WHERE, "action": "rerequested", "check_suite": suite}
    assert tasks("check_suite", given) == (announced(2), announced(8))


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
    assert tasks(event, payload) == ()


def test_a_delivery_says_what_happened_where() -> None:
    body = json.dumps({**WHERE, "action": "closed", "pull_request": {"number": 3}}).encode()
    assert parse(body, {**HEADERS, "X-GitHub-Event": "pull_request"}) == Delivery(
        id="72d3162e-cc78-11e3-81ab-4c9367dc0958",
        event="pull_request",
        action="closed",
        repository="example/gitops",
        tasks=(MaintenanceTask("close", 7, 9, 3),),
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
            "the X-GitHub-Delivery header is missing or is not an id",
        ),
        (
            b"{}",
            {"X-GitHub-Event": "push", "X-GitHub-Delivery": "a~r1"},
            "the X-GitHub-Delivery header is missing or is not an id",
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
    event=st.sampled_from(sorted(EVENTS)),
    action=st.sampled_from(["opened", "edited", "rerequested", "closed"]) | JSON,
    payload=st.dictionaries(KEYS, JSON, max_size=6),
)
def test_a_signed_payload_of_any_shape_is_read_or_ignored(
    event: str, action: object, payload: dict[str, object]
) -> None:
    """GitHub adds fields and changes shapes at will: none of it may raise."""
    for task in tasks(event, {**payload, **WHERE, "action": action}):
        assert read(written(task)) == task
    tasks(event, {"action": action, **payload})


HEAD, BASE = "a" * 40, "b" * 40
QUEUE = f"refs/heads/gh-readonly-queue/release/1.x/pr-3-{BASE}"
GROUP = {"head_sha": HEAD, "head_ref": QUEUE, "base_sha": BASE, "base_ref": "refs/heads/main"}
PUSH = {
    **WHERE,
    "repository": {**WHERE["repository"], "default_branch": "main"},
    "ref": "refs/heads/main",
    "before": BASE,
    "after": HEAD,
}
LISTED = [{"id": 9}, {"id": 11}]


@pytest.mark.parametrize(
    ("event", "payload", "expected"),
    [
        (
            "pull_request",
            {"action": "synchronize", "before": BASE, "pull_request": {"number": 3}},
            [announced(3, "changed", before=BASE)],
        ),
        ("pull_request", {"action": "closed", "pull_request": {"number": 3}}, ["close-7-9-3-"]),
        ("pull_request", {"action": "enqueued", "pull_request": {"number": 3}}, []),
        ("pull_request", {"action": "unlabeled", "pull_request": {"number": 3}}, []),
        (
            "merge_group",
            {"action": "checks_requested", "merge_group": GROUP},
            [GroupJob(7, 9, 3, BASE, HEAD, "release/1.x")],
        ),
        (
            "merge_group",
            {"action": "destroyed", "reason": "dequeued", "merge_group": GROUP},
            [MaintenanceTask("ungroup", 7, 9, 3, f"{HEAD} dequeued")],
        ),
        ("merge_group", {"action": "checks_requested", "merge_group": {"head_sha": HEAD}}, []),
        (
            "check_run",
            {
                "action": "requested_action",
                "check_run": {"external_id": "v1:4:abc"},
                "requested_action": {"identifier": "recheck"},
                "sender": {"login": "octocat"},
            },
            [MaintenanceTask("act", 7, 9, 4, "octocat")],
        ),
        (
            "check_run",
            {
                "action": "requested_action",
                "check_run": {"external_id": "v1:4:abc"},
                "requested_action": {"identifier": "approve"},
                "sender": {"login": "octocat"},
            },
            [],
        ),
        (
            "check_run",
            {
                "action": "requested_action",
                "check_run": {"external_id": "v1:4:abc"},
                "requested_action": {"identifier": "recheck"},
                "sender": {"login": "../../x"},
            },
            [],
        ),
        (
            "check_run",
            {"action": "rerequested", "check_run": {"external_id": "", "head_sha": HEAD}},
            [MaintenanceTask("rerun", 7, 9, detail=HEAD)],
        ),
        (
            "check_run",
            {
                "action": "rerequested",
                "check_run": {
                    "external_id": f"v1:queue:3:{BASE}:done:failure",
                    "head_sha": HEAD,
                    "check_suite": {"head_branch": QUEUE.removeprefix("refs/heads/")},
                },
            },
            [GroupJob(7, 9, 3, BASE, HEAD, "release/1.x")],
        ),
        (
            "check_run",
            {
                "action": "rerequested",
                "check_run": {"external_id": f"v1:push:{BASE}:done", "head_sha": HEAD},
            },
            [PushJob(7, 9, BASE, HEAD)],
        ),
        (
            "check_suite",
            {"action": "requested", "check_suite": {"pull_requests": [{"number": 3}]}},
            [announced(3, "missing")],
        ),
        ("check_suite", {"action": "requested", "check_suite": {"head_sha": HEAD}}, []),
        (
            "check_suite",
            {"action": "rerequested", "check_suite": {"head_sha": HEAD, "pull_requests": []}},
            [MaintenanceTask("rerun", 7, 9, detail=HEAD)],
        ),
        ("check_suite", {"action": "completed", "check_suite": {"head_sha": HEAD}}, []),
        ("push", PUSH, [PushJob(7, 9, BASE, HEAD)]),
        ("push", {**PUSH, "ref": "refs/heads/release"}, []),
        ("push", {**PUSH, "ref": "refs/tags/main"}, []),
        ("push", {**PUSH, "after": "0" * 40}, []),
        ("push", {**PUSH, "before": "0" * 40}, []),
        (
            "installation",
            {"action": "created", "repositories": LISTED},
            [MaintenanceTask("welcome", 7, 9), MaintenanceTask("welcome", 7, 11)],
        ),
        *(
            (
                "installation",
                {
                    "action": "created",
                    "installation": {"id": 7, "created_at": moment},
                    "repositories": LISTED[:1],
                },
                [MaintenanceTask("welcome", 7, 9, detail=expected)],
            )
            for moment, expected in [
                (1525109898, "1525109898"),
                ("2018-04-30T17:38:18Z", "1525109898"),
                ("2018-04-30T17:38:18", ""),
                ("soon", ""),
                (True, ""),
            ]
        ),
        (
            "installation",
            {"action": "deleted", "repositories": LISTED},
            [MaintenanceTask("forget", 7, 9), MaintenanceTask("forget", 7, 11)],
        ),
        ("installation", {"action": "suspend", "repositories": LISTED}, []),
        ("installation", {"action": "unsuspend"}, [MaintenanceTask("sweep-installation", 7)]),
        (
            "installation",
            {"action": "new_permissions_accepted"},
            [MaintenanceTask("sweep-installation", 7)],
        ),
        (
            "installation_repositories",
            {"action": "added", "repositories_added": LISTED},
            [MaintenanceTask("welcome", 7, 9), MaintenanceTask("welcome", 7, 11)],
        ),
        (
            "installation_repositories",
            {"action": "removed", "repositories_removed": LISTED},
            [MaintenanceTask("forget", 7, 9), MaintenanceTask("forget", 7, 11)],
        ),
        ("repository", {"action": "archived"}, [MaintenanceTask("forget", 7, 9)]),
        ("repository", {"action": "deleted"}, [MaintenanceTask("forget", 7, 9)]),
        ("repository", {"action": "unarchived"}, [MaintenanceTask("sweep", 7, 9)]),
        ("repository", {"action": "renamed"}, []),
        ("repository", {"action": "transferred"}, []),
        ("repository", {"action": "privatized"}, []),
    ],
)
def test_each_row_of_the_table_asks_for_its_tasks(
    event: str, payload: dict[str, Any], expected: list[object]
) -> None:
    """A task is compared by value; where a row names a string, by its label."""
    found = tasks(event, {**WHERE, **payload})
    assert [
        task.label if isinstance(wanted, str) else task
        for task, wanted in zip(found, expected, strict=True)
    ] == expected


@pytest.mark.parametrize("whose", ["sender", "author"])
def test_a_bot_s_pull_request_waits_for_people_s(whose: str) -> None:
    """By the kind of account: a person may have a name that ends in [bot]."""
    bot = {"type": "Bot", "login": "renovate"}
    pull = {"number": 3, "user": bot if whose == "author" else {"type": "User", "login": "a[bot]"}}
    given = {**WHERE, "action": "opened", "pull_request": pull}
    given |= {"sender": bot} if whose == "sender" else {}
    pusher = "renovate" if whose == "sender" else ""
    expected = Announcement(Job(7, 9, 3, "changed", "bots"), pusher=pusher)
    assert tasks("pull_request", given) == (expected,)


@pytest.mark.parametrize(
    ("app", "name", "expected"),
    [(5, "fairlead", False), (6, "fairlead", True), (6, "lint", False), (None, "fairlead", False)],
)
def test_another_app_s_run_of_our_name_is_noticed(
    app: int | None, name: str, expected: object
) -> None:
    run = {"name": name, "app": {"id": app}}
    body = json.dumps({**WHERE, "action": "completed", "check_run": run}).encode()
    target = {"X-GitHub-Hook-Installation-Target-ID": "5", "X-GitHub-Event": "check_run"}
    assert parse(body, {**HEADERS, **target}).forged is expected
