"""Which addresses are the repository's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kubernetes.gitops import RepositoryAddresses, normalised

SAME = [
    "https://github.com/example/infra",
    "https://github.com/example/infra.git",
    "https://github.com/example/infra.git/",
    "https://github.com/example/infra.git/.git",
    "https://GitHub.com/Example/Infra",
    "https://user:secret@github.com/example/infra",
    "https://github.com:443/example/infra",
    "http://www.github.com/example/infra",
    "git@github.com:example/infra.git",
    "github.com:example/infra",
    "ssh://git@github.com/example/infra.git",
    "ssh://git@ssh.github.com:443/example/infra.git",
    "git+https://github.com/example/infra",
]


@pytest.mark.parametrize("url", SAME)
def test_one_repository_has_one_name_however_it_is_written(url: str) -> None:
    assert normalised(url) == "github.com/example/infra"


@given(st.one_of(st.text(max_size=40), st.from_regex(r"[a-z@:/.]{0,30}", fullmatch=True)))
def test_what_was_normalised_stays_as_it_is(url: str) -> None:
    assert normalised(normalised(url)) == normalised(url)


def test_an_address_on_another_host_is_not_the_repository() -> None:
    own = RepositoryAddresses.of(["https://github.com/example/infra"])

    assert [own.holds(url) for url in ("https://example.com/example/infra", None, "")] == [
        False,
        False,
        False,
    ]


def test_a_full_name_is_the_repository_on_whatever_host() -> None:
    own = RepositoryAddresses.of(["Example/Infra"])

    assert own.holds("git@github.example.com:example/infra.git") is True
    assert own.holds("https://github.com/example/other") is False


def test_without_an_address_nothing_is_known() -> None:
    assert RepositoryAddresses.of([""]).holds("https://github.com/example/infra") is None
