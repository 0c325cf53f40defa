"""The App's registration, installations and deliveries, for `fairlead doctor` and `replay`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Self

from github import Auth

from bot.errors import GitHubAnswerError
from bot.github.api import read, send
from bot.github.clients import app_client, client
from bot.github.errors import translated

_PAGE: Final = 100
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
        for page in itertools.count(1):
            items = self._get("/app/installations", {"per_page": _PAGE, "page": page})
            yield from items
            if len(items) < _PAGE:
                return

    def webhook(self) -> dict[str, Any]:
        """The webhook's configuration; empty where the App has no webhook."""
        try:
            config: dict[str, Any] = self._get("/app/hook/config", {})
        except GitHubAnswerError as error:
            if error.status == 404:
                return {}
            raise
        return config

    def deliveries(self) -> Iterator[dict[str, Any]]:
        """The newest delivery attempts, newest first."""
        path, parameters = "/app/hook/deliveries", {"per_page": _PAGE}
        for _ in range(_MOST_PAGES):
            with translated():
                headers, items = self._app.requester.requestJsonAndCheck(
                    "GET", path, parameters=parameters
                )
            yield from items
            following = _next(str(headers.get("link") or ""))
            if following is None:
                return
            path, parameters = following, {}

    def delivery(self, number: int) -> dict[str, Any]:
        """One delivery attempt with its payload."""
        attempt: dict[str, Any] = self._get(f"/app/hook/deliveries/{number}", {})
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

    def _get(self, path: str, parameters: Mapping[str, Any]) -> Any:
        return read(self._app.requester, path, **parameters)


class InstallationReader:
    """An installation's repositories and the rules of their branches. Ends with its token."""

    def __init__(self, token: str, api_url: str) -> None:
        self._github = client(api_url, token)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        try:
            with translated():
                self._github.requester.requestJsonAndCheck("DELETE", "/installation/token")
        except GitHubAnswerError:
            return
        finally:
            self._github.close()

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
        return read(self._github.requester, path, per_page=str(_PAGE), **parameters)


def _next(link: str) -> str | None:
    """The address of the next page, as a Link header names it."""
    for part in link.split(","):
        address, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            return address.strip().strip("<>")
    return None
