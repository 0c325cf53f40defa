"""Accounts of private sources: how they are written, and what they are for."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest

from bot.errors import UsageError
from bot.fetch.account_settings import parse_git_accounts, parse_grants, parse_registry_accounts
from bot.fetch.accounts import Accounts, FetchAccount, Grant, account_for, repository_name
from bot.fetch.addresses import ParsedAddress
from bot.settings import read_fetch_settings

WEB = FetchAccount("web", "charts.example", "", "robot", "hush")


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def address(path: str, host: str = "charts.example", port: int = 443) -> ParsedAddress:
    return ParsedAddress("https", host, port, path)


def test_a_docker_configuration_holds_accounts_by_host_and_path() -> None:
    text = json.dumps(
        {
            "auths": {
                "https://index.docker.io/v1/": {"auth": encoded("me:a:b"), "email": "x@y"},
                "Registry.Example:5000/team": {"username": "u", "password": "p"},
                "https://registry.gitlab.example/v2/": {
                    "auth": encoded("u:p"),
                    "realm": "gitlab.example",
                },
                "quay.io": {"registrytoken": "abc"},
                "helper.example": {},
            },
            "credsStore": "desktop",
            "HttpHeaders": {},
        }
    )
    assert tuple(parse_registry_accounts(text)) == (
        FetchAccount("web", "registry-1.docker.io", "", "me", "a:b"),
        FetchAccount("web", "registry.example:5000", "/team", "u", "p"),
        FetchAccount("web", "registry.gitlab.example", "", "u", "p", realm="gitlab.example"),
        FetchAccount("web", "quay.io", "", secret="abc", is_token=True),
    )


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("hush", "it is not a JSON object like Docker's config.json"),
        ("[]", "it is not a JSON object like Docker's config.json"),
        ("{}", "it has no 'auths' with an entry for each host"),
        (
            '{"credHelpers": {"a": "b"}, "auths": {"a": {}}}',
            (
                "it names credential helpers (credHelpers), which are not run: write the accounts "
                "into 'auths'"
            ),
        ),
        (
            '{"auths": {"a.example": {"identitytoken": "hush"}}}',
            (
                "the entry for 'a.example' has an 'identitytoken', which is not supported: use a "
                "user name and a password or access token"
            ),
        ),
        (
            '{"auths": {"a.example": {"auth": "hush!"}}}',
            "'auth' of the entry for 'a.example' is not base64 of a text",
        ),
        (
            '{"auths": {"a.example": {"pasword": "hush"}}}',
            (
                "the entry for 'a.example' must be an object with texts of auth, password, realm, "
                "registrytoken, username"
            ),
        ),
        (
            '{"auths": {"a.example": {"username": "u"}}}',
            "the entry for 'a.example' has no user name or no password",
        ),
        (
            '{"auths": {"a.example/x/../y": {"username": "u", "password": "hush"}}}',
            "'a.example/x/../y' has a '.' or '..' segment",
        ),
        (
            '{"auths": {"a.example": {"registrytoken": "hush\\nX: y"}}}',
            "'registrytoken' of the entry for 'a.example' is not a token",
        ),
    ],
)
def test_a_faulty_configuration_is_explained_without_its_secrets(
    document: str, message: str
) -> None:
    with pytest.raises(UsageError) as error:
        read_fetch_settings({"FAIRLEAD_FETCH_AUTH": document})
    assert str(error.value) == f"FAIRLEAD_FETCH_AUTH is invalid: {message}"
    assert "hush" not in str(error.value)


def test_accounts_for_git_are_written_as_git_stores_them() -> None:
    text = "# robots\nhttps://robot:p%40ss@Git.Example/team/base.git\n\nhttp://u:p@git.corp:3000\n"
    assert tuple(parse_git_accounts(text)) == (
        FetchAccount("git", "git.example", "/team/base", "robot", "p@ss"),
        FetchAccount("git", "git.corp:3000", "", "u", "p"),
    )


@pytest.mark.parametrize(
    "line", ["https://git.example/x", "https://u@git.example", "ssh://u:hush@git.example", "hush"]
)
def test_a_faulty_line_is_named_by_its_number(line: str) -> None:
    with pytest.raises(UsageError) as error:
        read_fetch_settings({"FAIRLEAD_FETCH_GIT_AUTH": f"https://u:p@git.example\n{line}"})
    assert str(error.value) == (
        "FAIRLEAD_FETCH_GIT_AUTH is invalid: line 2 is not of the form "
        "https://USER:PASSWORD@HOST/PATH"
    )


def test_grants_name_repositories_and_addresses() -> None:
    text = "Acme@registry.example, acme/Platform@git.example:8443/team\n*@docker.io"
    assert tuple(parse_grants(text)) == (
        Grant("acme", "registry.example", ""),
        Grant("acme/platform", "git.example:8443", "/team"),
        Grant("*", "registry-1.docker.io", ""),
    )


@pytest.mark.parametrize("entry", ["acme", "@host", "a/b/c@host", "acme@", "acme@a b", "a*@host"])
def test_a_faulty_grant_is_an_error(entry: str) -> None:
    with pytest.raises(UsageError, match=r"^FAIRLEAD_FETCH_GRANTS is invalid: "):
        read_fetch_settings({"FAIRLEAD_FETCH_GRANTS": f"acme@registry.example,{entry}"})


def test_no_secret_is_part_of_a_representation() -> None:
    settings = read_fetch_settings(
        {
            "FAIRLEAD_FETCH_AUTH": '{"auths": {"a.example": {"auth": "dTpodXNo"}}}',
            "FAIRLEAD_FETCH_GIT_AUTH": "https://u:hush@git.example",
        }
    )
    assert settings.accounts is not None
    assert [account.secret for account in settings.accounts.accounts] == ["hush", "hush"]
    assert "hush" not in f"{settings!r} {settings.accounts!r}"


@pytest.mark.parametrize(
    ("path", "covered"),
    [
        ("/team", True),
        ("/team/app", True),
        ("/team.git", True),
        ("/team-b/app", False),
        ("/", False),
        ("/other", False),
        ("/team/../other", False),
        ("/team/%2e%2e/other", False),
        ("/team//other", False),
        ("/team\\..\\other", False),
    ],
)
def test_an_account_is_for_whole_segments_below_its_path(path: str, *, covered: bool) -> None:
    account = FetchAccount("web", "charts.example", "/team", "u", "p")
    assert account.covers(address(path)) is covered


def test_an_account_is_for_one_host_and_port() -> None:
    others = [
        address("/a", "charts.example", 8443),
        address("/a", "evil.charts.example"),
        address("/a", "charts.example.evil"),
    ]
    assert [WEB.covers(other) for other in others] == [False] * 3


def test_a_repository_gets_the_accounts_of_its_grants_narrowed_to_them() -> None:
    accounts = Accounts(
        (WEB, FetchAccount("git", "git.example", "/team/base", "u", "p")),
        (
            Grant("acme", "charts.example", "/acme"),
            Grant("acme/platform", "git.example", "/team"),
            Grant("other", "charts.example", ""),
        ),
    )
    narrowed = FetchAccount("web", "charts.example", "/acme", "robot", "hush")
    assert [
        accounts.granted_to((repository,))
        for repository in (
            "https://github.com/Acme/Platform.git",
            "git@github.com:acme/web.git",
            "https://github.com/other/x",
            "https://github.com/stranger/acme",
            "",
        )
    ] == [(narrowed, accounts.accounts[1]), (narrowed,), (WEB,), (), ()]


def test_an_account_that_nobody_may_use_is_known() -> None:
    accounts = Accounts((WEB,), (Grant("acme", "git.example", ""),))
    assert accounts.without_grant() == (WEB,)
    assert accounts.granted_to_all().without_grant() == ()


def test_the_account_with_the_longest_path_is_used_for_its_kind_alone() -> None:
    team = FetchAccount("web", "charts.example", "/team", "u", "p")
    git = FetchAccount("git", "charts.example", "/team/app", "u", "p")
    accounts = (WEB, team, git)
    assert [
        account_for("chart", address("/team/app"), accounts),
        account_for("oci", address("/x"), accounts),
        account_for("git", address("/team/app"), accounts),
        account_for("git", address("/team/b"), accounts),
    ] == [team, WEB, git, None]


def test_a_repository_is_named_by_the_end_of_its_address() -> None:
    addresses = [
        "https://github.com/Acme/Base",
        "git@github.com:acme/base.git",
        "ssh://git@ghe.example/acme/base/",
        "/srv/git/base",
        "x",
    ]
    assert [repository_name(text) for text in addresses] == [
        "acme/base",
        "acme/base",
        "acme/base",
        "git/base",
        "",
    ]
