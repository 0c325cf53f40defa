"""Authenticating as the App: short-lived tokens for one repository each, and the App's identity."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from github import Auth, GithubIntegration
from github.Repository import Repository
from github.Requester import Requester
from jwt.exceptions import InvalidKeyError

from bot.errors import GitHubAnswerError, GitHubError, InstallationGone, UsageError
from bot.github.api import change, send
from bot.github.budget import Budget
from bot.github.connection import (
    API_VERSION,
    PAGE,
    SECONDS,
    USER_AGENT,
    AppIdentity,
    Client,
    GitHubConnection,
    retry_policy,
    revoke,
)
from bot.github.errors import translated
from bot.github.signing import Key, app_auth

PERMISSIONS: Final = {"checks": "write", "contents": "read", "pull_requests": "write"}
"""The permissions of one job: https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app."""


class Gateway:
    """The App's credentials, from which each job gets a connection of its own."""

    def __init__(
        self,
        app_id: str,
        private_key: Key,
        api_url: str,
        *,
        pause: float = 0.25,
        site: str | None = None,
    ) -> None:
        """`private_key` may be a command that signs; `pause` are the seconds between two writes.

        `site` is the public address of this service, to which checks link.

        Raises UsageError for a key that cannot sign.
        """
        self.budget = Budget(pause)
        self._auth = app_auth(app_id, private_key)
        self._url = api_url
        self._site = site
        self._lock = threading.Lock()
        self._identity: AppIdentity | None = None
        try:
            self._auth.create_jwt()
        except GitHubError as error:
            raise UsageError(str(error)) from error
        except (ValueError, TypeError, InvalidKeyError, UnsupportedAlgorithm):
            # The error of the cryptography library might show a part of the key.
            raise UsageError(
                "PRIVATE_KEY cannot sign: it must be the App's whole RSA key in PEM"
            ) from None

    @property
    def page(self) -> str | None:
        """The App's public page on GitHub, None until GitHub has answered once."""
        return self._identity.page if self._identity else None

    def identify(self) -> AppIdentity:
        """The App as GitHub knows it, asked once. Raises GitHubError."""
        with self._lock:
            if self._identity is None:
                with self.app() as app, translated():
                    app_raw = app.get_app()
                self._identity = AppIdentity(app_raw.id, f"{app_raw.slug}[bot]", app_raw.html_url)
            return self._identity

    def connect(self, installation: int, repository: int) -> GitHubConnection:
        """A connection with a token for this one repository and the permissions of a job.

        GitHub's answer names the repository, which may have been renamed since the webhook.
        """
        scope = {"repository_ids": [repository], "permissions": PERMISSIONS}
        identity = self.identify()
        with self.app() as app:
            answer = self._token(app, installation, scope)
        [raw] = answer["repositories"]
        if raw["archived"]:
            raise InstallationGone("the repository is archived")
        github = self._client(installation, answer["token"])
        return GitHubConnection(
            identity=identity,
            github=github,
            repository=Repository(github.requester, url=f"/repos/{raw['full_name']}"),
            installation=installation,
            repository_id=repository,
            full_name=raw["full_name"],
            default_branch=raw["default_branch"],
            clone_url=raw["clone_url"],
            token=answer["token"],
            site=self._site,
        )

    @contextmanager
    def narrowed(self, installation: int, scope: Mapping[str, Any]) -> Iterator[Requester | None]:
        """A requester with a token for exactly this scope, None where GitHub does not grant it.

        A scope has the fields of a token request: `permissions`, and `repositories` by name.
        """
        try:
            with self.app() as app:
                token = self._token(app, installation, dict(scope))["token"]
        except InstallationGone:
            # GitHub's answer also for a repository that the App does not reach.
            if "repositories" not in scope:
                raise
            yield None
            return
        except GitHubAnswerError as error:
            # The permissions were not granted.
            if error.status != 422:
                raise
            yield None
            return
        github = self._client(installation, token)
        try:
            yield github.requester
        finally:
            revoke(github)

    @contextmanager
    def everywhere(self, installation: int) -> Iterator[Requester]:
        """A requester that may list the repositories of an installation, and nothing more."""
        with self.app() as app:
            answer = self._token(app, installation, {"permissions": {"metadata": "read"}})
        github = self._client(installation, answer["token"])
        try:
            yield github.requester
        finally:
            github.close()

    @contextmanager
    def app(self) -> Iterator[GithubIntegration]:
        """A client of the App itself, for its installations, tokens and deliveries."""
        app = self._app()
        try:
            yield app
        finally:
            app.close()

    def _client(self, installation: int, token: str) -> Client:
        return Client(self._url, Auth.Token(token), self.budget, installation)

    def _app(self) -> GithubIntegration:
        return GithubIntegration(
            auth=self._auth,
            base_url=self._url,
            lazy=True,
            retry=retry_policy(),
            timeout=SECONDS,
            user_agent=USER_AGENT,
            per_page=PAGE,
            api_version=API_VERSION,
            seconds_between_requests=0,
            seconds_between_writes=0,
        )

    @staticmethod
    def _token(app: GithubIntegration, installation: int, scope: dict[str, Any]) -> dict[str, Any]:
        def mint() -> dict[str, Any]:
            path = f"/app/installations/{installation}/access_tokens"
            answer: dict[str, Any] = send(app.requester, "POST", path, scope)
            return answer

        try:
            # A token whose answer was lost is of no use: request another one.
            return change(mint, lambda: None)
        except GitHubAnswerError as error:
            # GitHub also answers 422 for permissions that were not granted, which is not final.
            taken = error.status == 422 and "not accessible to the parent" in str(error)
            if taken or (error.status in {403, 404} and not error.retryable):
                raise InstallationGone(str(error)) from error
            raise
