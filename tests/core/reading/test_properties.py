"""What holds for every text: nothing crashes the reader, and what JSON says is what is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.manifest import Manifest
from bot.core.reading import FileLimits, line_of, read_manifest
from bot.core.resource import ListStep, ResourceSource, Route

_DATA = Path(__file__).parents[2] / "data"
_CASES = json.loads((_DATA / "kubernetes-decoding.json").read_text(encoding="utf-8"))["cases"]
_TEXTS = [case["yaml"].encode() for case in _CASES]
_PIECES = [
    b"\xef\xbb\xbf", b"---\n", b"...\n", b"\r", b"\xc2\x85", b"\xe2\x80\xa8", b"<<: ", b"&a ",
    b"*a",
    b"!!int ", b"! ", b"!!binary ", b'"', b"'", b"{", b"}", b"[", b"]", b": ", b"- ", b"? ", b"# ",
    b"|\n", b">-\n", b"yes", b"0120", b"1e3", b".inf", b"2001-01-01", b"\t", b"\n", b"items", b",",
    b"%", b"\\/", b"\\ud83d", b"\xff", b"\x00", b"kind: List\n", b"\xff\xfe",
]  # fmt: skip
_canonical = msgspec.json.Encoder(order="sorted").encode
_SMALL = FileLimits(nodes=50, depth=5, aliases=3, expansion=200, digits=10, documents=3)
_SOURCE = ResourceSource("a.yaml", "0" * 40, 0)

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4),
    max_leaves=20,
)
_documents = st.dictionaries(_text.filter(lambda key: key != "items"), _json, max_size=5)


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    data: bytes = draw(st.sampled_from(_TEXTS))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        end = draw(st.integers(at, min(len(data), at + 4)))
        piece = draw(st.sampled_from(_PIECES) | st.sampled_from(_TEXTS) | st.binary(max_size=3))
        data = data[:at] + piece + data[end:]
    return data


def _check(data: bytes, manifest: Manifest) -> None:
    """What every answer has to be, whatever the text."""
    last = max(1, data.count(b"\n") + (not data.endswith(b"\n")))
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        last = len(data)
    for hazard in manifest.hazards:
        assert 1 <= hazard.line <= last
        assert "\n" not in hazard.message
    for kustomize, reading in ((False, manifest.kubectl), (True, manifest.kustomize)):
        if reading.error is not None:
            assert reading.error.line is None or 1 <= reading.error.line <= last
        for held in reading.objects:
            value = json.loads(held.encoded)
            assert held.encoded == _canonical(value)
            source = ResourceSource(
                "a.yaml", "0" * 40, held.document, held.item, kustomize=kustomize
            )
            for key in value if isinstance(value, dict) else ():
                line = line_of(data, source, (key,))
                assert line is not None
                assert 1 <= line <= last


@settings(max_examples=400, derandomize=True, deadline=None)
@given(_mutated())
def test_no_mutated_text_crashes_the_reader(data: bytes) -> None:
    _check(data, read_manifest(data))


@settings(max_examples=200, derandomize=True, deadline=None)
@given(_mutated())
def test_no_mutated_text_passes_small_limits(data: bytes) -> None:
    read_manifest(data, _SMALL)
    line_of(data, _SOURCE, ("a", ListStep("", 0), "b"), _SMALL)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.binary(max_size=64))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    _check(data, read_manifest(data))


@settings(max_examples=200, derandomize=True, deadline=None)
@given(_documents)
def test_canonical_json_is_read_as_it_is(value: dict[str, Any]) -> None:
    manifest = read_manifest(_canonical(value))

    assert [json.loads(held.encoded) for held in manifest.kubectl.objects] == [value]


@settings(max_examples=200, derandomize=True, deadline=None)
@given(_documents)
def test_yaml_with_everything_quoted_is_the_same_for_both_readers(value: dict[str, Any]) -> None:
    data = yaml.dump(value, default_style='"', allow_unicode=False).encode()

    manifest = read_manifest(data)

    if not manifest.hazards:
        assert manifest.kubectl == manifest.kustomize
        assert [json.loads(held.encoded) for held in manifest.kubectl.objects] == [value]


def _routes(value: Any, route: Route = ()) -> list[Route]:
    found = [route] if route else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += _routes(inner, (*route, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += _routes(inner, (*route, ListStep("", index)))
    return found


_keys = st.text("abcdef", min_size=3, max_size=8)
_block = st.recursive(
    st.integers(0, 99) | st.text("uvw", min_size=2, max_size=5),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(_keys, inner, min_size=1, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.dictionaries(_keys, _block, min_size=1, max_size=4))
def test_the_line_of_a_field_has_its_key(value: dict[str, Any]) -> None:
    data = yaml.dump(value, default_flow_style=False)
    rows = data.splitlines()

    for route in _routes(value):
        line = line_of(data.encode(), _SOURCE, route)
        assert line is not None
        last = route[-1]
        shown = "- " if isinstance(last, ListStep) else f"{last}:"
        assert shown in rows[line - 1]
