"""Who wrote a change, as GitHub attributes it: authors, co-authors and committers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.errors import GitHubError
from bot.github.connection import GitHubConnection
from bot.github.errors import translated

MOST_COMMITS: Final = 3000
"""A pull request of more commits has too many authors for anybody to be known as another."""

_PAGE: Final = 100
_QUERY: Final = """
query Authors($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      commits(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes {
          commit {
            oid
            parents(first: 3) { nodes { oid } }
            authors(first: 20) { nodes { user { login } } }
            committer { user { login } }
            associatedPullRequests(first: 5) { nodes { number merged headRefOid author { login } } }
          }
        }
      }
    }
  }
}
"""


@dataclass(frozen=True, slots=True)
class MergedPull:
    """A merged pull request, the head with which it was merged, and who opened it."""

    number: int
    head: str
    author: str


@dataclass(frozen=True, slots=True)
class AuthoredCommit:
    """A commit of a pull request, and the logins that GitHub attributes it to.

    Somebody whom GitHub does not know by the commit's email has no login here: a `Co-authored-by`
    line alone is text. `merged_by_pulls` are merged pull requests that contain the commit.
    """

    id: str
    parents: tuple[str, ...]
    authors: tuple[str, ...]
    merged_by_pulls: tuple[MergedPull, ...] = ()


def authored_commits(connection: GitHubConnection, number: int) -> tuple[AuthoredCommit, ...]:
    """The commits of a pull request, oldest first. Raises GitHubError for more than are read."""
    commits: list[AuthoredCommit] = []
    after: str | None = None
    while True:
        page = _page(connection, number, after)
        commits += [_commit(node["commit"]) for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return tuple(commits)
        if len(commits) >= MOST_COMMITS:
            raise GitHubError(f"the pull request has more than {MOST_COMMITS} commits")
        after = page["pageInfo"]["endCursor"]


def _page(connection: GitHubConnection, number: int, after: str | None) -> Mapping[str, Any]:
    owner, _, name = connection.full_name.partition("/")
    variables = {"owner": owner, "name": name, "number": number, "after": after}
    with translated():
        answer = connection.github.requester.graphql_query(_QUERY, variables)[1]
    page: Mapping[str, Any] = answer["data"]["repository"]["pullRequest"]["commits"]
    return page


def _commit(raw: Mapping[str, Any]) -> AuthoredCommit:
    committer = raw.get("committer") or {}
    people = [*_nodes(raw, "authors"), committer]
    logins = dict.fromkeys(login for person in people if (login := _login(person)))
    pulls = _nodes(raw, "associatedPullRequests")
    return AuthoredCommit(
        raw["oid"],
        tuple(parent["oid"] for parent in _nodes(raw, "parents")),
        tuple(logins),
        tuple(
            MergedPull(pull["number"], pull["headRefOid"], (pull["author"] or {}).get("login", ""))
            for pull in pulls
            if pull["merged"]
        ),
    )


def _nodes(raw: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    return [node for node in (raw.get(name) or {}).get("nodes") or () if node]


def _login(person: Mapping[str, Any]) -> str:
    user: Mapping[str, Any] = person.get("user") or {}
    login: str = user.get("login") or ""
    # The account that commits what is done on GitHub's pages.
    return "" if login == "web-flow" else login


def logins(commits: Iterable[AuthoredCommit]) -> frozenset[str]:
    """The logins of the authors of these commits, in lower case.

    Whoever opened the merged pull request that brought a commit is one, too.
    """
    return frozenset(
        login.lower()
        for commit in commits
        for login in (*commit.authors, *(pull.author for pull in commit.merged_by_pulls))
        if login
    )
