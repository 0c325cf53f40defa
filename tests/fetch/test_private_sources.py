"""Private sources: a registry, a chart repository and a Git server that demand an account."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.fetching import FetchResult, SourceReference
from bot.fetch import Accounts, Fetching
from bot.fetch.accounts import AccountService, FetchAccount, Grant
from tests.fetch.packing import CHART, CHART_DIGEST, Registry
from tests.fetch.servers import Answer, Asked, Route, Server
from tests.fetch.test_charts import index
from tests.fetch.test_hostile import _BEGIN
from tests.git.repositories import commit, git, make_repository

USER, SECRET = "robot", "hush-hush"
BASIC = f"Basic {b64encode(f'{USER}:{SECRET}'.encode()).decode()}"
ACME = ("https://github.com/acme/platform",)
OTHER = ("https://github.com/other/web",)


def demanding(route: Route, authorization: str = BASIC) -> Route:
    """The same answers for who logs in, and a refusal for everybody else."""

    def answer(asked: Asked) -> Answer:
        if asked.headers.get("authorization") == authorization:
            return route(asked)
        return Answer(401, b"", {"WWW-Authenticate": 'Basic realm="here"'})

    return answer


def with_account(fetching: Fetching, *accounts: FetchAccount, grant: str = "acme") -> Fetching:
    """Fetching with these accounts, which one owner's repositories may use."""
    grants = tuple(Grant(grant, account.host, account.path) for account in accounts)
    return replace(fetching, accounts=Accounts(accounts, grants))


def account(
    server: Server,
    path: str = "",
    service: AccountService = "web",
    *,
    secret: str = SECRET,
    realm: str = "",
) -> FetchAccount:
    return FetchAccount(service, server.host, path, USER, secret, realm)


def fetched(
    fetching: Fetching, reference: SourceReference, repositories: tuple[str, ...] = ACME
) -> FetchResult:
    with fetching.session(frozenset(), repositories) as session:
        (result,) = session.fetch([reference])
        return result


def outcome(result: FetchResult) -> tuple[str, list[str], str]:
    return result.status, sorted(result.files), result.message


CHART_FILES = ["Chart.yaml", "templates/a.yaml"]


@pytest.fixture
def charts(server: Server) -> SourceReference:
    """A chart repository of which everything demands the account."""
    server.files({"/charts/index.yaml": index(), "/charts/app.tgz": CHART})
    server.routes = {path: demanding(route) for path, route in server.routes.items()}
    return SourceReference("chart", f"{server.url}/charts", "1.2.3", "app")


@pytest.fixture
def registry(server: Server) -> Registry:
    """A registry whose token server demands the account."""
    registry = Registry(server)
    registry.push_chart("1.2.3")
    registry.token = "for-the-robot"
    server.routes["/token"] = demanding(server.routes["/token"])
    return registry


def artifact(server: Server) -> SourceReference:
    return SourceReference("oci", f"oci://{server.host}/team/app", "1.2.3")


@pytest.fixture
def base(tmp_path: Path, server: Server) -> SourceReference:
    """A repository on a Git server that demands the account."""
    path = make_repository(tmp_path / "served" / "team" / "base")
    commit(path, {"a.yaml": "a: 1\n"})
    server.git(tmp_path / "served")
    server.routes["/git/"] = demanding(server.routes["/git/"])
    tip = git(path, "rev-parse", "HEAD")
    return SourceReference("git", f"{server.url}/git/team/base/.git", tip)


def test_a_chart_repository_gets_the_account(
    fetching: Fetching, server: Server, charts: SourceReference
) -> None:
    result = fetched(with_account(fetching, account(server, "/charts")), charts)
    assert outcome(result) == ("fetched", CHART_FILES, "")
    assert [asked.headers["authorization"] for asked in server.asked] == [BASIC, BASIC]


def test_a_registry_gets_the_account_at_its_token_server(
    fetching: Fetching, server: Server, registry: Registry
) -> None:
    result = fetched(with_account(fetching, account(server)), artifact(server))
    assert outcome(result) == ("fetched", CHART_FILES, "")
    headers = [(asked.path, asked.headers.get("authorization")) for asked in server.asked]
    assert headers[:3] == [
        ("/v2/team/app/manifests/1.2.3", None),
        ("/token", BASIC),
        ("/v2/team/app/manifests/1.2.3", f"Bearer {registry.token}"),
    ]


