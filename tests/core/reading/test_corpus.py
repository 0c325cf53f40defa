"""Kubernetes' own decoder is the judge: small texts and what it makes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.core.reading import read_manifest

_CORPUS = Path(__file__).parents[2] / "data" / "kubernetes-decoding.json"
_CASES = json.loads(_CORPUS.read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in _CASES])
def test_a_text_is_read_as_kubernetes_reads_it(case: dict[str, Any]) -> None:
    reading = read_manifest(case["yaml"].encode()).kubectl

    documents = [json.loads(held.encoded) for held in reading.objects]

    assert (documents, reading.error is not None) == (case["documents"], case["error"])
