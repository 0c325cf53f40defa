"""Every hazard: its flag, its line, and what it says."""

from __future__ import annotations

import typing

import pytest

from bot.core.manifest import Flag
from bot.core.reading import read_manifest

_LIST = b"kind: Foo\nitems:\n- {kind: A, metadata: {name: a}}\n"
_CASES: list[tuple[bytes, list[tuple[str, int]]]] = [
    (b"a: 1\nhostNetwork: yes\n", [("yaml11-bool", 2)]),
    (b"a:\n  y: 1\n", [("yaml11-bool", 2)]),
    (b"a: [on, 'on', true]\n", [("yaml11-bool", 1)]),
    (b"a: 1\nb: 2\na: 3\n", [("duplicate-key", 3)]),
    (b'true: a\n"true": b\n', [("duplicate-key", 2)]),
    (b'{"a": 1,\n "a": 2}\n', [("duplicate-key", 2)]),
    (b"c:\n  image: a\n  <<: {image: b}\n", [("merge-order", 3)]),
    (b'c:\n  "<<": {image: b}\n', [("merge-order", 2)]),
    (b"c:\n  <<: {a: 1}\n  <<: {b: 1}\n", [("merge-order", 3)]),
    (b"port: 0120\n", [("octal", 1)]),
    (b"010: a\n", [("octal", 1)]),
    (b"defaultMode: 0644\n", [("octal", 1)]),
    (b"image: !!binary aGk=\n", [("tag", 1)]),
    (b"image: !anything x\n", [("tag", 1)]),
    (b"port: ! 12\n", [("tag", 1)]),
    (b"a: !!str {b: 1}\n", [("tag", 1)]),
    (b"a: !!bool yes\n", [("tag", 1), ("yaml11-bool", 1)]),
    (b"kind: A\n...\nkind: B\n", [("content-after-document-end", 3)]),
    (b"kind: A\n...\n`\n", [("content-after-document-end", 3)]),
    (b"a: 1 # hidden\xc2\x85b: 2\n", [("unicode-line-break", 1)]),
    (b"a: 1\nb: 'x\xe2\x80\xa8y'\n", [("unicode-line-break", 2)]),
    (b"a: 1\n# hidden\xe2\x80\xa9b: 2\n", [("unicode-line-break", 2)]),
    (b"a: 1\nb: 2\rc: 3\n", [("carriage-return", 2)]),
    (
        b"kind: A\r---\rkind: B\r",
        [("carriage-return", 1), ("content-after-document-end", 1)],
    ),
    (_LIST, [("list-like", 2)]),
    (b"kind: Foo\nitems: null\n", [("list-like", 2)]),
    (b"kind: FooList\nitems:\n- a: 1\n- {kind: B}\n", [("kindless-item", 3)]),
    (b"kind: A\n---\n\xef\xbb\xbfkind: B\n", [("bom-inside", 3)]),
    (b"kind: A\n\xef\xbb\xbfmeta: 1\n", [("bom-inside", 2)]),
    (b'{"a":1}\n{"b":1}\n', [("json-stream", 2)]),
    (b"a: 1\nb: [\n", [("rejected-by-kubectl", 2)]),
    (b"kind: Foo\nitems: {a: 1}\n", [("rejected-by-kubectl", 2)]),
    (b"a: 1\n--- {b: 1}\n", [("rejected-by-kubectl", 2)]),
]
_NONE = [
    b"a: 'yes'\nb: \"0120\"\nc: true\nd: 0\ne: 07\nf: 0o7\n",
    b"a: 1\r\n---\r\nb: 2\r\n",
    b"\xef\xbb\xbfkind: A\n",
    b"a: !!str 1\nb: !!int 1\nc: !!map {d: !!seq []}\ne: !!bool true\n",
    b"a: &a {x: 1}\nb:\n  <<: *a\n  x: 2\n",
    b"a: {x: 1, <<: {x: 1}}\n",
    b"kind: A\n...\n# nothing\n---\nkind: B\n",
    b"kind: List\nitems: [{kind: A}]\n",
    b"spec:\n  items: [1]\n",
    b'{"a": 1}\n---\n{"b": 1}\n',
    b"",
]


@pytest.mark.parametrize(("data", "expected"), _CASES)
def test_a_hazard_is_flagged_at_its_line(data: bytes, expected: list[tuple[str, int]]) -> None:
    hazards = read_manifest(data).hazards

    assert sorted((held.flag, held.line) for held in hazards) == expected


@pytest.mark.parametrize("data", _NONE)
def test_what_everybody_reads_alike_is_no_hazard(data: bytes) -> None:
    manifest = read_manifest(data)

    assert (manifest.hazards, manifest.kubectl) == ((), manifest.kustomize)


def test_every_flag_is_shown_here() -> None:
    assert {flag for _, held in _CASES for flag, _ in held} == set(typing.get_args(Flag))


def test_a_message_shows_invisible_characters_and_is_one_line() -> None:
    data = '"a\\n\u200b": 1\n"a\\n\u200b": 2\n'.encode()

    messages = [held.message for held in read_manifest(data).hazards]

    assert messages == [
        "a\\n\\u200b is a duplicate key: kubectl takes the last, kustomize refuses the file"
    ]


def test_a_message_never_holds_a_value() -> None:
    data = b"kind: Secret\nstringData:\n  pin: 0123\n  pin: !!binary c2VjcmV0\n"

    said = " ".join(held.message for held in read_manifest(data).hazards)

    assert "0123" not in said
    assert "c2VjcmV0" not in said


def test_hazards_are_sorted_and_unique() -> None:
    data = b"a: [yes, yes]\nb: 010\n---\nc: yes\n"

    hazards = [(held.document, held.line, held.flag) for held in read_manifest(data).hazards]

    assert hazards == [(0, 1, "yaml11-bool"), (0, 2, "octal"), (1, 4, "yaml11-bool")]


def test_of_one_flag_a_document_has_so_many_hazards_and_no_more() -> None:
    assert len(read_manifest(b"a: yes\n---\n" + b"- yes\n" * 150).hazards) == 101
