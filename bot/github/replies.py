"""Comments with commands: their current text, and the App's one reply to each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from bot.core.engine.accounts import GitHubAccount
from bot.errors import GitHubError
from bot.github.accounts import account_of
from bot.github.api import change, read_if_there
from bot.github.connection import GitHubConnection, pages

CommentKind: TypeAlias = Literal["issue", "line"]
"""The kind of a comment: in the conversation, or on a line or file."""

MOST: Final = 50
"""The most replies on one pull request."""

_MARK: Final = re.compile(r"<!-- fairlead:v1 reply=(\d{1,20}) -->")
_INSIDERS: Final = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment. `insider`: the author is an owner, member or collaborator of the repository.

    `thread` is the id of the first comment of a thread on a line, None in the conversation.
    """

    id: int
    place: CommentKind
    body: str
    author: GitHubAccount
    person: bool
    insider: bool
    written: str
    thread: int | None = None


def read_comment(
    connection: GitHubConnection, number: int, place: CommentKind, comment: int
) -> Comment | None:
    """The comment, None where it was deleted or belongs to another pull request."""
    folder, field = ("issues", "issue_url") if place == "issue" else ("pulls", "pull_request_url")
    path = f"/repos/{connection.full_name}/{folder}/comments/{comment}"
    raw = read_if_there(connection.github.requester, path)
    if raw is None or raw[field].rpartition("/")[2] != str(number):
        return None
    user: Mapping[str, Any] = raw.get("user") or {}
    return Comment(
        id=comment,
        place=place,
        body=raw.get("body") or "",
        author=account_of(user),
        person=user.get("type") == "User" and not raw.get("performed_via_github_app"),
        insider=raw.get("author_association") in _INSIDERS,
        written=raw["created_at"],
        thread=(raw.get("in_reply_to_id") or comment) if place == "line" else None,
    )


def reply_mark(comment: Comment) -> str:
    """The hidden marker that identifies the reply to a comment."""
    return f"<!-- fairlead:v1 reply={comment.id} -->"


def reply(connection: GitHubConnection, number: int, comment: Comment, body: str) -> bool:
    """Replies to a comment exactly once; whether this call did."""
    repository = connection.repository

    def answered() -> bool | None:
        replies = tuple(_answered(connection, number, comment.place))
        return True if str(comment.id) in replies or len(replies) >= MOST else None

    def post() -> bool:
        if comment.thread is None:
            answer = repository.get_issue(number).create_comment(body).raw_data
        else:
            pull = repository.get_pull(number)
            answer = pull.create_review_comment_reply(comment.thread, body).raw_data
        if not answer.get("id"):
            raise GitHubError("GitHub did not create the reply; was the repository renamed?")
        return True

    return False if answered() else change(post, answered)


def _answered(connection: GitHubConnection, number: int, place: CommentKind) -> Iterator[str]:
    """The ids of the comments that this App replied to; markers by others do not count."""
    folder = "issues" if place == "issue" else "pulls"
    for raw in pages(connection, f"/repos/{connection.full_name}/{folder}/{number}/comments"):
        marker = _MARK.match(raw.get("body") or "")
        if marker and (raw.get("user") or {}).get("login") == connection.identity.login:
            yield marker[1]
