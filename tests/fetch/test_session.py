"""A session: what a review may have brought, and the contents of it."""

from __future__ import annotations

import stat
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.fetching import FetchResult, NoFetcher, SourceReference
from bot.fetch import Fetching, SessionLimits
from bot.fetch.messages import MEBIBYTE
from bot.git import BlobReader
from tests.fetch.packing import CHART, CHART_DIGEST, archive, blob_id, digest
from tests.fetch.servers import Answer, Server


@pytest.fixture
def charts(server: Server) -> Server:
    """Twenty charts, all of one archive."""
    rows = "".join(
        f"  app{number}:\n  - version: 1.2.3\n    urls: [app.tgz]\n" for number in range(20)
    )
    server.files({"/index.yaml": f"entries:\n{rows}".encode(), "/app.tgz": CHART})
    return server


def chart(server: Server, number: int = 0) -> SourceReference:
    return SourceReference("chart", server.url, "1.2.3", f"app{number}")


def statuses(fetching: Fetching, *references: SourceReference) -> list[str]:
    with fetching.session(frozenset()) as session:
        return [brought.status for brought in session.fetch(references)]


def entries(fetching: Fetching) -> list[Path]:
    assert fetching.store is not None
    return sorted((fetching.store / "1" / "entries").iterdir())


def test_one_file_is_brought_under_its_own_name(fetching: Fetching, server: Server) -> None:
    server.files({"/team/base/v1/deploy.yaml": b"kind: Pod\n"})
    wanted = SourceReference("file", f"{server.url}/team/base/v1/deploy.yaml")
    with fetching.session(frozenset()) as session:
        (brought,) = session.fetch([wanted])
        data = session.data(blob_id(b"kind: Pod\n"))
    assert (list(brought.files), brought.digest, data) == (
        ["deploy.yaml"],
        digest(b"kind: Pod\n"),
        b"kind: Pod\n",
    )


def test_a_file_that_is_at_no_commit_is_asked_for_anew(fetching: Fetching, server: Server) -> None:
    wanted = SourceReference("file", f"{server.url}/deploy.yaml")
    digests = []
    for data in (b"a: 1\n", b"a: 2\n"):
        server.files({"/deploy.yaml": data})
        with fetching.session(frozenset()) as session:
            digests += [brought.digest for brought in session.fetch([wanted, wanted])]
    assert digests == [digest(b"a: 1\n")] * 2 + [digest(b"a: 2\n")] * 2
    assert len(server.asked) == 2


def test_answers_come_in_the_order_of_the_questions(fetching: Fetching, charts: Server) -> None:
    refused = SourceReference("git", "ssh://example.com/x", "1" * 40)
    missing = SourceReference("chart", charts.url, "9.9.9", "app1")
    asked = [missing, chart(charts), refused, chart(charts), chart(charts, 1)]
    assert statuses(fetching, *asked) == ["failed", "fetched", "refused", "fetched", "fetched"]


def test_where_nothing_is_fetched_nothing_is_asked(fetching: Fetching, charts: Server) -> None:
    with replace(fetching, enabled=False).session(frozenset()) as session:
        found = session.fetch([chart(charts)])
    assert (found, charts.asked) == (NoFetcher().fetch([chart(charts)]), [])
    assert fetching.store is not None
    assert not fetching.store.exists()


def test_without_a_store_things_last_as_long_as_the_session(
    fetching: Fetching, charts: Server
) -> None:
    with replace(fetching, store=None).session(frozenset()) as session:
        (brought,) = session.fetch([chart(charts)])
        assert session.data(brought.files["templates/a.yaml"].blob) == b"kind: ConfigMap\n"
    with pytest.raises(KeyError):
        session.data(brought.files["templates/a.yaml"].blob)


def test_what_base_uses_may_be_asked_for_and_nothing_else(tmp_path: Path, charts: Server) -> None:
    """The operator named the host's machine by its port, but not the host that is asked."""
    fetching = Fetching(tmp_path / "store", enabled=True)
    wanted = SourceReference("chart", "https://localhost/charts", "1.2.3", "app")
    with fetching.session(frozenset({"charts.example.com"})) as session:
        (stranger,) = session.fetch([wanted])
    with fetching.session(frozenset({"localhost"})) as session:
        (known,) = session.fetch([wanted])
    assert stranger == FetchResult(
        "refused",
        message="'https://localhost/charts' is not fetched: the base uses nothing "
        "from 'localhost', and FAIRLEAD_FETCH_HOSTS does not list it",
    )
    assert known == FetchResult(
        "refused",
        message="'localhost' has an address that is not public; add the host to "
        "FAIRLEAD_FETCH_HOSTS to allow it",
    )
    assert charts.asked == []


