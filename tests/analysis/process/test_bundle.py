"""Base's facts in one entry: a warm review asks the cache for it and for what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bot.analysis.counters import Counters
from bot.analysis.examine import MemoryBlobs
from bot.analysis.process.cache import FactCache
from bot.analysis.process.content_store import ContentStore
from bot.analysis.process.messages import Want
from bot.analysis.process.packing import (
    Bundle,
    Fact,
    pack_bundle,
    pack_facts,
    unpack_bundle,
    unpack_facts,
)
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


_OTHER = pack_facts([("manifest", "0" * 40, b"x")])


@pytest.mark.parametrize(
    "spoiled", [b"", b"nonsense", _OTHER, pack_bundle(Bundle("", _OTHER)), pack_bundle(Bundle())]
)
def test_a_spoiled_bundle_changes_no_review(tmp_path: Path, spoiled: bytes) -> None:
    options = AnalysisOptions(cache=tmp_path, tenant="t")
    first = _run(HEAD, options)
    with FactCache(tmp_path) as cache:
        cache.put({"t:base-bundle": spoiled})

    assert [_run(HEAD, options), _run(HEAD, options)] == [first, first]


def test_spoiled_facts_of_this_very_base_change_no_review(tmp_path: Path) -> None:
    options = AnalysisOptions(cache=tmp_path, tenant="t")
    first = _run(HEAD, options)
    with FactCache(tmp_path) as cache:
        kept = unpack_bundle(cache.get(["t:base-bundle"])["t:base-bundle"])
        cache.put({"t:base-bundle": pack_bundle(Bundle(kept.contents, b"nonsense"))})

    assert _run(HEAD, options) == first


def test_a_child_is_told_nothing_of_contents_that_base_does_not_have(tmp_path: Path) -> None:
    base = _base(MINE)
    facts: list[Fact] = [("manifest", MINE, b"mine"), ("manifest", FOREIGN, b"foreign")]
    with FactCache(tmp_path) as cache:
        cache.put({"t:base-bundle": pack_bundle(Bundle("of another base", pack_facts(facts)))})

        assert unpack_facts(ContentStore(base, cache, "t").bundle()) == facts[:1]
        assert unpack_facts(ContentStore(base, cache, "other").bundle()) == []


def test_what_a_new_bundle_holds_no_more_is_kept_for_itself(tmp_path: Path) -> None:
    """Nothing is read twice because the base of another branch was reviewed in between."""
    with FactCache(tmp_path) as cache:
        _say(ContentStore(_base(MINE), cache, "t"), MINE)
        _say(ContentStore(_base(FOREIGN), cache, "t"), FOREIGN)

        again = ContentStore(_base(MINE), cache, "t")
        assert unpack_facts(again.bundle()) == []
        assert list(again.items(Want([("manifest", MINE)]))) == [("facts", MINE.encode())]


def test_facts_of_base_are_kept_once(tmp_path: Path) -> None:
    with FactCache(tmp_path) as cache:
        _say(ContentStore(_base(MINE), cache, "t"), MINE)

        store = ContentStore(_base(MINE), cache, "t")
        assert unpack_facts(store.bundle()) == [("manifest", MINE, MINE.encode())]
        assert cache.get([f"t:base-manifest:{MINE}"]) == {}


def test_what_base_had_before_serves_a_head_that_goes_back(tmp_path: Path) -> None:
    with FactCache(tmp_path) as cache:
        _say(ContentStore(_base(MINE), cache, "t"), MINE)

        store = ContentStore(_base(FOREIGN), cache, "t")
        store.bundle()
        store.open(_base(MINE), None)
        assert list(store.items(Want([("manifest", MINE)]))) == [("facts", MINE.encode())]


MINE, FOREIGN = "1" * 40, "2" * 40


def _base(blob: str) -> ComparedTree:
    return ComparedTree({"a.yaml": File("100644", blob, 1)}, MemoryBlobs({blob: b"a"}), "base")


def _say(store: ContentStore, blob: str) -> None:
    """What a child asks and says that has seen nothing but base."""
    store.bundle()
    list(store.items(Want([("manifest", blob)])))
    store.keep([("manifest", blob, blob.encode())])
