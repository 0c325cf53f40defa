"""Base's facts in one entry: a warm review asks the cache for it and for what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bot.analysis.counters import Counters
from bot.analysis.examine import MemoryBlobs
from bot.analysis.process.cache import FactCache
from bot.analysis.process.content_store import ContentStore
from bot.analysis.process.packing import Fact, pack_facts
from bot.analysis.process.parent import AnalysisOptions, ComparedTree, analyse
from bot.core.engine.review import Analysis
from bot.core.tree import File
from tests.states import Files, Grove, resource

BASE: Files = {f"d{n}/a.yaml": resource("ConfigMap", f"a{n}") for n in range(60)}
HEAD: Files = {**BASE, "d1/a.yaml": resource("ConfigMap", "a1", "data: {x: y}")}


def _run(head: Files, options: AnalysisOptions) -> Analysis:
    grove = Grove(BASE, head)
    question = grove.question()
    blobs = MemoryBlobs(grove.blobs)
    sides = (ComparedTree(question.base, blobs, "b"), ComparedTree(question.head, blobs, "h"))
    return analyse(*sides, question.policy, options)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys that caches of facts were asked for."""
    keys: list[str] = []
    get = FactCache.get

    def recorded(self: FactCache, some: Sequence[str]) -> Mapping[str, bytes]:
        keys.extend(some)
        return get(self, some)

    monkeypatch.setattr(FactCache, "get", recorded)
    return keys


def test_a_warm_review_asks_for_one_entry_and_for_what_changed(
    tmp_path: Path, asked: list[str]
) -> None:
    options = AnalysisOptions(cache=tmp_path, tenant="t")
    cold = _run(HEAD, options)
    asked.clear()

    counters = Counters()
    warm = _run(HEAD, AnalysisOptions(cache=tmp_path, tenant="t", counters=counters))

    kinds = [key.rpartition(":")[0] for key in asked if "manifest" in key or "bundle" in key]
    assert warm == cold
    assert kinds == ["t", "t:base-manifest", "t:manifest"]
    assert (counters.parsed, counters.cached) == (0, 61)


@pytest.mark.parametrize("spoiled", [b"", b"nonsense", pack_facts([("manifest", "0" * 40, b"x")])])
def test_a_spoiled_bundle_changes_no_review(tmp_path: Path, spoiled: bytes) -> None:
    options = AnalysisOptions(cache=tmp_path, tenant="t")
    first = _run(HEAD, options)
    with FactCache(tmp_path) as cache:
        cache.put({"t:base-bundle": spoiled})

    assert [_run(HEAD, options), _run(HEAD, options)] == [first, first]


def test_a_child_is_told_nothing_of_contents_that_base_does_not_have(tmp_path: Path) -> None:
    mine, foreign = "1" * 40, "2" * 40
    base = ComparedTree({"a.yaml": File("100644", mine, 1)}, MemoryBlobs({}), "base")
    facts: list[Fact] = [("manifest", mine, b"mine"), ("manifest", foreign, b"foreign")]
    with FactCache(tmp_path) as cache:
        cache.put({"t:base-bundle": pack_facts(facts)})

        assert ContentStore(base, cache, "t").bundle() == facts[:1]
        assert ContentStore(base, cache, "other").bundle() == []
