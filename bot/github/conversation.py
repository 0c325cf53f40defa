"""What is said in a pull request's conversation, beside its threads."""

from __future__ import annotations

from bot.github.auth import GitHubConnection, pages
from bot.github.errors import created, translated


def say_once(connection: GitHubConnection, number: int, body: str, mark: str) -> None:
    """The comment, unless one of ours holds this mark already."""
    path = f"/repos/{connection.full_name}/issues/{number}/comments"

    def find() -> bool | None:
        held = (
            one["body"]
            for one in pages(connection, path)
            if (one.get("user") or {}).get("login") == connection.identity.login
        )
        return True if any(mark in (body or "") for body in held) else None

    def make() -> bool:
        with translated():
            connection.github.requester.requestJsonAndCheck("POST", path, input={"body": body})
        return True

    if not find():
        created(find, make)
