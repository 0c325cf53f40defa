"""Hostile files end in an error in bounded time and memory, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Final

import pytest

from bot.core.manifest import ReadError
from bot.core.reading import FileLimits, read_manifest

_SECONDS: Final = 20
_BYTES: Final = 1 << 30
_CHILD: Final = f"""
import json, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({_SECONDS}, {_SECONDS}))
resource.setrlimit(resource.RLIMIT_AS, ({_BYTES}, {_BYTES}))
from bot.core.reading import read_manifest
manifest = read_manifest(sys.stdin.buffer.read())
print(json.dumps([
    [held.error.message, held.error.line, held.error.limit] if held.error else None
    for held in (manifest.kubectl, manifest.kustomize)
]))
"""


def _errors(data: bytes) -> list[list[object] | None]:
    done = subprocess.run(
        [sys.executable, "-c", _CHILD], input=data, capture_output=True, check=True
    )
    held: list[list[object] | None] = json.loads(done.stdout)
    return held


_DEEP = "nested deeper than 100"
_LONG = "a number of more than 400 digits"
_MANY = "more than 1000000 values"
_ADDED = "aliases and merges add too much text"
_MAP = b"&a {" + b",".join(b"k%d: 1" % number for number in range(3000)) + b"}\n"
_CHAIN = b"a0: &a0 [x]\n" + b"".join(
    b"a%d: &a%d %s*a%d%s\n" % (number + 1, number + 1, b"[" * 60, number, b"]" * 60)
    for number in range(50)
)
_LIMITS: list[tuple[str, bytes, str, int | None]] = [
    ("brackets", b"[" * 40_000, _DEEP, 1),
    ("closed brackets", b"a: " + b"[" * 40_000 + b"]" * 40_000, _DEEP, 1),
    ("braces", b"{a: " * 40_000, _DEEP, 1),
    ("dashes", b"- " * 40_000, _DEEP, 1),
    ("indents", b"".join(b" " * depth + b"a:\n" for depth in range(1000)), _DEEP, 101),
    ("JSON brackets", b'{"a":' + b"[" * 40_000 + b"]" * 40_000 + b"}", _DEEP, 1),
    ("digits", b"a: " + b"9" * 200_000, _LONG, 1),
    ("hexadecimal digits", b"a: 0x" + b"f" * 200_000, _LONG, 1),
    ("fraction", b"a: 1." + b"9" * 200_000, _LONG, 1),
    ("digits of a key", b"? " + b"9" * 200_000 + b"\n: 1\n", _LONG, 1),
    ("JSON digits", b'{"a": ' + b"9" * 200_000 + b"}", _LONG, 1),
    ("alias bomb", b'a: &a "' + b"x" * 1_000_000 + b'"\nb: [' + b"*a," * 99 + b"]\n", _ADDED, 2),
    ("aliases", b"a: &a b\nb: [" + b"*a," * 101 + b"]\n", "more than 100 aliases", 2),
    ("depth by aliases", _CHAIN, _DEEP, 3),
    ("size", b"a: b\n" * 2_000_000, "larger than 8388608 bytes", None),
    ("documents", b"a: b\n---\n" * 501, "more than 500 documents", 1001),
    ("JSON documents", b"{}\n" * 501, "more than 500 documents", 501),
    ("values", b"[" + b"x," * 1_500_000 + b"]", _MANY, 1),
    ("JSON values", b'{"a": [' + b"1," * 1_500_000 + b"1]}", _MANY, 1),
]


@pytest.mark.parametrize(
    ("data", "message", "line"), [pytest.param(*held[1:], id=held[0]) for held in _LIMITS]
)
def test_beyond_a_limit_is_an_error(data: bytes, message: str, line: int | None) -> None:
    assert _errors(data)[0] == [message, line, True]


_NESTED = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (number + 1, number + 1, b",".join([b"*%c" % number] * 9))
    for number in range(ord("a"), ord("m"))
)
_REFUSED: list[tuple[str, bytes, str, int]] = [
    (
        "merge bomb",
        b"a: " + _MAP + b"b: {<<: [" + b"*a," * 99 + b"]}\n",
        "document contains excessive aliasing",
        2,
    ),
    ("nested aliases", _NESTED, "document contains excessive aliasing", 4),
    ("itself", b"a: &a\n  b: *a\n", "an anchor's value contains itself", 2),
    ("keys in keys", b"? " * 40_000, "a mapping key is a mapping or a list", 1),
    ("invalid UTF-8", b"kind: A\nname: \xff\xfe\n", "invalid leading UTF-8 octet", 2),
    ("a lone surrogate", b"a: 1\nb: \xed\xa0\x80\n", "invalid Unicode character", 2),
    ("an escaped surrogate", b'a: "\\ud83d"\n', "found invalid Unicode character escape code", 1),
    ("NUL", b"kind: A\nname: a\0b\n", "control characters are not allowed", 2),
    ("only NUL", b"\0", "control characters are not allowed", 1),
    ("half of UTF-16", b"a: 1\n\xff\xfek\0", "invalid leading UTF-8 octet", 2),
]


@pytest.mark.parametrize(
    ("data", "message", "line"), [pytest.param(*held[1:], id=held[0]) for held in _REFUSED]
)
def test_what_no_reader_takes_is_an_error(data: bytes, message: str, line: int) -> None:
    assert _errors(data)[0] == [message, line, False]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
@pytest.mark.parametrize("text", ["kind: A\n---\nkind: B", '{"kind":"A"}{"kind":"B"}'])
def test_a_byte_order_mark_says_the_encoding_as_it_does_for_kubectl(
    text: str, encoding: str
) -> None:
    reading = read_manifest(text.encode(encoding)).kubectl

    assert [held.encoded for held in reading.objects] == [b'{"kind":"A"}', b'{"kind":"B"}']


def test_half_of_a_surrogate_pair_in_json_is_a_replacement_character() -> None:
    reading = read_manifest(b'{"kind":"\\ud83d"}').kubectl

    assert [held.encoded for held in reading.objects] == ['{"kind":"\ufffd"}'.encode()]


def test_invalid_utf_8_in_json_is_replaced_as_kubectl_replaces_it() -> None:
    manifest = read_manifest(b'{"kind":"\xff\xe2\x82"}')

    assert (
        [held.encoded for held in manifest.kubectl.objects],
        manifest.kustomize.error is not None,
    ) == (['{"kind":"\ufffd\ufffd\ufffd"}'.encode()], True)


def test_what_stands_before_a_limit_is_read() -> None:
    reading = read_manifest(b"kind: A\n---\nkind: B\n", FileLimits(documents=1)).kubectl

    assert (reading.objects[0].encoded, len(reading.objects), reading.error) == (
        b'{"kind":"A"}',
        1,
        ReadError("more than 1 documents", 3, limit=True),
    )


def test_what_merges_copy_is_bounded() -> None:
    data = b"a: {b: 1}\n" + b"c: {<<: {d: 1, e: 1, f: 1}}\n"

    errors = [read_manifest(data, FileLimits(expansion=most)).kubectl.error for most in (48, 47)]

    assert errors == [None, ReadError(_ADDED, 2, limit=True)]


def test_values_are_counted_over_all_documents_of_a_file() -> None:
    limits = FileLimits(nodes=7)

    errors = [
        read_manifest(b"a: [1, 2]\n" + b"---\nb: 1\n" * more, limits).kubectl.error
        for more in (0, 1)
    ]

    assert errors == [None, ReadError("more than 7 values", 3, limit=True)]


def test_as_deep_as_the_limit_is_read() -> None:
    data = b"[" * 100 + b"]" * 100

    assert read_manifest(data).kubectl.error is None
    assert read_manifest(b"[" + data + b"]").kubectl.error is not None


def test_json_as_deep_as_the_limit_is_read() -> None:
    data = b'{"a":' + b"[" * 99 + b"]" * 99 + b"}"

    assert read_manifest(data).kubectl.error is None
    assert read_manifest(data.replace(b"[]", b"[[]]")).kubectl.error is not None


@pytest.mark.parametrize(
    ("data", "limits", "message"),
    [
        (b"a: &a b\nc: [*a, *a]\n", FileLimits(aliases=1), "more than 1 aliases"),
        (b"a: &a bbbbbb\nc: *a\n", FileLimits(expansion=5), _ADDED),
        (b"a: &a [[]]\nb: [*a]\n", FileLimits(depth=3), "nested deeper than 3"),
        (b"a: [b, c]\n", FileLimits(nodes=4), "more than 4 values"),
        (b"a: [b, [], c]\n", FileLimits(nodes=4), "more than 4 values"),
        (b"a: [[]]\n", FileLimits(depth=2), "nested deeper than 2"),
        (b"a: 123456\n", FileLimits(digits=5), "a number of more than 5 digits"),
        (b"123456: a\n", FileLimits(digits=5), "a number of more than 5 digits"),
        (b'{"a": [[]]}', FileLimits(depth=2), "nested deeper than 2"),
        (b'{"a": [1, 2, 3, 4]}', FileLimits(nodes=4), "more than 4 values"),
        (b'{"a": 123456}', FileLimits(digits=5), "a number of more than 5 digits"),
        (b'{"a": 1.23456}', FileLimits(digits=5), "a number of more than 5 digits"),
        (b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", FileLimits(), _DEEP),
        (b"{}{}", FileLimits(documents=1), "more than 1 documents"),
        (b"kind: A\n", FileLimits(file_bytes=7), "larger than 7 bytes"),
    ],
)
def test_a_limit_can_be_lowered(data: bytes, limits: FileLimits, message: str) -> None:
    error = read_manifest(data, limits).kubectl.error

    assert (error and error.message, error and error.limit) == (message, True)


def test_a_large_file_still_looks_like_a_manifest() -> None:
    limits = FileLimits(file_bytes=20)

    seen = [read_manifest(head + b"x" * 20, limits).resembles for head in (b"kind: A\n", b"a: b\n")]

    assert seen == [True, False]


def test_aliases_as_deep_as_the_limit_are_read() -> None:
    data = b"x: [[[[]]]]\na: &a [[]]\nb: [*a]\n"

    assert read_manifest(data, FileLimits(depth=5)).kubectl.error is None


def test_a_json_number_that_is_out_of_range_is_refused() -> None:
    error = read_manifest(b'{"a": 1e999}').kubectl.error

    assert error == ReadError("a number that is out of range", 1)