def test_a_registry_may_ask_for_the_account_itself(fetching: Fetching, server: Server) -> None:
    registry = Registry(server)
    registry.push_chart("1.2.3")

    def answer(asked: Asked) -> Answer:
        bearer = {**asked.headers, "authorization": f"Bearer {registry.token}"}
        return registry.answer(replace(asked, headers=bearer))

    server.routes["/v2/"] = demanding(answer)
    result = fetched(with_account(fetching, account(server, "/team")), artifact(server))
    assert outcome(result) == ("fetched", CHART_FILES, "")


def test_a_bearer_token_of_the_operator_is_used_as_it_is(
    fetching: Fetching, server: Server, registry: Registry
) -> None:
    token = FetchAccount("web", server.host, "", secret=registry.token, is_token=True)
    result = fetched(with_account(fetching, token), artifact(server))
    assert outcome(result) == ("fetched", CHART_FILES, "")
    assert "/token" not in {asked.path for asked in server.asked}


def test_a_git_server_gets_the_account(
    fetching: Fetching, server: Server, base: SourceReference
) -> None:
    result = fetched(with_account(fetching, account(server, "/git/team", "git")), base)
    assert outcome(result) == ("fetched", ["a.yaml"], "")
    assert {asked.headers.get("authorization") for asked in server.asked} == {BASIC}


def test_a_repository_without_a_grant_sends_no_account(
    fetching: Fetching, server: Server, charts: SourceReference, base: SourceReference
) -> None:
    granted = with_account(fetching, account(server), account(server, service="git"))
    missing = f"'{server.host}' requires an account, and Fairlead's settings grant none to this"
    results = [fetched(granted, reference, OTHER) for reference in (charts, base)]
    assert [outcome(result) for result in results] == [
        ("failed", [], f"{missing} repository (it answered 401)"),
        ("failed", [], f"{missing} repository (git could not log in)"),
    ]
    assert not any("authorization" in asked.headers for asked in server.asked)


def test_what_is_stored_for_one_repository_is_not_given_to_another(
    fetching: Fetching, server: Server, charts: SourceReference, base: SourceReference
) -> None:
    granted = with_account(fetching, account(server), account(server, service="git"))
    for reference in (charts, base):
        assert fetched(granted, reference).status == "fetched"
        assert fetched(granted, reference, OTHER).status == "failed"
        count = len(server.asked)
        assert fetched(granted, reference).status == "fetched"
        assert len(server.asked) == count
        # Nor when the operator takes the grant away.
        assert fetched(fetching, reference).status == "failed"


def test_an_account_is_narrowed_to_what_is_granted(
    fetching: Fetching, server: Server, charts: SourceReference
) -> None:
    elsewhere = index(url=f"{server.url}/secret/app.tgz")
    server.files({"/charts/index.yaml": elsewhere, "/secret/app.tgz": CHART})
    server.routes = {path: demanding(route) for path, route in server.routes.items()}
    narrow = replace(
        fetching,
        accounts=Accounts((account(server),), (Grant("acme", server.host, "/charts"),)),
    )
    result = fetched(narrow, charts)
    assert (result.status, dict(result.files)) == ("failed", {})
    by_path = {asked.path: asked.headers.get("authorization") for asked in server.asked}
    assert by_path == {"/charts/index.yaml": BASIC, "/secret/app.tgz": None}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_takes_the_account_to_another_host(
    fetching: Fetching, server: Server, other: Server, charts: SourceReference, status: int
) -> None:
    other.files({"/app.tgz": CHART})
    server.routes["/charts/app.tgz"] = lambda _: Answer(
        status, b"", {"Location": f"{other.url}/app.tgz"}
    )
    hosts = (server.url, other.url)
    result = fetched(with_account(replace(fetching, hosts=hosts), account(server)), charts)
    assert result.status == "fetched"
    assert [asked.headers.get("authorization") for asked in other.asked] == [None]


