"""Lists are unwrapped as each of the two readers does it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.core.manifest import ReadError, Reading
from bot.core.reading import read_manifest

_A: dict[str, Any] = {"kind": "A", "metadata": {"name": "a"}}


def _held(reading: Reading) -> list[tuple[Any, tuple[int, ...]]]:
    return [(json.loads(held.encoded), held.item) for held in reading.objects]


def _read(value: object) -> tuple[Reading, Reading]:
    manifest = read_manifest(json.dumps(value).encode())
    return manifest.kubectl, manifest.kustomize


def test_a_list_of_lists_is_unwrapped_by_both() -> None:
    value = {"kind": "List", "items": [_A, {"kind": "List", "items": [_A]}]}

    kubectl, kustomize = _read(value)

    assert _held(kubectl) == _held(kustomize) == [(_A, (0,)), (_A, (1, 0))]


def test_whatever_has_items_is_a_list_for_kubectl_only() -> None:
    value = {"kind": "ConfigMap", "items": [_A]}

    kubectl, kustomize = _read(value)

    assert (_held(kubectl), _held(kustomize)) == ([(_A, (0,))], [(value, ())])


def test_kubectl_names_items_after_their_list_and_kustomize_refuses_them() -> None:
    value = {"apiVersion": "v1", "kind": "FooList", "items": [{"x": 1}, {"kind": "B"}]}

    kubectl, kustomize = _read(value)

    assert (_held(kubectl), kustomize.error) == (
        [({"apiVersion": "v1", "kind": "Foo", "x": 1}, (0,)), ({"kind": "B"}, (1,))],
        ReadError("an item of a list has no kind", 1),
    )


@pytest.mark.parametrize("items", [{"a": 1}, "a", 1, True])
def test_kubectl_refuses_items_that_are_no_list(items: object) -> None:
    kubectl, kustomize = _read({"kind": "Foo", "items": items})

    assert (kubectl.error, len(kustomize.objects)) == (
        ReadError("items is a top-level field and not a list", 1),
        1,
    )


def test_kustomize_refuses_a_list_whose_items_are_none() -> None:
    assert _read({"kind": "FooList", "items": {}})[1].error is not None


def test_items_that_are_null_are_no_items_for_kubectl() -> None:
    kubectl, kustomize = _read({"kind": "FooList", "items": None})

    assert (kubectl, kustomize) == (Reading(), Reading())


def test_items_below_the_first_level_that_are_no_list_make_no_list() -> None:
    inner = {"kind": "A", "items": {"a": 1}}

    assert _held(_read({"kind": "List", "items": [inner]})[0]) == [(inner, (0,))]


def test_items_that_are_null_themselves_are_left_out() -> None:
    assert _held(_read({"kind": "List", "items": [None, _A]})[0]) == [(_A, (1,))]


def test_kustomize_refuses_a_document_that_is_a_list() -> None:
    reading = read_manifest(b"- kind: A\n").kustomize

    assert reading.error == ReadError("a document is a list, not a resource", 1)
