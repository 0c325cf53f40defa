"""What GitHub's refusals mean."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from github import GithubException

from bot.errors import GitHubAnswerError, GitHubError
from bot.github.errors import LONGEST_WAIT, SECONDARY_WAIT, translated


def refusal(status: int, message: str = "", **headers: str) -> GithubException:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return GithubException(status, {"message": message}, named)


def graphql(message: str, **more: str) -> GithubException:
    """What PyGithub raises for errors of GraphQL, which come with status 200."""
    return GithubException(400, {"data": None, "errors": [{"message": message, **more}]}, {})


def told(error: Exception) -> GitHubError:
    with pytest.raises(GitHubError) as raised, translated():
        raise error
    return raised.value


@pytest.mark.parametrize(
    ("error", "retryable", "retry_after"),
    [
        (refusal(500), True, None),
        (refusal(502), True, None),
        (refusal(401, "Bad credentials"), False, None),
        (refusal(403, "Resource not accessible by integration"), False, None),
        (refusal(403, "You have exceeded a secondary rate limit."), True, SECONDARY_WAIT),
        (refusal(403, "Wait.", Retry_After="7"), True, 7.0),
        (refusal(403, "Wait.", retry_after="0"), True, 1.0),
        (refusal(403, "Wait.", retry_after="999999"), True, LONGEST_WAIT),
        (refusal(403, "No.", retry_after="soon"), False, None),
        (refusal(429, "Slow down."), True, SECONDARY_WAIT),
        (refusal(429, "Slow down.", retry_after="90"), True, 90.0),
        (refusal(404, "Not Found"), False, None),
        (refusal(422, "Validation Failed", retry_after="5"), False, None),
        (graphql("Something went wrong while executing your query."), True, None),
        (graphql("API rate limit exceeded.", type="RATE_LIMITED"), True, SECONDARY_WAIT),
        (graphql("Not yours.", type="FORBIDDEN"), False, None),
        (requests.ConnectionError("https://key@host"), True, None),
        (requests.ReadTimeout(), True, None),
    ],
)
def test_an_error_says_whether_and_when_to_come_back(
    error: Exception, retryable: object, retry_after: float | None
) -> None:
    found = told(error)
    assert (found.retryable, found.retry_after) == (retryable, retry_after)


@pytest.mark.parametrize(("left", "expected"), [("0", True), ("12", False)])
def test_a_primary_limit_ends_at_its_reset(left: str, expected: object) -> None:
    reset = str(int(time.time()) + 100)
    headers = {"x-ratelimit-remaining": left, "x-ratelimit-reset": reset}
    found = told(GithubException(403, {"message": "No."}, headers))
    assert found.retryable == expected
    assert found.retry_after is None or 90 < found.retry_after < 110


def test_the_message_is_github_s_on_one_line_and_bounded() -> None:
    found = told(refusal(422, "Validation\nFailed " + "x" * 1000))
    assert isinstance(found, GitHubAnswerError)
    assert found.status == 422
    assert str(found).startswith("GitHub answered 422: Validation Failed xxx")
    assert (len(str(found)) < 350, "\n" in str(found)) == (True, False)


@pytest.mark.parametrize("data", [None, "<html>", [], {"message": None}])
def test_an_answer_without_a_message_is_an_error_all_the_same(data: Any) -> None:
    assert str(told(GithubException(502, data, None))) == ("GitHub answered 502: no reason given")


def test_an_address_with_a_credential_does_not_reach_the_message() -> None:
    found = told(requests.ConnectionError("https://token@host failed"))
    assert str(found) == "GitHub did not answer: ConnectionError"
