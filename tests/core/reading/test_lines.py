"""A route into a resource finds the line that the author has to look at."""

from __future__ import annotations

import pytest

from bot.core.reading import line_of
from bot.core.resource import ListStep, ResourceSource, Route

_FILE = b"""# a comment
kind: A
spec:
  image: good
  ports:
    - name: http
      port: 80
    - &p
      name: metrics
  more: *p
---
apiVersion: v1
kind: List
items:
  - kind: B
    metadata: {name: b}
  - kind: List
    items:
      - kind: C
        metadata:
          name: c
"""


def _item(index: int) -> ListStep:
    return ListStep("", index)


def _source(document: int = 0, *item: int, kustomize: bool = False) -> ResourceSource:
    return ResourceSource("a.yaml", "0" * 40, document, item, kustomize=kustomize)


@pytest.mark.parametrize(
    ("source", "route", "line"),
    [
        (_source(), (), 2),
        (_source(), ("kind",), 2),
        (_source(), ("spec", "image"), 4),
        (_source(), ("spec", "ports"), 5),
        (_source(), ("spec", "ports", _item(0)), 6),
        (_source(), ("spec", "ports", _item(0), "port"), 7),
        (_source(), ("spec", "ports", _item(1), "name"), 9),
        (_source(), ("spec", "more"), 10),
        (_source(), ("spec", "more", "name"), 9),
        (_source(), ("spec", "missing", "field"), 3),
        (_source(), ("spec", "ports", _item(7), "name"), 5),
        (_source(), ("spec", "image", "deeper"), 4),
        (_source(), ("missing",), 2),
        (_source(1, 0), (), 15),
        (_source(1, 0), ("metadata", "name"), 16),
        (_source(1, 1, 0), ("metadata", "name"), 21),
        (_source(1, 1, 0), ("spec",), 19),
        (_source(9), ("kind",), None),
        (_source(1, 1, 0, kustomize=True), ("kind",), 19),
    ],
)
def test_the_line_is_the_key_of_the_deepest_field_that_exists(
    source: ResourceSource, route: Route, line: int | None
) -> None:
    assert line_of(_FILE, source, route) == line


@pytest.mark.parametrize(
    ("data", "route", "kubectl", "kustomize"),
    [
        (b"a: 1\nb: 2\na: 3\n", ("a",), 3, 3),
        (b"c:\n  i: 1\n  <<:\n    i: 2\n", ("c", "i"), 4, 2),
        (b"c:\n  <<:\n    i: 2\n  i: 1\n", ("c", "i"), 4, 4),
        (b"x: &x\n  i: 1\ny: &y\n  i: 2\nc:\n  <<: [*x, *y]\n", ("c", "i"), 2, 2),
        (b"x: &x\n  i: 1\ny: &y\n  <<: *x\nc: *y\n", ("c", "i"), 2, 2),
        (b"yes: 1\nno: 2\n", ("false",), 2, 1),
        (b"a: 1\nno: 2\n", ("no",), 1, 2),
        (b"a: 1\n010: 2\n", ("8",), 2, 1),
        (b"a: &k b\n*k : 2\n", ("b",), 2, 2),
        (b"x:\n- &a {i: 1}\n- *a\n", ("x", _item(1)), 3, 3),
        (b"x:\n- &a {i: 1}\n- *a\n", ("x", _item(1), "i"), 2, 2),
    ],
)
def test_the_line_that_wins_is_each_readers_own(
    data: bytes, route: Route, kubectl: int, kustomize: int
) -> None:
    lines = (line_of(data, _source(), route), line_of(data, _source(kustomize=True), route))

    assert lines == (kubectl, kustomize)


@pytest.mark.parametrize(
    ("data", "source", "route", "line"),
    [
        (b"a: 1\r\n---\r\nb:\r\n  c: 1\r\n", _source(1), ("b", "c"), 4),
        (b"\xef\xbb\xbfa: 1\n---\n\xef\xbb\xbfb:\n  c: 1\n", _source(1), ("b", "c"), 4),
        (b"a: 1\n# x\xc2\x85b: 2\nc: 3\n", _source(), ("c",), 3),
        (b"a: 1\n# x\xc2\x85b: 2\nc: 3\n", _source(), ("b",), 2),
        (b"a: 1\rb: 2\nc: 3\n", _source(), ("c",), 2),
        (b"a\xef\xbb\xbf: 1\nb: 2\n", _source(), ("a\ufeff",), 1),
        (b"---\n---\nb: 1\n", _source(1), ("b",), 3),
        (b"---\n---\nb: 1\n", _source(1, kustomize=True), ("b",), 3),
        (b'{"a": 1}\n{\n "b":\n  {"c": "\\ud83d\\ude00"}}\n', _source(1), ("b", "c"), 4),
        (b'{"a": 1}\n---\nb: 1\n', _source(1), ("b",), 3),
        (b"kind: FooList\nitems:\n- a: 1\n", _source(0, 0), ("kind",), 3),
        (b"# nothing\n", _source(), ("b",), None),
        (b"a: [\n", _source(), ("b",), None),
        (b"a: *b\n", _source(), ("a",), None),
        (b"[" * 200, _source(), (), None),
        (b"a: 1\n", _source(3, kustomize=True), ("a",), None),
        (b"", _source(), ("b",), None),
    ],
)
def test_lines_are_those_of_git_whatever_breaks_lines_in_yaml(
    data: bytes, source: ResourceSource, route: Route, line: int | None
) -> None:
    assert line_of(data, source, route) == line


def test_merges_of_merges_are_followed_in_no_time() -> None:
    levels = [f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 9)}]}}"
              for before, name in zip("abcdefghi", "bcdefghij", strict=True)]  # fmt: skip
    data = "\n".join(["a: &a {x: 1}", *levels, "z: {<<: *j}"]).encode()

    assert line_of(data, _source(), ("z", "missing")) == 11


def test_merges_within_merges_are_followed_only_so_far() -> None:
    data = b"z: " + b"{<<: " * 90 + b"{x: 1}" + b"}" * 90 + b"\n"

    assert line_of(data, _source(), ("z", "x")) == 1
    assert line_of(b"w:\n  <<:\n    <<:\n      x: 1\n", _source(), ("w", "x")) == 4
