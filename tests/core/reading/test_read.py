"""A file as a whole: its two readings beside each other."""

from __future__ import annotations

import pytest

from bot.core.reading import read_manifest

_OBJECT = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


@pytest.mark.parametrize(
    ("data", "same"),
    [
        (_OBJECT, True),
        (_OBJECT + b"---\n" + _OBJECT, True),
        (b"", True),
        (_OBJECT + b"data: {a: yes}\n", False),
        (_OBJECT + b"kind: Secret\n", False),
    ],
)
def test_readings_that_are_equal_are_one_object(data: bytes, same: bool) -> None:  # noqa: FBT001
    """Whoever asks for both readings need not look at the second one."""
    manifest = read_manifest(data)

    assert (manifest.kubectl is manifest.kustomize, manifest.kubectl == manifest.kustomize) == (
        same,
        same,
    )
