"""The checking layer itself: what it must refuse."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.standin import StandIn
from bot.standin.exchanges import Exchange
from tests.github_schema import violations, webhook_violations
from tests.standin.worlds import world

_RUN = "/api/v3/repos/o/r/check-runs"
_REVIEW = "/api/v3/repos/o/r/pulls/1/reviews"
_TOKEN = "/api/v3/app/installations/1/access_tokens"
_ON_FILE = {"path": "p", "body": "b", "subject_type": "file"}
_NOTE = {
    "path": "a",
    "start_line": 1,
    "end_line": 1,
    "annotation_level": "notice",
    "message": "m",
}


def _run(**output: Any) -> dict[str, Any]:
    return {"name": "n", "head_sha": "s", "output": {"title": "t", "summary": "s"} | output}


def _exchange(method: str, path: str, body: Any, **more: Any) -> Exchange:
    return Exchange(
        method=method,
        path=path,
        query=more.get("query", {}),
        request=body,
        status=more.get("status", 403),
        response=more.get("response", {"message": "no"}),
        injected=False,
        user_agent=more.get("user_agent", "test"),
    )


@pytest.mark.parametrize(
    ("exchange", "said"),
    [
        (_exchange("POST", _RUN, _run(annotations=[_NOTE] * 51)), "too long"),
        (_exchange("POST", _RUN, _run(annotations=[_NOTE | {"annotation_level": "x"}])), "'x'"),
        (_exchange("POST", _RUN, _run(annotations=[_NOTE | {"end_line": 0}])), "before it starts"),
        (
            _exchange("POST", _RUN, _run(annotations=[_NOTE | {"end_line": 2, "end_column": 3}])),
            "has columns",
        ),
        (_exchange("POST", _RUN, _run(summary="s" * 65_536)), "too long"),
        (_exchange("POST", _RUN, _run() | {"colour": "red"}), ".colour is not described"),
        (_exchange("POST", _RUN, None), "the body is missing"),
        (
            _exchange("POST", _REVIEW, {"comments": [_ON_FILE]}),
            ".comments[].subject_type is not described",
        ),
        (_exchange("POST", _REVIEW, {"body": "b" * 65_537}), "longer than 65536"),
        (_exchange("POST", _REVIEW, {"event": "BLOCK"}), "'BLOCK'"),
        (_exchange("POST", _TOKEN, {"permissions": {"checks": "admin"}}), "'admin'"),
        (_exchange("GET", "/api/v3/zen", None), "no such operation"),
        (_exchange("GET", "/api/v3/app", None, user_agent=""), "without User-Agent"),
        (_exchange("GET", "/api/v3/app", None, status=200, response={}), "required property"),
        (_exchange("GET", "/api/v3/app", None, status=418), "the status is not described"),
        (_exchange("GET", "/api/v3/app", None, query={"x": "y"}), "query: x is not described"),
        (_exchange("POST", "/api/graphql", {"query": "{ rate }"}), "Cannot query field 'rate'"),
        (_exchange("POST", "/api/graphql", {"query": "{"}), "Syntax Error"),
        (
            _exchange(
                "POST",
                "/api/graphql",
                {"query": "{ viewer { login } }"},
                status=200,
                response={"data": {"viewer": {"login": 1, "id": "2"}}},
            ),
            "holds what was not asked for",
        ),
    ],
)
def test_what_github_does_not_describe_is_named(exchange: Exchange, said: str) -> None:
    told = list(violations([exchange]))

    assert any(said in one for one in told), told


def test_a_right_request_is_silent() -> None:
    query = {"check_name": "fairlead", "filter": "latest", "per_page": "100"}
    asked = _exchange("GET", "/api/v3/repos/o/r/commits/abc/check-runs", None, query=query)
    made = _exchange("POST", _RUN, _run(annotations=[_NOTE]))

    assert list(violations([asked, made])) == []


def test_wrong_requests_pass_where_only_answers_are_looked_at() -> None:
    assert list(violations([_exchange("POST", _RUN, {})], requests=False)) == []


def test_webhooks_that_github_would_not_send_are_named(stand_in: StandIn) -> None:
    here = world(stand_in)
    here.app.webhook_url = "http://127.0.0.1:9"  # nobody listens: the record is what counts
    stand_in.comment(here.pull, "text", by="octocat")
    stand_in.deliveries.settle()
    (good,) = stand_in.deliveries.all()
    body = good.body
    del body["comment"]["user"]
    wrong = [
        replace(good, action="invented"),
        replace(good, payload=json.dumps(body).encode()),
    ]

    assert list(webhook_violations([good])) == []
    assert list(webhook_violations(wrong)) == [
        "issue-comment-invented: no such webhook is described",
        "issue-comment-created: comment: 'user' is a required property",
    ]
    assert good.status == "failed to connect to host"