@pytest.mark.parametrize(
    "target", ["/beside/app.tgz", "/charts/../beside/app.tgz", "/charts/%2e%2e/beside/app.tgz"]
)
def test_no_redirect_takes_the_account_beside_its_path(
    fetching: Fetching, server: Server, charts: SourceReference, target: str
) -> None:
    server.files({"/beside/app.tgz": CHART})
    server.routes["/charts/app.tgz"] = lambda _: Answer(302, b"", {"Location": target})
    fetched(with_account(fetching, account(server, "/charts")), charts)
    headers = [asked.headers.get("authorization") for asked in server.asked]
    assert headers == [BASIC, BASIC, None]


def test_no_index_takes_the_account_to_another_host(
    fetching: Fetching, server: Server, other: Server, charts: SourceReference
) -> None:
    other.files({"/app.tgz": CHART})
    server.routes["/charts/index.yaml"] = lambda _: Answer(
        200, index(url=f"{other.url}/app.tgz", digest=CHART_DIGEST)
    )
    hosts = (server.url, other.url)
    result = fetched(with_account(replace(fetching, hosts=hosts), account(server)), charts)
    assert result.status == "fetched"
    assert [asked.headers.get("authorization") for asked in other.asked] == [None]


def test_a_token_server_elsewhere_gets_the_account_only_by_the_operators_word(
    fetching: Fetching, server: Server, other: Server, registry: Registry
) -> None:
    registry.realm = f"{other.url}/token"
    other.routes["/token"] = demanding(
        lambda _: Answer(200, json.dumps({"token": registry.token}).encode())
    )
    asking = replace(fetching, hosts=(server.url, other.url))
    refused = fetched(with_account(asking, account(server)), artifact(server))
    assert outcome(refused) == (
        "failed",
        [],
        (
            f"'{server.host}' names the token server '{other.host}'; to send the account there, "
            f'set "realm": "{other.host}" beside it in FAIRLEAD_FETCH_AUTH'
        ),
    )
    assert other.asked == []
    trusted = with_account(asking, account(server, realm=other.host))
    assert fetched(trusted, artifact(server)).status == "fetched"


@pytest.mark.parametrize("kind", ["charts", "registry", "base"])
def test_an_account_that_is_refused_is_said_and_never_shown(
    fetching: Fetching, server: Server, kind: str, request: pytest.FixtureRequest
) -> None:
    made = request.getfixturevalue(kind)
    reference = artifact(server) if isinstance(made, Registry) else made
    granted = with_account(
        fetching,
        account(server, secret="wrong-hush"),
        account(server, service="git", secret="wrong-hush"),
    )
    result = fetched(granted, reference)
    assert result.status == "failed"
    assert f"'{server.host}' refused the account in Fairlead's settings" in result.message
    assert "hush" not in result.message


def test_a_server_that_sends_the_secret_back_cannot_have_it_shown(
    fetching: Fetching, server: Server
) -> None:
    encoded = BASIC.removeprefix("Basic ")
    script = f"say(status='failed', message='no: {SECRET} and {encoded}')"
    granted = with_account(replace(fetching, launch=_BEGIN + script), account(server))
    reference = SourceReference("chart", f"{server.url}/charts", "1.2.3", "app")
    assert fetched(granted, reference).message == "no: *** and ***"


def test_the_account_is_in_no_argument_and_in_no_environment(
    fetching: Fetching, server: Server
) -> None:
    script = (
        "seen = [open('/proc/self/' + name).read() for name in ('cmdline', 'environ')]\n"
        "told = ask['account']['secret']\n"
        "say(status='failed', message=json.dumps([told in text for text in seen]))"
    )
    granted = with_account(replace(fetching, launch=_BEGIN + script), account(server))
    reference = SourceReference("chart", f"{server.url}/charts", "1.2.3", "app")
    assert fetched(granted, reference).message == "[false, false]"


def test_a_process_has_the_account_of_its_sources_and_no_other(
    fetching: Fetching, server: Server
) -> None:
    script = "say(status='failed', message=json.dumps(ask['account'] and ask['account']['path']))"
    accounts = (account(server, "/a"), account(server, "/b"))
    granted = with_account(replace(fetching, launch=_BEGIN + script), *accounts)
    references = [
        SourceReference("chart", f"{server.url}/{path}", "1.2.3", "app") for path in "abc"
    ]
    with granted.session(frozenset(), ACME) as session:
        messages = [result.message for result in session.fetch(references)]
    assert messages == ['"/a"', '"/b"', "null"]
