"""Being an App: short-lived tokens for one repository each, and who we are on GitHub."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from github import Auth, Github, GithubIntegration
from github.Repository import Repository
from jwt.exceptions import InvalidKeyError
from urllib3 import Retry

from bot.errors import GitHubAnswerError, GitHubError, InstallationGone, UsageError
from bot.github.answers import created, translated
from bot.github.signing import Key, app_auth

API_VERSION: Final = "2022-11-28"
PERMISSIONS: Final = {"checks": "write", "contents": "read", "pull_requests": "write"}
"""What one job may do: https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app."""

_USER_AGENT: Final = f"fairlead/{version('fairlead')}"
_SECONDS: Final = 15
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Identity:
    """The App on GitHub: its id, and the login under which it comments (`fairlead[bot]`)."""

    id: int
    login: str


@dataclass(frozen=True, slots=True)
class Connection:
    """GitHub as one job sees it. PyGithub's objects must not be shared between threads."""

    identity: Identity
    github: Github
    repository: Repository
    repository_id: int
    full_name: str
    default_branch: str
    clone_url: str
    token: str = field(repr=False)

    def close(self) -> None:
        """Revokes the token: it ends with its job. GitHub ends it after an hour in any case."""
        try:
            with translated():
                self.github.requester.requestJsonAndCheck("DELETE", "/installation/token")
        except GitHubError:
            return
        finally:
            self.github.close()


class Gateway:
    """The App's credentials, from which each job gets a connection of its own."""

    def __init__(self, app_id: str, private_key: Key, api_url: str, *, pause: float = 0.25) -> None:
        """`private_key` may be a command that signs; `pause` is what GitHub gets between writes.

        Raises UsageError for a useless key.
        """
        self._pause = pause
        self._auth = app_auth(app_id, private_key)
        self._url = api_url
        self._lock = threading.Lock()
        self._identity: Identity | None = None
        try:
            self._auth.create_jwt()
        except GitHubError as error:
            raise UsageError(str(error)) from error
        except (ValueError, TypeError, InvalidKeyError, UnsupportedAlgorithm):
            # What the cryptography says of a key might show a part of it.
            raise UsageError(
                "PRIVATE_KEY cannot sign: it must be the App's whole RSA key in PEM"
            ) from None

    def connect(self, installation: int, repository: int) -> Connection:
        """A connection with a token for this one repository and the permissions of a job.

        The token's answer names the repository: its name may have changed since the webhook.
        """
        app = self._app()
        try:
            identity = self._who(app)
            answer = self._token(app, installation, repository)
            [held] = answer["repositories"]
        finally:
            app.close()
        github = Github(
            auth=Auth.Token(answer["token"]),
            base_url=self._url,
            lazy=True,
            retry=_retry(),
            timeout=_SECONDS,
            user_agent=_USER_AGENT,
            per_page=_PAGE,
            api_version=API_VERSION,
            seconds_between_requests=0,
            seconds_between_writes=self._pause,
        )
        return Connection(
            identity=identity,
            github=github,
            repository=github.get_repo(held["full_name"]),
            repository_id=repository,
            full_name=held["full_name"],
            default_branch=held["default_branch"],
            clone_url=held["clone_url"],
            token=answer["token"],
        )

    def _app(self) -> GithubIntegration:
        return GithubIntegration(
            auth=self._auth,
            base_url=self._url,
            lazy=True,
            retry=_retry(),
            timeout=_SECONDS,
            user_agent=_USER_AGENT,
            per_page=_PAGE,
            api_version=API_VERSION,
            seconds_between_requests=0,
            seconds_between_writes=0,
        )

    def _who(self, app: GithubIntegration) -> Identity:
        with self._lock:
            if self._identity is None:
                with translated():
                    found = app.get_app()
                self._identity = Identity(found.id, f"{found.slug}[bot]")
            return self._identity

    @staticmethod
    def _token(app: GithubIntegration, installation: int, repository: int) -> dict[str, Any]:
        def mint() -> dict[str, Any]:
            answer: dict[str, Any] = app.requester.requestJsonAndCheck(
                "POST",
                f"/app/installations/{installation}/access_tokens",
                input={"repository_ids": [repository], "permissions": PERMISSIONS},
            )[1]
            return answer

        try:
            # A token whose answer got lost is of no use: another is made.
            return created(lambda: None, mint)
        except GitHubAnswerError as error:
            if error.status in {403, 404} and not error.retryable:
                raise InstallationGone(str(error)) from error
            raise


def pages(connection: Connection, path: str) -> Iterator[dict[str, Any]]:
    """Every item of a list, as GitHub gives it."""
    for page in itertools.count(1):
        with translated():
            items = connection.github.requester.requestJsonAndCheck(
                "GET", path, parameters={"per_page": _PAGE, "page": page}
            )[1]
        yield from items
        if len(items) < _PAGE:
            return


def _retry() -> Retry:
    """For short blips and only for what may be repeated; a longer wait is the queue's.

    PATCH and POST are repeated by who knows whether they worked. PyGithub's own default sleeps
    until a rate limit ends, which would hold a worker for up to an hour.
    """
    return Retry(
        total=3,
        backoff_factor=0.3,
        status_forcelist=range(500, 600),
        allowed_methods={"GET", "HEAD", "PUT", "DELETE"},
        respect_retry_after_header=False,
        raise_on_status=False,
    )
