"""What is asked by HTTP: checked, bounded, followed only so far."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.errors import FetchError
from bot.fetch.addresses import AllowedHosts
from bot.fetch.limits import FetchLimits
from bot.fetch.messages import MEBIBYTE, Bounds
from bot.fetch.web import WebClient
from tests.fetch.servers import Answer, Asked, Server
from tests.patience import PATIENCE

BOUNDS = Bounds(patience=PATIENCE, seconds=PATIENCE)


def web(*servers: Server, bounds: Bounds = BOUNDS) -> WebClient:
    return WebClient(FetchLimits(AllowedHosts(tuple(server.url for server in servers)), bounds))


def failed(asked: WebClient, url: str, most: int = MEBIBYTE) -> FetchError:
    with pytest.raises(FetchError) as raised:
        asked.get(url, most=most)
    return raised.value


def leading_to(server: Server, *places: str, status: int = 302) -> str:
    """The address of the first of redirects that lead from one to the next."""
    for number, place in enumerate(places):
        answer = Answer(status, headers={"Location": place})
        server.routes[f"/{number}"] = lambda _, answer=answer: answer  # type: ignore[misc] # bound now
    return f"{server.url}/0"


def test_an_answer_is_what_is_there(server: Server) -> None:
    server.files({"/a": b"here"})
    assert web(server).get(f"{server.url}/a", most=4).content() == b"here"


def test_nobody_is_told_a_password_that_lies_about(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n", "ascii")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    web(server).get(f"{server.url}/a", most=4)
    assert ["authorization" in asked.headers for asked in server.asked] == [False]


def test_a_name_is_connected_to_by_its_checked_address_and_called_by_its_name(
    server: Server,
) -> None:
    server.files({"/a": b"here"})
    port = urlsplit(server.url).port
    names: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        names.append(host)
        return ["127.0.0.1"]

    means = FetchLimits(AllowedHosts((f"http://charts.corp.example:{port}",)), BOUNDS, resolve)
    got = WebClient(means).get(f"http://charts.corp.example:{port}/a", most=4)
    assert (got.data, names) == (b"here", ["charts.corp.example"])
    assert [asked.headers["host"] for asked in server.asked] == [f"charts.corp.example:{port}"]


def test_a_name_that_changes_after_a_redirect_is_checked_again(server: Server) -> None:
    """The first answer of the name service is named and private, the second the metadata's."""
    port = urlsplit(server.url).port
    answers = iter(["127.0.0.1", "169.254.169.254"])
    means = FetchLimits(
        AllowedHosts((f"http://charts.corp.example:{port}",)), BOUNDS, lambda *_: [next(answers)]
    )
    leading_to(server, f"http://charts.corp.example:{port}/a")
    server.routes["/a"] = lambda _: Answer(200, b"no")
    # Each connection is a new one: the name is asked for again.
    server.routes["/0"] = lambda _: Answer(302, headers={"Location": "/a", "Connection": "close"})
    error = failed(WebClient(means), f"http://charts.corp.example:{port}/0")
    assert (error.refused, [asked.path for asked in server.asked]) == (True, ["/0"])


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("https://127.0.0.1/x", "'127.0.0.1' has an address that is not public"),
        ("https://169.254.169.254/x", "'169.254.169.254' has an address that is not public"),
        ("https://localhost/x", "'localhost' has an address that is not public"),
        ("https://2130706433/x", "'2130706433' has an address that is not public"),
        ("http://169.254.169.254/latest/meta-data", "'169.254.169.254:80' is not contacted"),
        ("https://127.0.0.1:22/x", "'127.0.0.1:22' is not contacted: it uses port 22"),
        ("ftp://127.0.0.1/x", "the redirect target is not a valid URL"),
        ("https://user:x@127.0.0.1/x", "the redirect target is not a valid URL"),
        ("", "redirects more than 3 times"),
    ],
)
def test_a_redirect_leads_nowhere_else(server: Server, place: str, said: str) -> None:
    error = failed(web(server), leading_to(server, place))
    assert said in str(error)
    assert {asked.path for asked in server.asked} == {"/0"}


