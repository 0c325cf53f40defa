"""Which lines of a manifest may be shown."""

from __future__ import annotations

import pytest

from bot.core.publish.excerpt import shown_line, unparsed_line
from bot.core.reading import read_manifest

CONFIG = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def line(data: bytes, number: int) -> str | None:
    return shown_line(data, read_manifest(data), number)


def test_a_line_is_shown_as_it_is_written() -> None:
    assert line(CONFIG.replace(b"\n", b"\r\n"), 2) == "kind: ConfigMap"


@pytest.mark.parametrize("number", [0, -1, 5])
def test_a_line_that_is_not_there_is_not_shown(number: int) -> None:
    assert line(CONFIG, number) is None


@pytest.mark.parametrize(
    "text",
    [
        b"apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: YQ==}\n",
        b'apiVersion: v1\nkind: "\\x53ecret"\nmetadata: {name: a}\nstringData: {a: a}\n',
        CONFIG + b"---\napiVersion: v1\nkind: Secret\nmetadata: {name: b}\n",
        b"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, data: {a: YQ==}}\n",
        b"secretGenerator:\n- name: a\n  literals: [password=hunter2]\n",
        CONFIG + b"data: {a: [}\n",
        b"apiVersion: v1\nkind: ConfigMap\n\tx: \xff\n",
    ],
)
def test_no_line_of_a_file_that_holds_a_secret_or_is_unreadable_is_shown(text: bytes) -> None:
    rows = range(1, text.count(b"\n") + 2)

    assert [line(text, number) for number in rows] == [None for _ in rows]


def test_a_very_long_line_is_cut() -> None:
    shown = line(CONFIG + b"data: {a: " + b"x" * 1000 + b"}\n", 4)

    assert shown is not None
    assert len(shown) == 300


@pytest.mark.parametrize(
    "item", [b"- secrets", b"- 'secrets'  # all", b"x: [pods, secrets]", b'x: ["secrets", pods]\r']
)
def test_a_role_that_names_secrets_shows_its_lines(item: bytes) -> None:
    assert unparsed_line(b"kind: Role\n" + item + b"\n", 1) == "kind: Role"


@pytest.mark.parametrize(
    "text",
    [b"kind: Secret", b"secrets: {a: b}", b"- secrets: a", b"a: [secrets: b]", b"name: my-secrets"],
)
def test_an_unparsed_file_that_may_hold_a_secret_shows_nothing(text: bytes) -> None:
    assert unparsed_line(b"- secrets\n" + text + b"\n", 1) is None
