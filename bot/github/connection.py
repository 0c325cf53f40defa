"""A job's connection to GitHub: the client for its API, bounded and courteous, and its token."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Final

from github import Auth, Github
from github.Repository import Repository
from github.Requester import Requester
from urllib3 import Retry

from bot.errors import GitHubError
from bot.github.api import read
from bot.github.budget import Budget
from bot.github.errors import translated

API_VERSION: Final = "2022-11-28"

USER_AGENT: Final = f"fairlead/{version('fairlead')}"
SECONDS: Final = 15
"""How long a request to GitHub may take without an answer."""

PAGE: Final = 100

_NEXT: Final = re.compile(r'<([^<>]*)>; rel="next"')


@dataclass(frozen=True, slots=True)
class AppIdentity:
    """The App on GitHub: its id, the login under which it comments (`fairlead[bot]`), its page."""

    id: int
    login: str
    page: str


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

    @property
    def requests(self) -> int:
        """The requests so far, with those for the token and for its end."""
        return self.github.requests

    def close(self) -> None:
        """Revokes the token: it ends with its job. GitHub ends it after an hour in any case."""
        revoke(self.github)


class _Courteous(Requester):
    """A requester that spaces writes as the budget of their installation demands."""

    def __init__(self, budget: Budget, installation: int, **settings: Any) -> None:
        super().__init__(**settings)
        self._budget = budget
        self._installation = installation
        # The token was requested before there was a requester for it.
        self.requests = 1

    def requestJson(  # noqa: N802 - PyGithub's name for what every request goes through
        self, verb: str, url: str, *rest: Any, **more: Any
    ) -> tuple[int, dict[str, Any], str]:
        """One request; a write waits for its turn."""
        self.requests += 1
        # GraphQL queries use POST as well; Fairlead's one mutation is rare. A job's token ends
        # after its last write: that needs to wait for nothing.
        free = (
            verb in {"GET", "HEAD"}
            or url == self.graphql_url
            or (verb == "DELETE" and url.endswith("/installation/token"))
        )
        content = verb == "POST" and not url.endswith("/check-runs")
        with nullcontext() if free else self._budget.writing(self._installation, content=content):
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
            timeout=SECONDS,
            user_agent=USER_AGENT,
            per_page=PAGE,
            verify=True,
            retry=retry_policy(),
            pool_size=None,
            lazy=True,
            api_version=API_VERSION,
        )

    @property
    def requests(self) -> int:
        """The requests so far. One that urllib3 repeats counts once."""
        return self._courteous.requests

    @property
    def requester(self) -> Requester:
        """The requester of every request of a job."""
        return self._courteous

    def close(self) -> None:
        """Closes the connections."""
        self._courteous.close()
        super().close()


def revoke(github: Github) -> None:
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
        answer = read(requester, path, per_page=PAGE, page=page)
        items = answer[key] if key else answer
        yield from items
        if len(items) < PAGE:
            return


def linked(requester: Requester, path: str, most: int, **filters: str) -> Iterator[dict[str, Any]]:
    """The items of at most so many pages of a list whose pages GitHub names only by links."""
    parameters: dict[str, Any] = {"per_page": PAGE, **filters}
    for _ in range(most):
        with translated():
            headers, items = requester.requestJsonAndCheck("GET", path, parameters=parameters)
        yield from items
        following = _NEXT.search(str(headers.get("link") or ""))
        if following is None:
            return
        path, parameters = following[1], {}


def retry_policy() -> Retry:
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
