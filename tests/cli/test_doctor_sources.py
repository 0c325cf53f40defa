"""`fairlead doctor --clone`: which remote sources of the default branch cannot be fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli.diagnosis.diagnosis import Diagnosis, ok
from bot.cli.diagnosis.sources import look_at_sources
from bot.fetch.accounts import Accounts, FetchAccount, Grant
from bot.settings import FetchSettings, Settings
from tests.analysis.process.test_loopback import Upstream, deploy
from tests.fetch.servers import Server, serving
from tests.fetch.test_private_sources import BASIC, SECRET, USER, demanding
from tests.git.repositories import commit, make_repository


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def clone(tmp_path: Path, server: Server) -> Path:
    """A clone whose kustomization takes in a base of a Git server that demands an account."""
    upstream = Upstream(tmp_path, server)
    upstream.publish(deploy("get"), "v1.0.0")
    server.routes["/git/"] = demanding(server.routes["/git/"])
    path = make_repository(tmp_path / "clone")
    commit(path, {"app/kustomization.yaml": f"resources:\n- {upstream.url}//deploy?ref=v1.0.0\n"})
    return path


def diagnoses(server: Server, clone: Path, grant: str) -> list[Diagnosis]:
    accounts = Accounts(
        (FetchAccount("git", server.host, "", USER, SECRET),), (Grant(grant, server.host, ""),)
    )
    fetch = FetchSettings(hosts=(server.url,), accounts=accounts)
    return list(look_at_sources(Settings(fetch=fetch), clone, "acme/platform"))


def test_hosts_that_are_reached_are_said(server: Server, clone: Path) -> None:
    assert diagnoses(server, clone, "acme") == [ok("sources", f"{server.host}: 1 fetched")]
    assert {asked.headers.get("authorization") for asked in server.asked} == {BASIC}


def test_a_host_that_refuses_is_a_problem_with_its_reason(server: Server, clone: Path) -> None:
    (line,) = diagnoses(server, clone, "other")
    assert (line.status, line.subject) == ("problem", "sources")
    assert (
        f"{server.host}: 1 of 1 cannot be fetched, such as {server.host}/git/team" in line.message
    )
    assert "requires an account" in line.message
    assert "FAIRLEAD_FETCH_HOSTS" in line.advice


def test_a_repository_without_sources_is_in_order(tmp_path: Path) -> None:
    path = make_repository(tmp_path / "clone")
    commit(path, {"a.yaml": "kind: ConfigMap\n"})
    assert list(look_at_sources(Settings(), path, None)) == [
        ok("sources", "the default branch fetches nothing at an exact version")
    ]
