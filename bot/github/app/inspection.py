"""The App's registration, installations and deliveries, for `fairlead doctor` and `replay`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Self

from github import Auth

from bot.github.api import read, read_if_there, send
from bot.github.clients import app_client, client
from bot.github.connection import PAGE, linked, listed, revoke
from bot.github.errors import translated

_MOST_RULESETS: Final = 30
_MOST_PAGES: Final = 10
"""The most pages of deliveries that are read."""


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """One response: its body, and the headers by lower-case name."""

    body: Any
    headers: Mapping[str, Any]

    def skew(self, local: datetime) -> float | None:
        """Seconds by which this clock is ahead of GitHub's, None without a Date header."""
        try:
            theirs = parsedate_to_datetime(str(self.headers.get("date")))
        except ValueError:
            return None
        return (local - theirs.astimezone(UTC)).total_seconds()


class Inspection:
    """Read-only requests as the App itself and as one of its installations."""

    def __init__(self, auth: Auth.AppAuth, api_url: str) -> None:
        self._url = api_url
        self._app = app_client(auth, api_url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._app.close()

    def app(self) -> ApiResponse:
        """The App itself. Raises GitHubError."""
        with translated():
            headers, body = self._app.requester.requestJsonAndCheck("GET", "/app")
        return ApiResponse(body, headers)

    def installations(self) -> Iterator[dict[str, Any]]:
        """Where the App is installed."""
        return listed(self._app.requester, "/app/installations")

    def webhook(self) -> dict[str, Any]:
        """The webhook's configuration; empty where the App has no webhook."""
        config: dict[str, Any] = read_if_there(self._app.requester, "/app/hook/config") or {}
        return config

    def deliveries(self) -> Iterator[dict[str, Any]]:
        """The newest delivery attempts, newest first."""
        return linked(self._app.requester, "/app/hook/deliveries", _MOST_PAGES)

    def delivery(self, number: int) -> dict[str, Any]:
        """One delivery attempt with its payload."""
        attempt: dict[str, Any] = read(self._app.requester, f"/app/hook/deliveries/{number}")
        return attempt

    def reader(self, installation: int) -> InstallationReader:
        """The installation's repositories, by a token that may read metadata and branches."""
        answer = send(
            self._app.requester,
            "POST",
            f"/app/installations/{installation}/access_tokens",
            {"permissions": {"metadata": "read", "contents": "read"}},
        )
        return InstallationReader(answer["token"], self._url)


class InstallationReader:
    """An installation's repositories and the rules of their branches. Ends with its token."""

    def __init__(self, token: str, api_url: str) -> None:
        self._github = client(api_url, token)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        revoke(self._github)

    def repositories(self) -> list[dict[str, Any]]:
        """The first hundred repositories."""
        items: list[dict[str, Any]] = self._get("/installation/repositories")["repositories"]
        return items

    def protected(self, name: str) -> list[str]:
        """The names of the protected branches."""
        branches = self._get(f"/repos/{name}/branches", protected="true")
        return [branch["name"] for branch in branches if branch.get("protected")]

    def rules(self, name: str, branch: str) -> list[dict[str, Any]]:
        """The rules of rulesets that hold for a branch."""
        items: list[dict[str, Any]] = self._get(f"/repos/{name}/rules/branches/{branch}")
        return items

    def rulesets(self, name: str) -> Iterator[dict[str, Any]]:
        """The rulesets of branches that concern a repository, also its organisation's, in full.

        `bypass_actors` is there only for those who may edit a ruleset.
        """
        listed = self._get(f"/repos/{name}/rulesets", includes_parents="true")
        branches = [one for one in listed if one.get("target", "branch") == "branch"]
        for ruleset in branches[:_MOST_RULESETS]:
            path = f"/repos/{name}/rulesets/{ruleset['id']}"
            full: dict[str, Any] = read(self._github.requester, path)
            yield full

    def _get(self, path: str, **parameters: str) -> Any:
        return read(self._github.requester, path, per_page=str(PAGE), **parameters)
