"""Comments in a pull request's conversation."""

from __future__ import annotations

from bot.github.api import change
from bot.github.connection import GitHubConnection, pages


def say_once(connection: GitHubConnection, number: int, body: str, marker: str) -> None:
    """Posts a comment unless a comment of this App already contains this marker."""
    path = f"/repos/{connection.full_name}/issues/{number}/comments"

    def posted() -> bool | None:
        bodies = (
            raw["body"]
            for raw in pages(connection, path)
            if (raw.get("user") or {}).get("login") == connection.identity.login
        )
        return True if any(marker in (body or "") for body in bodies) else None

    def post() -> bool:
        connection.repository.get_issue(number).create_comment(body)
        return True

    if not posted():
        change(post, posted)
