"""Sources that do not answer: which failures may pass, and what stands for the source meanwhile."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from bot.core.fetching import FetchResult, SourceReference
from bot.fetch import Fetching
from tests.fetch.servers import Answer, Server


def _chart(server: Server) -> SourceReference:
    return SourceReference("chart", server.url, "1.2.3", "app")


def _fetched(fetching: Fetching, reference: SourceReference) -> FetchResult:
    with fetching.session(frozenset()) as session:
        return session.fetch([reference])[0]


@pytest.mark.parametrize(
    ("status", "passing"),
    [(400, False), (401, False), (404, False), (429, True), (500, True), (503, True), (521, True)],
)
def test_an_error_of_the_server_may_pass(
    fetching: Fetching, server: Server, status: int, *, passing: bool
) -> None:
    server.routes["/"] = lambda _asked: Answer(status)

    result = _fetched(fetching, _chart(server))

    assert (result.status, result.passing) == ("failed", passing)


def test_a_repository_whose_server_fails_may_pass(fetching: Fetching, server: Server) -> None:
    server.routes["/"] = lambda _asked: Answer(502)
    reference = SourceReference("git", f"{server.url}/team/base", "refs/tags/v1")

    assert _fetched(fetching, reference).passing


def test_a_repository_that_is_not_there_does_not_pass(fetching: Fetching, server: Server) -> None:
    reference = SourceReference("git", f"{server.url}/team/base", "refs/tags/v1")

    assert not _fetched(fetching, reference).passing


def test_a_port_on_which_nobody_listens_may_pass(fetching: Fetching) -> None:
    with socket.socket() as unused:
        # Bound until the end, or another test could listen on this port meanwhile.
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        allowed = Fetching(fetching.store, enabled=True, hosts=(url,))

        assert _fetched(allowed, SourceReference("file", f"{url}/a.yaml")).passing


def test_an_earlier_fetch_stands_for_a_source_that_does_not_answer(
    fetching: Fetching, server: Server
) -> None:
    reference = SourceReference("file", f"{server.url}/base.yaml")
    for content in (b"kind: Pod\n", b"kind: Job\n"):
        server.files({"/base.yaml": content})
        before = _fetched(fetching, reference)
    server.routes["/base.yaml"] = lambda _asked: Answer(503)

    now, stale = (_fetched(each, reference) for each in (fetching, fetching.from_store()))

    message = f"'{server.host}' answered 503"
    assert now == FetchResult("failed", message=message, passing=True)
    assert stale == replace(before, message=f"as fetched before, since {message}")


def test_no_earlier_fetch_stands_for_a_source_that_is_gone(
    fetching: Fetching, server: Server
) -> None:
    reference = SourceReference("file", f"{server.url}/base.yaml")
    server.files({"/base.yaml": b"kind: Pod\n"})
    assert _fetched(fetching, reference).status == "fetched"
    server.routes.clear()

    assert _fetched(fetching.from_store(), reference).status == "failed"


def test_without_an_earlier_fetch_the_failure_stays(fetching: Fetching, server: Server) -> None:
    server.routes["/"] = lambda _asked: Answer(503)

    result = _fetched(fetching.from_store(), _chart(server))

    assert result == FetchResult("failed", message=f"'{server.host}' answered 503", passing=True)