def test_contents_of_another_session_are_not_told(fetching: Fetching, charts: Server) -> None:
    statuses(fetching, chart(charts))
    with fetching.session(frozenset()) as session, pytest.raises(KeyError):
        session.data(blob_id(b"kind: ConfigMap\n"))


def test_a_failure_lasts_as_long_as_the_session(fetching: Fetching, charts: Server) -> None:
    index = charts.routes.pop("/index.yaml")
    with fetching.session(frozenset()) as session:
        first = session.fetch([chart(charts)])
        charts.routes["/index.yaml"] = index
        assert session.fetch([chart(charts)]) == first
    assert [brought.status for brought in first] == ["failed"]
    assert statuses(fetching, chart(charts)) == ["fetched"]


def test_a_session_asks_for_so_much_and_no_more(fetching: Fetching, charts: Server) -> None:
    few = replace(fetching, limits=SessionLimits(references=2))
    with few.session(frozenset()) as session:
        session.fetch([chart(charts)])
        found = session.fetch([chart(charts, 1), chart(charts, 2)])
    assert [brought.status for brought in found] == ["fetched", "limit"]
    assert found[1].message == "a review fetches at most 2 remote sources"


def test_what_is_kept_costs_nothing_of_what_may_be_asked_for(
    fetching: Fetching, charts: Server
) -> None:
    statuses(fetching, *(chart(charts, number) for number in range(3)))
    few = replace(fetching, limits=SessionLimits(references=1))
    assert statuses(few, *(chart(charts, number) for number in range(4))) == ["fetched"] * 4


def test_a_session_lasts_so_long_and_no_longer(fetching: Fetching, server: Server) -> None:
    def pieces() -> Iterator[bytes]:
        while True:
            time.sleep(0.1)
            yield b"x"

    server.routes["/slow"] = lambda _: Answer(pieces=pieces)
    limits = SessionLimits(seconds=3)
    with replace(fetching, limits=limits).session(frozenset()) as session:
        first = session.fetch([SourceReference("file", f"{server.url}/slow")])
        second = session.fetch([SourceReference("file", f"{server.url}/other")])
    assert [*first, *second] == [
        FetchResult("limit", message="it took longer than 3 seconds", passing=True),
        FetchResult(
            "limit", message="the review's 3 seconds for fetching are used up", passing=True
        ),
    ]


def test_an_index_that_is_too_large_is_not_read(fetching: Fetching, server: Server) -> None:
    server.routes["/index.yaml"] = lambda _: Answer(pieces=lambda: iter([bytes(MEBIBYTE)] * 100))
    with fetching.session(frozenset()) as session:
        found = session.fetch([chart(server)])
    message = f"'{server.host}' sent more than 33,554,432 bytes"
    assert found == (FetchResult("limit", message=message),)


def test_a_large_index_is_read_for_its_one_chart(fetching: Fetching, server: Server) -> None:
    row = "  - version: 1.0.0\n    description: {}\n    urls: [x.tgz]\n".format("x" * 100)
    many = "".join(f"  other{number}:\n{row * 20}" for number in range(5_000))
    one = "  app0:\n  - version: 1.2.3\n    urls: [app.tgz]\n"
    index = f"apiVersion: v1\nentries:\n{many}{one}  zoo:\n{row}".encode()
    assert len(index) > 14 * MEBIBYTE
    server.files({"/index.yaml": index, "/app.tgz": CHART})
    assert statuses(fetching, chart(server)) == ["fetched"]


def test_a_hostile_archive_brings_nothing(fetching: Fetching, server: Server) -> None:
    index = b"entries:\n  app0:\n  - version: 1.2.3\n    urls: [app.tgz]\n"
    server.files({"/index.yaml": index, "/app.tgz": archive({"app/../../../x": b"x"})})
    with fetching.session(frozenset()) as session:
        found = session.fetch([chart(server)])
    message = "its archive has the unsafe path 'app/../../../x'"
    assert found == (FetchResult("refused", message=message),)
    assert entries(fetching) == []