def test_three_redirects_are_followed_and_no_more(server: Server, other: Server) -> None:
    server.files({"/a": b"here"})
    three = leading_to(server, "/1", f"{other.url}/0", "/a")
    leading_to(other, f"{server.url}/2")
    assert web(server, other).get(f"{server.url}/1", most=4).content() == b"here"
    assert str(failed(web(server, other), three)) == f"'{server.host}' redirects more than 3 times"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_is_an_answer_and_is_not_asked_for_again(server: Server, status: int) -> None:
    server.routes["/a"] = lambda _: Answer(status, b"x")
    got = web(server).get(f"{server.url}/a", most=4)
    with pytest.raises(FetchError, match=f"'{server.host}' .*answered {status}"):
        got.content()
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_who_cannot_answer_now_is_asked_three_times_at_our_own_pace(
    server: Server, status: int
) -> None:
    server.routes["/a"] = lambda _: Answer(status, b"x", {"Retry-After": "3600"})
    assert web(server).get(f"{server.url}/a", most=4).status == status
    assert len(server.asked) == 3


def test_who_answers_at_the_second_time_has_answered(server: Server) -> None:
    answers = iter([Answer(503), Answer(200, b"here")])
    server.routes["/a"] = lambda _: next(answers)
    assert web(server).get(f"{server.url}/a", most=4).content() == b"here"


def test_more_than_is_wanted_is_not_read(server: Server) -> None:
    sent: list[int] = []

    def pieces() -> Iterator[bytes]:
        for _ in range(100):
            sent.append(MEBIBYTE)
            yield bytes(MEBIBYTE)

    server.routes["/a"] = lambda _: Answer(pieces=pieces)
    error = failed(web(server), f"{server.url}/a", most=4 * MEBIBYTE)
    assert (error.limit, str(error)) == (
        True,
        f"'{server.host}' sent more than 4,194,304 bytes",
    )
    assert len(sent) < 50


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (gzip.compress(b"here"), ""),
        (gzip.compress(bytes(64 * MEBIBYTE)), "sent more than 1,048,576 bytes"),
        (gzip.compress(b"here")[:-9], "sent an incomplete answer"),
        (b"here", "did not answer"),
    ],
    ids=["whole", "bomb", "cut off", "not packed"],
)
def test_what_is_packed_on_the_way_is_unpacked_as_far_as_it_may_be_long(
    server: Server, body: bytes, said: str
) -> None:
    server.routes["/a"] = lambda _: Answer(200, body, {"Content-Encoding": "gzip"})
    if said:
        assert said in str(failed(web(server), f"{server.url}/a"))
    else:
        assert web(server).get(f"{server.url}/a", most=100).data == b"here"


def test_an_answer_that_drips_ends(server: Server) -> None:
    def pieces() -> Iterator[bytes]:
        while True:
            time.sleep(0.2)
            yield b"x"

    server.routes["/a"] = lambda _: Answer(pieces=pieces)
    begun = time.monotonic()
    patient = Bounds(patience=PATIENCE, seconds=1)
    error = failed(web(server, bounds=patient), f"{server.url}/a")
    assert (error.limit, str(error)) == (True, f"'{server.host}' takes too long")
    assert time.monotonic() - begun < PATIENCE


def test_an_answer_that_stops_ends(server: Server) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"x"
        time.sleep(3)

    server.routes["/a"] = lambda _: Answer(pieces=pieces)
    hasty = Bounds(patience=0.5, seconds=PATIENCE)
    assert str(failed(web(server, bounds=hasty), f"{server.url}/a")).startswith(
        f"'{server.host}' did not answer"
    )


def test_an_answer_that_is_cut_off_is_none(server: Server) -> None:
    def cut(_: Asked) -> Answer:
        return Answer(pieces=lambda: iter([b"x"]), headers={"Content-Length": "100"})

    server.routes["/a"] = cut
    assert str(failed(web(server), f"{server.url}/a")).startswith(f"'{server.host}' did not answer")


def test_nobody_there_is_no_answer(server: Server) -> None:
    server.stop()
    assert str(failed(web(server), f"{server.url}/a")).startswith(f"'{server.host}' did not answer")


@pytest.mark.parametrize("url", ["https://127.0.0.1:22/x", "http://a.example/x"])
def test_whatever_an_address_was_taken_for_the_connection_is_checked(url: str) -> None:
    """Two readers of one address may differ; the one that connects is asked, too."""
    with pytest.raises(FetchError, match="is not contacted"):
        web()._session.get(url)
