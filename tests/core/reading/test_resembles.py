"""What looks like a manifest although it cannot be read."""

from __future__ import annotations

import pytest

from bot.core.reading import read_manifest


@pytest.mark.parametrize(
    "data",
    [
        b"a: [\nkind: A\n",
        b"apiVersion: v1\n[\n",
        b"---\nkind: A\na: [\n",
        b"'kind': A\n[\n",
        b"\xef\xbb\xbfkind: A\n[\n",
        b"# a\rkind: A\r[\r",
        b"# a\xe2\x80\xa8kind: A\n[\n",
        b'{"kind": "A"',
        b'{\n  "apiVersion" : "v1",\n',
        b"[{kind: A}, {",
        b"--- {kind: A}\n",
        "kind: A\n[\n".encode("utf-16"),
    ],
)
def test_a_manifest_that_cannot_be_read_looks_like_one(data: bytes) -> None:
    manifest = read_manifest(data)

    assert (manifest.resembles, manifest.kubectl.error is not None) == (True, True)


@pytest.mark.parametrize(
    "data",
    [b"", b"a: [\n  kind: A\n", b"kinds: A\n", b"# kind: A\n", b'{"a": "kind"', b"a: kind: b\n"],
)
def test_other_text_does_not(data: bytes) -> None:
    assert not read_manifest(data).resembles


@pytest.mark.parametrize(
    ("data", "template"),
    [
        (b"kind: A\nname: {{ .Values.name }}\n", True),
        (b"{{- if .Values.on }}\nkind: A\n{{- end }}\n", True),
        (b'kind: A\nname: "{{ .Values.name }}"\n', False),
        (b"kind: A\na: [\n", False),
    ],
)
def test_an_unreadable_file_with_actions_may_be_a_template(data: bytes, template: bool) -> None:  # noqa: FBT001 - a table's column
    assert read_manifest(data).template is template
