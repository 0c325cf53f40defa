"""Commands in comments: the comment as it is now, and our one answer to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from bot.errors import GitHubError
from bot.github.api import change, read_if_there, send
from bot.github.auth import GitHubConnection, pages

CommentKind: TypeAlias = Literal["issue", "line"]
"""Where a comment stands: in the conversation, or on a line or file."""

MOST: Final = 50
"""More answers than this on one pull request are nobody's question any more."""

_MARK: Final = re.compile(r"<!-- fairlead:v1 reply=(\d{1,20}) -->")
_INSIDERS: Final = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})


@dataclass(frozen=True, slots=True)
class Comment:
    """A person's comment. `insider`: GitHub knows the author as one of the repository's people.

    `thread` is the comment that began the thread on a line, None in the conversation.
    """

    id: int
    place: CommentKind
    body: str
    author: str
    person: bool
    insider: bool
    written: str
    thread: int | None = None


def read_comment(
    connection: GitHubConnection, number: int, place: CommentKind, comment: int
) -> Comment | None:
    """The comment, None where it is gone or belongs to another pull request."""
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
        author=user.get("login") or "",
        person=user.get("type") == "User" and not raw.get("performed_via_github_app"),
        insider=raw.get("author_association") in _INSIDERS,
        written=raw["created_at"],
        thread=(raw.get("in_reply_to_id") or comment) if place == "line" else None,
    )


def reply_mark(comment: Comment) -> str:
    """The hidden line by which our answer to a comment is known again."""
    return f"<!-- fairlead:v1 reply={comment.id} -->"


def reply(connection: GitHubConnection, number: int, comment: Comment, body: str) -> bool:
    """Whether the comment was answered now: once, however often this is called."""
    pull = f"/repos/{connection.full_name}/pulls/{number}"
    path = f"/repos/{connection.full_name}/issues/{number}/comments"
    if comment.thread is not None:
        path = f"{pull}/comments/{comment.thread}/replies"

    def answered() -> bool | None:
        replies = tuple(_answered(connection, number, comment.place))
        return True if str(comment.id) in replies or len(replies) >= MOST else None

    def post() -> bool:
        answer = send(connection.github.requester, "POST", path, {"body": body})
        if not answer.get("id"):
            raise GitHubError("GitHub did not create the reply; was the repository renamed?")
        return True

    return False if answered() else change(post, answered)


def _answered(connection: GitHubConnection, number: int, place: CommentKind) -> Iterator[str]:
    """The ids of the comments that we answered; a mark in somebody else's comment is no answer."""
    folder = "issues" if place == "issue" else "pulls"
    for raw in pages(connection, f"/repos/{connection.full_name}/{folder}/{number}/comments"):
        marker = _MARK.match(raw.get("body") or "")
        if marker and (raw.get("user") or {}).get("login") == connection.identity.login:
            yield marker[1]