def test_two_sessions_bring_the_same_at_once(fetching: Fetching, charts: Server) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: statuses(fetching, chart(charts)), range(4)))
    assert (found, len(entries(fetching))) == ([["fetched"]] * 4, 1)


def test_the_store_is_its_owners_alone(fetching: Fetching, charts: Server) -> None:
    statuses(fetching, chart(charts))
    store = fetching.store
    assert store is not None
    folders = [store, *(store / "1").iterdir(), *entries(fetching)]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
    assert list((store / "1" / "staging").iterdir()) == []


def test_what_is_spoiled_is_brought_anew(fetching: Fetching, charts: Server) -> None:
    statuses(fetching, chart(charts))
    (entry,) = entries(fetching)
    (pack,) = entry.glob("objects/pack/*.pack")
    pack.chmod(0o600)
    data = bytearray(pack.read_bytes())
    data[12:] = bytes(len(data) - 12)
    pack.write_bytes(data)
    before = len(charts.asked)
    assert statuses(fetching, chart(charts)) == ["fetched"]
    assert len(charts.asked) > before


def test_a_note_that_says_something_else_is_not_believed(
    fetching: Fetching, charts: Server
) -> None:
    statuses(fetching, chart(charts))
    (entry,) = entries(fetching)
    note = entry / "brought.json"
    note.write_text(note.read_text("utf-8").replace('"listing":"', '"listing":"0'), "utf-8")
    before = len(charts.asked)
    assert statuses(fetching, chart(charts)) == ["fetched"]
    assert len(charts.asked) > before


def test_a_content_that_was_spoiled_while_it_is_read_is_none(
    fetching: Fetching, charts: Server
) -> None:
    with fetching.session(frozenset()) as session:
        (brought,) = session.fetch([chart(charts)])
        (entry,) = entries(fetching)
        (pack,) = entry.glob("objects/pack/*.pack")
        pack.unlink()
        with pytest.raises(KeyError):
            session.data(brought.files["Chart.yaml"].blob)


def test_a_content_that_was_put_in_the_place_of_another_is_none(
    fetching: Fetching, charts: Server
) -> None:
    with fetching.session(frozenset()) as session:
        (brought,) = session.fetch([chart(charts)])
        blob = brought.files["Chart.yaml"].blob
        (entry,) = entries(fetching)
        for path in entry.glob("objects/pack/pack-*"):
            path.unlink()
        forged = entry / "objects" / blob[:2] / blob[2:]
        forged.parent.mkdir()
        forged.write_bytes(zlib.compress(b"blob 6\0forged"))
        with BlobReader(entry) as reader:
            assert reader.data(blob) == b"forged"
        with pytest.raises(KeyError):
            session.data(blob)


def test_what_was_not_used_for_longest_makes_room(fetching: Fetching, charts: Server) -> None:
    statuses(fetching, chart(charts, 0))
    size = sum(path.stat().st_size for path in entries(fetching)[0].rglob("*") if path.is_file())
    small = replace(fetching, limits=SessionLimits(kept=size * 5 // 2))
    statuses(small, chart(charts, 1))
    statuses(small, chart(charts, 0))
    statuses(small, chart(charts, 2))
    charts.routes.clear()
    asked = [chart(charts, number) for number in range(3)]
    assert statuses(small, *asked) == ["fetched", "failed", "fetched"]


def test_what_is_in_use_does_not_make_room(fetching: Fetching, charts: Server) -> None:
    tiny = replace(fetching, limits=SessionLimits(kept=1))
    with tiny.session(frozenset()) as session:
        (brought,) = session.fetch([chart(charts, 0)])
        assert statuses(tiny, chart(charts, 1)) == ["fetched"]
        data = session.data(brought.files["Chart.yaml"].blob)
    assert (data[:7], brought.digest) == (b"apiVers", f"sha256:{CHART_DIGEST}")
    assert statuses(tiny, chart(charts, 2)) == ["fetched"]
    assert len(entries(fetching)) == 1
