"""The stand-in as demos and tests use it: start it, act as people do, look at what was posted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Self

from bot.standin.acts.apps import AppActs
from bot.standin.acts.checks import CheckActs
from bot.standin.acts.comments import CommentActs
from bot.standin.acts.pulls import PullActs
from bot.standin.acts.repositories import RepositoryActs
from bot.standin.administration import Administration
from bot.standin.context import Context
from bot.standin.deliveries import WebhookSender
from bot.standin.events import Events
from bot.standin.exchanges import Exchanges
from bot.standin.faults import Fault, Faults
from bot.standin.merge_queue import MergeQueue
from bot.standin.repositories import StandInCheckRun, StandInPullRequest
from bot.standin.server import API, Server, application
from bot.standin.state import GitHubState, utc_now

EXAMPLE = Path(__file__).parent / "example"


class StandIn(AppActs, RepositoryActs, PullActs, CommentActs, CheckActs):
    """A GitHub on loopback; its bare repositories are in `directory`, all else in memory.

    What people do there is a class for each kind of thing that they do it to; all of them are one
    here, so that a test says `stand_in.comment(...)`. `exchanges`, `deliveries` and `faults` are
    its log of requests, its webhooks, and what is made to go wrong; `administration` and
    `merge_queue` do what fewer people do. Every method may be called from any thread.
    """

    def __init__(self, directory: Path, *, clock: Callable[[], datetime] = utc_now) -> None:
        state = GitHubState(directory, clock)
        self.deliveries = WebhookSender(state)
        self.exchanges = Exchanges()
        self.faults = Faults()
        super().__init__(Context(state, Events(state, self.deliveries)))
        self.administration = Administration(self._context)
        self.merge_queue = MergeQueue(self._context)
        self._server: Server | None = None

    def start(self, port: int = 0) -> Self:
        """The stand-in, serving on a port of the loopback: a free one unless one is named."""
        app = application(self._context, self.exchanges, self.faults)
        self._server = Server(app, port)
        self.state.url = self._server.url
        self._server.start()
        self.deliveries.start()
        return self

    def close(self) -> None:
        """Stops serving requests and sending deliveries."""
        if self._server is not None:
            self.deliveries.stop()
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self if self._server else self.start()

    def __exit__(self, *raised: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where people see it."""
        return self.state.url

    @property
    def api_url(self) -> str:
        """Where the REST API is: PyGithub's `base_url`."""
        return f"{self.state.url}{API}"

    @property
    def graphql_url(self) -> str:
        """Where GraphQL is, as on an Enterprise Server."""
        return f"{self.state.url}/api/graphql"

    # Faults and waiting

    def fail(  # noqa: PLR0913 - what a fault is made of
        self,
        path: str,
        *,
        method: str = "*",
        times: int = 1,
        status: int | None = 502,
        retry_after: int | None = None,
        delay: float = 0.0,
        lost: bool = False,
        headers: Mapping[str, str] | None = None,
        message: str | None = None,
        after: int = 0,
    ) -> None:
        """Makes the next requests fail whose path matches this regular expression.

        The first `after` of them do not. `lost`: they act first, and only the answer is lost. With
        `status=None` they are only delayed, by `delay` seconds.
        """
        pattern, more = re.compile(path), dict(headers or {})
        self.faults.add(
            Fault(method, pattern, times, status, retry_after, delay, lost, more, message, after)
        )

    def wait_until(self, holds: Callable[[], bool], timeout: float = 60.0) -> bool:
        """Whether the condition became true in time; it is checked again after each request."""
        return self.exchanges.wait_until(holds, timeout)

    def wait_for_check(
        self, pull: StandInPullRequest, name: str = "fairlead", timeout: float = 60.0
    ) -> StandInCheckRun | None:
        """The completed run of a check on the pull request's head, or None after the time."""

        def completed() -> bool:
            run = self.check_run(pull, name)
            return run is not None and run.status == "completed"

        return self.check_run(pull, name) if self.wait_until(completed, timeout) else None
