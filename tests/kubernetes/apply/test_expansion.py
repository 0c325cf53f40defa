"""Claims that grow: the StorageClass decides, as far as it is known."""

from __future__ import annotations

import json

import pytest

from bot.kubernetes.apply.expansion import refused_growth
from tests.states import world


def claim(size: str, storage_class: str | None) -> str:
    spec: dict[str, object] = {"resources": {"requests": {"storage": size}}}
    if storage_class is not None:
        spec["storageClassName"] = storage_class
    whole = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "a"}}
    return json.dumps({**whole, "spec": spec})


def classes(*, expands: bool | None) -> str:
    whole = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "c"}}
    return json.dumps(whole if expands is None else {**whole, "allowVolumeExpansion": expands})


def reasons(old: str, new: str, *more: str) -> list[str]:
    (before,) = world(old).resources
    after = world(new, *more)
    head = next(found for found in after.resources if found.key.kind == "PersistentVolumeClaim")
    return [change.reason for change in refused_growth(before, head, after)]


@pytest.mark.parametrize("expands", [False, None])
def test_a_class_that_does_not_let_claims_grow(*, expands: bool | None) -> None:
    assert reasons(claim("1Gi", "c"), claim("2Gi", "c"), classes(expands=expands)) == [
        "which StorageClass c does not let grow (allowVolumeExpansion)"
    ]


def test_a_claim_without_a_class_never_grows() -> None:
    assert reasons(claim("1Gi", ""), claim("2Gi", "")) == [
        "which cannot grow without a StorageClass"
    ]


@pytest.mark.parametrize(
    ("old", "new", "expands"),
    [
        (claim("1Gi", "c"), claim("2Gi", "c"), True),
        (claim("1Gi", "c"), claim("1024Mi", "c"), False),
        (claim("2Gi", "c"), claim("1Gi", "c"), False),
        (claim("1Gi", "other"), claim("2Gi", "other"), False),
        (claim("1Gi", None), claim("2Gi", None), False),
        (claim("1Gi", None), claim("2Gi", "c"), False),
    ],
)
def test_what_grows_or_is_not_known(old: str, new: str, *, expands: bool) -> None:
    assert reasons(old, new, classes(expands=expands)) == []
