"""Who wrote a change, as GitHub attributes it: authors, co-authors and committers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.core.engine.accounts import GitHubAccount
from bot.errors import GitHubError
from bot.github.connection import GitHubConnection
from bot.github.errors import translated

MOST_COMMITS: Final = 3000
"""A pull request of more commits has too many authors for anybody to be known as another."""

_WEB: Final = "web-flow"
"""The account that commits what is done on GitHub's pages."""

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
            authors(first: 20) { nodes { user { login databaseId } } }
            committer { user { login databaseId } }
            associatedPullRequests(first: 5) {
              nodes {
                number
                merged
                headRefOid
                author { login ... on User { databaseId } ... on Bot { databaseId } }
              }
            }
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
    author: GitHubAccount


@dataclass(frozen=True, slots=True)
class AuthoredCommit:
    """A commit of a pull request, and the accounts that GitHub attributes it to.

    Somebody whom GitHub does not know by the commit's email has no account here: a
    `Co-authored-by` line alone is text. `merged_by_pulls` are merged pull requests that contain
    the commit.
    """

    id: str
    parents: tuple[str, ...]
    authors: tuple[GitHubAccount, ...]
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
    authors = dict.fromkeys(_account(person.get("user")) for person in people)
    pulls = _nodes(raw, "associatedPullRequests")
    return AuthoredCommit(
        raw["oid"],
        tuple(parent["oid"] for parent in _nodes(raw, "parents")),
        tuple(author for author in authors if author.login not in {"", _WEB}),
        tuple(
            MergedPull(pull["number"], pull["headRefOid"], _account(pull["author"]))
            for pull in pulls
            if pull["merged"]
        ),
    )


def _nodes(raw: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    return [node for node in (raw.get(name) or {}).get("nodes") or () if node]


def _account(user: Mapping[str, Any] | None) -> GitHubAccount:
    user = user or {}
    return GitHubAccount(user.get("login") or "", user.get("databaseId") or 0)


def authors_of(commits: Iterable[AuthoredCommit]) -> frozenset[GitHubAccount]:
    """The authors of these commits.

    Whoever opened the merged pull request that brought a commit is one, too.
    """
    return frozenset(
        account
        for commit in commits
        for account in (*commit.authors, *(pull.author for pull in commit.merged_by_pulls))
        if account.login
    )
