"""Kubernetes' own decoders are the judges: small texts and what they make of them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from bot.core.manifest import Reading
from bot.core.reading import read_manifest

_DATA = Path(__file__).parents[2] / "data"


def _cases(name: str) -> list[dict[str, Any]]:
    held: list[dict[str, Any]] = json.loads((_DATA / name).read_text(encoding="utf-8"))["cases"]
    return held


def _values(reading: Reading) -> list[Any]:
    return [json.loads(held.encoded) for held in reading.objects]


def _bytes(case: dict[str, Any]) -> bytes:
    return case["yaml"].encode() if "yaml" in case else base64.b64decode(case["base64"])


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case["id"]) for case in _cases("kubernetes-decoding.json")]
)
def test_a_text_is_read_as_kubernetes_reads_it(case: dict[str, Any]) -> None:
    reading = read_manifest(case["yaml"].encode()).kubectl

    assert (_values(reading), reading.error is not None) == (case["documents"], case["error"])


@pytest.mark.parametrize("case", _cases("kubernetes-decoding-more.json"))
def test_a_text_is_read_as_both_decoders_read_it(case: dict[str, Any]) -> None:
    """What kustomize reads of a file that it refuses is nobody's business."""
    manifest = read_manifest(_bytes(case))
    kustomize = case["kustomize"]
    mine = None if kustomize["error"] else _values(manifest.kustomize)

    assert (
        (_values(manifest.kubectl), manifest.kubectl.error is not None),
        (mine, manifest.kustomize.error is not None),
    ) == (
        (case["kubectl"]["objects"], case["kubectl"]["error"]),
        (kustomize["objects"], kustomize["error"]),
    )
