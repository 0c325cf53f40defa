"""What only GraphQL can tell and do."""

from __future__ import annotations

from typing import Any

import pytest

from bot.standin import StandIn
from bot.standin.graphql import GraphQLError, execute, parse
from tests.standin.worlds import World, world

THREADS = """
query Threads($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 2, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes {
          id isResolved isOutdated path line subjectType
          comments(first: 50) { nodes { ...fields } }
        }
      }
    }
  }
}
fragment fields on PullRequestReviewComment { id databaseId body isMinimized author { login } }
"""
MINIMIZE = """
mutation ($id: ID!, $why: ReportedContentClassifiers!) {
  minimizeComment(input: {subjectId: $id, classifier: $why}) {
    minimizedComment { __typename isMinimized minimizedReason }
  }
}
"""
RESOLVE = "mutation ($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { id } } }"


def _ask(here: World, query: str, **variables: Any) -> Any:
    sent = {"query": query, "variables": variables}
    requester = here.client().requester
    url = here.github.graphql_url
    return requester.requestJsonAndCheck("POST", url, input=sent)[1]


def _threads(here: World, after: str | None = None) -> Any:
    data = _ask(here, THREADS, owner="example", name="gitops", number=1, after=after)
    return data["data"]["repository"]["pullRequest"]["reviewThreads"]


def test_threads_say_what_rest_does_not(stand_in: StandIn) -> None:
    here = world(stand_in)
    first = stand_in.review_comment(here.pull, "apps/api.yaml", 3, "why?", by="octocat")
    for text in ("second", "third"):
        stand_in.review_comment(here.pull, "apps/api.yaml", 2, text, by="octocat")
    stand_in.reply(here.pull, first, "because", by="hubot")
    stand_in.resolve_thread(here.pull, first, by="hubot")
    text = here.repository.git.run("show", "topic:apps/api.yaml").decode()
    changed = {"apps/api.yaml": text.replace("line3: changed", "line3: again")}
    stand_in.commit(here.repository, "topic", changed)

    page = _threads(here)
    rest = _threads(here, page["pageInfo"]["endCursor"])

    found = [
        (
            [(one["author"]["login"], one["body"]) for one in thread["comments"]["nodes"]],
            thread["isResolved"],
            thread["isOutdated"],
            thread["line"],
        )
        for thread in page["nodes"] + rest["nodes"]
    ]
    assert found == [
        ([("octocat", "why?"), ("hubot", "because")], True, True, None),
        ([("octocat", "second")], False, False, 2),
        ([("octocat", "third")], False, False, 2),
    ]
    assert (page["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)


def test_a_comment_is_minimised(stand_in: StandIn) -> None:
    here = world(stand_in)
    made = stand_in.review_comment(here.pull, "apps/api.yaml", 3, "old", by="octocat")
    (thread,) = _threads(here)["nodes"]

    answer = _ask(here, MINIMIZE, id=thread["comments"]["nodes"][0]["id"], why="OUTDATED")

    assert answer["data"]["minimizeComment"]["minimizedComment"] == {
        "__typename": "PullRequestReviewComment",
        "isMinimized": True,
        "minimizedReason": "outdated",
    }
    assert made.minimized == "outdated"


def test_resolving_needs_more_than_a_job_has(stand_in: StandIn) -> None:
    here = world(stand_in)
    stand_in.review_comment(here.pull, "apps/api.yaml", 3, "why?", by="octocat")
    (thread,) = _threads(here)["nodes"]

    answer = _ask(here, RESOLVE, id=thread["id"])

    (error,) = answer["errors"]
    assert error == {"message": "Resource not accessible by integration", "type": "FORBIDDEN"}
    assert here.pull.resolved_threads == {}


def test_a_thread_outlives_its_first_comment_and_is_resolved(stand_in: StandIn) -> None:
    here = world(stand_in)
    here.installation.permissions["contents"] = "write"
    here.remote().get_pull(1).create_review(
        event="COMMENT", comments=[{"path": "apps/api.yaml", "line": 3, "body": "first"}]
    )
    (first,) = here.pull.comments
    answer = stand_in.reply(here.pull, first, "an answer", by="octocat")
    here.remote().get_pull(1).get_review_comment(first.id).delete()
    again = stand_in.reply(here.pull, answer, "another", by="octocat")
    (thread,) = _threads(here)["nodes"]
    wide = here.client(here.token(permissions={"contents": "write", "pull_requests": "read"}))
    sent = {"query": RESOLVE, "variables": {"id": thread["id"]}}

    resolved = wide.requester.requestJsonAndCheck("POST", stand_in.graphql_url, input=sent)[1]

    assert [one["body"] for one in thread["comments"]["nodes"]] == ["an answer", "another"]
    assert (again.in_reply_to, list(here.pull.resolved_threads)) == (first.id, [first.id])
    assert resolved["data"] == {"resolveReviewThread": {"thread": {"id": thread["id"]}}}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ unknown }", "does not serve Query.unknown"),
        ("{ a ", "Expected None, got None"),
        ("{ a? }", "Unexpected character '?'"),
        ("{a" * 40, "too deep"),
    ],
)
def test_what_is_not_served_is_named(query: str, message: str) -> None:
    with pytest.raises(GraphQLError, match=message.replace("?", r"\?")):
        execute(parse(query), {"a": {}}, {})


def test_aliases_literals_and_defaults_are_read() -> None:
    query = 'query Q($n: Int = 3) { x: f(a: [1, "b\\n", true, null, {k: $n}]) ... on Query { g } }'
    roots = {"__typename": "Query", "f": lambda given: given["a"], "g": 1}

    assert execute(parse(query), roots, {}) == {"x": [1, "b\n", True, None, {}], "g": 1}
