"""What contents read as, kept on disk."""

from __future__ import annotations

import os
import sqlite3
from multiprocessing import get_context
from pathlib import Path

import pytest

from bot.analysis.counters import Counters
from bot.analysis.examine import MemoryBlobs
from bot.analysis.manifests import read
from bot.analysis.process.cache import FactCache, forget, reader_version
from bot.analysis.process.packing import pack_manifest, unpack_manifest
from bot.analysis.process.parent import AnalysisOptions, ComparedTree, analyse
from bot.core.policy.model import Policy
from tests.states import Files, Grove, resource


def the_file(directory: Path) -> Path:
    return directory / f"manifests-{reader_version()}.sqlite"


def test_what_is_put_is_there_for_the_next_one(tmp_path: Path) -> None:
    with FactCache(tmp_path / "new" / "place") as cache:
        cache.put({"a": b"1", "b": b"2"})
        cache.put({"a": b"3"})
    with FactCache(tmp_path / "new" / "place") as cache:
        assert cache.get(["a", "b", "c"]) == {"a": b"3", "b": b"2"}


def test_many_keys_at_once(tmp_path: Path) -> None:
    facts = {f"key{number}": b"%d" % number for number in range(3000)}
    with FactCache(tmp_path) as cache:
        cache.put(facts)

        assert cache.get([*facts, "other"]) == facts


def test_a_search_reads_no_value_of_another_key(tmp_path: Path) -> None:
    with FactCache(tmp_path) as cache:
        cache.put({"t:base-bundle": bytes(4_000_000), "t:manifest:1": b"1"})
    with FactCache(tmp_path) as cache:
        before = _bytes_read()
        found = cache.get(["t:manifest:1", "t:manifest:2"])
        read_bytes = _bytes_read() - before

    assert (found, read_bytes < 100_000) == ({"t:manifest:1": b"1"}, True)


def _bytes_read() -> int:
    """Bytes that this process has read: https://man7.org/linux/man-pages/man5/proc_pid_io.5.html."""
    fields = Path("/proc/self/io").read_text(encoding="ascii").split()
    return int(fields[fields.index("rchar:") + 1])


def test_no_directory_and_one_that_cannot_be_used_keep_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place in (None, tmp_path / "file", tmp_path / "file" / "below"):
        with FactCache(place) as cache:
            cache.put({"a": b"1"})
            assert cache.get(["a"]) == {}


def test_the_least_recently_used_go_when_there_is_too_much(tmp_path: Path) -> None:
    with FactCache(tmp_path, maximum=1_000_000) as cache:
        cache.put({"old": bytes(200_000), "used": bytes(200_000)})
    with sqlite3.connect(the_file(tmp_path)) as connection:
        connection.execute("UPDATE facts SET used = used - 9")
    connection.close()
    with FactCache(tmp_path, maximum=1_000_000) as cache:
        assert set(cache.get(["used"])) == {"used"}
        cache.put({f"new{number}": bytes(100_000) for number in range(7)})
        kept = set(cache.get(["old", "used", *(f"new{number}" for number in range(7))]))
        more = {f"more{number}": bytes(100_000) for number in range(200)}
        cache.put(more)

    assert ("old" in kept, "used" in kept) == (False, True)
    assert the_file(tmp_path).stat().st_size < 25_000_000


@pytest.mark.parametrize("damage", [b"", b"not a database at all" * 999, None])
def test_a_damaged_file_is_begun_anew(tmp_path: Path, damage: bytes | None) -> None:
    with FactCache(tmp_path) as cache:
        cache.put({f"key{number}": bytes(5000) for number in range(200)})
    file = the_file(tmp_path)
    if damage is None:
        held = bytearray(file.read_bytes())
        held[4096:] = b"\xff" * (len(held) - 4096)
        damage = bytes(held)
    file.write_bytes(damage)

    with FactCache(tmp_path) as cache:
        cache.get([f"key{number}" for number in range(200)])
        cache.put({"a": b"1"})
        cache.put({"a": b"1"})
        found = cache.get(["a"])

    assert found == {"a": b"1"}


def test_files_of_other_readers_are_dropped_when_nobody_has_used_them_for_long(
    tmp_path: Path,
) -> None:
    names = ("manifests-0123.sqlite", "manifests-4567.sqlite", "unrelated")
    for name in names:
        (tmp_path / name).write_text("x")
    for name in (names[0], names[2]):
        os.utime(tmp_path / name, (0, 0))

    FactCache(tmp_path).close()

    assert [(tmp_path / name).exists() for name in names] == [False, True, True]


def _put(directory: Path, name: str) -> None:
    with FactCache(directory) as cache:
        for number in range(40):
            cache.put({f"{name}{number}": b"x" * 100})


def test_several_processes_share_a_file(tmp_path: Path) -> None:
    context = get_context("spawn")
    processes = [context.Process(target=_put, args=(tmp_path, name)) for name in "abc"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    with FactCache(tmp_path) as cache:
        found = cache.get([f"{name}{number}" for name in "abc" for number in range(40)])

    assert ([process.exitcode for process in processes], len(found)) == ([0, 0, 0], 120)


@pytest.mark.parametrize(
    "data",
    [
        resource("ConfigMap", "a").encode(),
        b"a: yes\nkind: X\n",
        b"\xff\xfe",
        b"version https://git-lfs.github.com/spec/v1\n",
        b"kind: [",
        b"",
    ],
)
def test_a_manifest_is_the_same_after_it_was_kept(data: bytes) -> None:
    manifest = read(data)

    assert unpack_manifest(pack_manifest(manifest)) == manifest


def test_what_is_forgotten_is_one_tenant_s_alone(tmp_path: Path) -> None:
    kept = {"7.git:manifest:a": b"1", "77.git:manifest:a": b"2", "7.git": b"3"}
    for name in ("manifests", "renders"):
        with FactCache(tmp_path, name=name, version="1") as cache:
            cache.put(kept)
    forget(tmp_path, "7.git")
    for name in ("manifests", "renders"):
        with FactCache(tmp_path, name=name, version="1") as cache:
            assert cache.get([*kept]) == {"77.git:manifest:a": b"2", "7.git": b"3"}


def test_a_damaged_file_does_not_keep_others_from_being_forgotten(tmp_path: Path) -> None:
    (tmp_path / "damaged-1.sqlite").write_bytes(b"nonsense" * 1000)
    with FactCache(tmp_path) as cache:
        cache.put({"7.git:manifest:a": b"1"})
    forget(tmp_path, "7.git")
    with FactCache(tmp_path) as cache:
        assert cache.get(["7.git:manifest:a"]) == {}


def test_an_entry_that_is_no_manifest_is_read_anew(tmp_path: Path) -> None:
    files: Files = {"a.yaml": resource("ConfigMap", "a")}
    grove = Grove({}, files)
    asked = grove.question()
    blobs = MemoryBlobs(grove.blobs)
    sides = (ComparedTree(asked.base, blobs, "b"), ComparedTree(asked.head, blobs, "h"))
    with FactCache(tmp_path) as cache:
        cache.put({f"manifest:{asked.head['a.yaml'].blob}": b"nonsense"})
    counters = Counters()

    found = analyse(*sides, Policy(), AnalysisOptions(cache=tmp_path, counters=counters))

    assert (found.summary.resources.added, counters.parsed) == (1, 1)
