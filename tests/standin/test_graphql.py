"""What only GraphQL can tell and do."""

from __future__ import annotations

from typing import Any

import pytest

from bot.standin import StandIn
from bot.standin.graphql import respond, schema
from tests.github_schema import graphql_schema
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
        ("{ unknown }", "Cannot query field 'unknown' on type 'Query'."),
        ("{ node ", "Syntax Error: Expected Name, found <EOF>."),
        ("{ a? }", "Syntax Error: Unexpected character: '?'."),
        ("{" + " node" * 6000, "Syntax Error: Document contains more than 5000 tokens."),
    ],
)
def test_an_invalid_document_is_refused_with_its_error(query: str, message: str) -> None:
    answer = respond(query, {}, {})
    assert answer["data"] is None
    assert answer["errors"][0]["message"].startswith(message)


def test_aliases_defaults_and_fragments_are_served() -> None:
    query = (
        'query Q($name: String = "b") { x: repository(owner: "a", name: $name) { ...part } } '
        "fragment part on Repository { name }"
    )
    roots = {"repository": lambda _info, **arguments: arguments}
    assert respond(query, roots, {}) == {"data": {"x": {"name": "b"}}}


def test_the_served_schema_is_part_of_github_s() -> None:
    """Each served field exists on GitHub, with the same type and no other argument."""
    served, github = schema(), graphql_schema()
    for name, served_type in served.type_map.items():
        if name.startswith("__"):
            continue
        for field, definition in getattr(served_type, "fields", {}).items():
            described = getattr(github.type_map[name], "fields")[field]  # noqa: B009 - for mypy
            assert str(definition.type) in {str(described.type), "String!"}, f"{name}.{field}"
            assert set(getattr(definition, "args", {})) <= set(getattr(described, "args", {}))
        for value in getattr(served_type, "values", {}):
            assert value in getattr(github.type_map[name], "values")  # noqa: B009 - for mypy
