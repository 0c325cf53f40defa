"""Authenticating as the App: short-lived tokens for one repository each, and the App's identity."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from github import Auth, Github, GithubIntegration
from github.Repository import Repository
from github.Requester import Requester
from jwt.exceptions import InvalidKeyError
from urllib3 import Retry

from bot.errors import GitHubAnswerError, GitHubError, InstallationGone, UsageError
from bot.github.api import change, read, send
from bot.github.budget import Budget
from bot.github.errors import translated
from bot.github.signing import Key, app_auth

API_VERSION: Final = "2022-11-28"
PERMISSIONS: Final = {"checks": "write", "contents": "read", "pull_requests": "write"}
"""The permissions of one job: https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app."""

_USER_AGENT: Final = f"fairlead/{version('fairlead')}"
_SECONDS: Final = 15
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class AppIdentity:
    """The App on GitHub: its id, and the login under which it comments (`fairlead[bot]`)."""

    id: int
    login: str


@dataclass(frozen=True, slots=True)
class GitHubConnection:
    """One job's connection to GitHub. PyGithub's objects must not be shared between threads.

    `site` is the public address of this service, None where it is not set.
    """

    identity: AppIdentity
    github: Client
    repository: Repository
    installation: int
    repository_id: int
    full_name: str
    default_branch: str
    clone_url: str
    token: str = field(repr=False)
    site: str | None = None

    def page(self, number: int, head: str) -> str | None:
        """The page of a review on this service, None where its public address is not set."""
        return f"{self.site}/r/{self.full_name}/{number}/{head}" if self.site else None

    def close(self) -> None:
        """Revokes the token: it ends with its job. GitHub ends it after an hour in any case."""
        _revoke(self.github)


class _Courteous(Requester):
    """A requester that spaces writes as the budget of their installation demands."""

    def __init__(self, budget: Budget, installation: int, **settings: Any) -> None:
        super().__init__(**settings)
        self._budget = budget
        self._installation = installation

    def requestJson(  # noqa: N802 - PyGithub's name for what every request goes through
        self, verb: str, url: str, *rest: Any, **more: Any
    ) -> tuple[int, dict[str, Any], str]:
        """One request; a write waits for its turn."""
        # GraphQL queries use POST as well; Fairlead's one mutation is rare.
        free = verb in {"GET", "HEAD"} or url == self.graphql_url
        with nullcontext() if free else self._budget.writing(self._installation):
            answer = super().requestJson(verb, url, *rest, **more)
        remaining, reset = (
            answer[1].get(f"x-ratelimit-{name}", "") for name in ("remaining", "reset")
        )
        if remaining.isascii() and remaining.isdigit():
            until = float(reset) if reset.isascii() and reset.isdigit() else 0.0
            self._budget.note(self._installation, int(remaining), max(0.0, until - time.time()))
        return answer


class Client(Github):
    """PyGithub's client for one installation, with a requester that keeps to its budget.

    `doubtful`: a request was repeated because its answer was lost, and may have worked twice.
    """

    def __init__(self, url: str, auth: Auth.Token, budget: Budget, installation: int) -> None:
        super().__init__(auth=auth, base_url=url, lazy=True)
        self.doubtful = False
        self._courteous = _Courteous(
            budget,
            installation,
            auth=auth,
            base_url=url,
            timeout=_SECONDS,
            user_agent=_USER_AGENT,
            per_page=_PAGE,
            verify=True,
            retry=_retry(),
            pool_size=None,
            lazy=True,
            api_version=API_VERSION,
        )

    @property
    def requester(self) -> Requester:
        """The requester of every request of a job."""
        return self._courteous

    def close(self) -> None:
        """Closes the connections."""
        self._courteous.close()
        super().close()


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

    def connect(self, installation: int, repository: int) -> GitHubConnection:
        """A connection with a token for this one repository and the permissions of a job.

        GitHub's answer names the repository, which may have been renamed since the webhook.
        """
        scope = {"repository_ids": [repository], "permissions": PERMISSIONS}
        with self.app() as app:
            identity = self._who(app)
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
            _revoke(github)

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
            retry=_retry(),
            timeout=_SECONDS,
            user_agent=_USER_AGENT,
            per_page=_PAGE,
            api_version=API_VERSION,
            seconds_between_requests=0,
            seconds_between_writes=0,
        )

    def _who(self, app: GithubIntegration) -> AppIdentity:
        with self._lock:
            if self._identity is None:
                with translated():
                    app_raw = app.get_app()
                self._identity = AppIdentity(app_raw.id, f"{app_raw.slug}[bot]")
            return self._identity

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


def _revoke(github: Github) -> None:
    """Ends a client and its token."""
    try:
        with translated():
            github.requester.requestJsonAndCheck("DELETE", "/installation/token")
    except GitHubError:
        return
    finally:
        github.close()


def pages(connection: GitHubConnection, path: str) -> Iterator[dict[str, Any]]:
    """Every item of a paginated list, as JSON."""
    return listed(connection.github.requester, path)


def listed(requester: Requester, path: str, key: str | None = None) -> Iterator[dict[str, Any]]:
    """Every item of a paginated list; `key` names the list in an answer that is an object."""
    for page in itertools.count(1):
        answer = read(requester, path, per_page=_PAGE, page=page)
        items = answer[key] if key else answer
        yield from items
        if len(items) < _PAGE:
            return


def _retry() -> Retry:
    """The retries of repeatable requests for short failures; the queue handles longer ones.

    PATCH and POST are repeated by `bot.github.api.change`, which looks whether they worked.
    PyGithub's default sleeps until a rate limit ends, which would hold a worker for up to an hour.
    """
    return Retry(
        total=3,
        backoff_factor=0.3,
        status_forcelist=range(500, 600),
        allowed_methods={"GET", "HEAD", "PUT", "DELETE"},
        respect_retry_after_header=False,
        raise_on_status=False,
    )
