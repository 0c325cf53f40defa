"""Things from elsewhere between parent and child.

Who may be asked is base's to say, and is said before anything of head is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.analysis.examine import MemoryBlobs, examine_trees, owners_of
from bot.analysis.process.fetch_requests import FetchRequests
from bot.analysis.process.packing import pack_manifest
from bot.analysis.process.parent import AnalysisOptions, ComparedTree, analyse
from bot.analysis.process.renders import renders_here
from bot.catalog import load_rules
from bot.core.engine.review import Analysis, Fetched
from bot.core.fetching import FetchResult, SourceReference
from bot.core.policy.model import Policy
from bot.core.reading import read_manifest
from bot.core.states.roots.fetched_files import MOST_REFERENCES
from bot.core.tree import File
from bot.errors import AnalysisError
from bot.render.renderers import Renderers
from tests.analysis.lines.bumps import METRICS, application, deploy, overlay, two_versions
from tests.analysis.process.test_parent import SUMMARY, launched
from tests.fake_sources import Shelf, Shelves, git
from tests.states import Files, Grove, resource
from tests.tools import renderer_binaries, renderer_tools

K = "app/kustomization.yaml"
BASE: Files = {K: overlay("v1.0.0"), **application("17.0.0")}
HEAD: Files = {
    **BASE,
    K: overlay("v1.1.0"),
    "spy/kustomization.yaml": "resources: ['https://evil.example.com/spy//x?ref=v1.0.0']\n",
    "only-at-head.yaml": resource("ConfigMap", "head"),
}
OWNERS = frozenset({"github.com/example", "charts.example.com"})
HELD = two_versions(deploy("a: '1'"), deploy("a: '1'", "b: '1'"))
USES = "send({'type': 'Uses', 'owners': ['github.com/example'], 'facts': []})"
ANSWER = {
    "type": "AnalysisAnswer",
    "findings": [],
    "problems": [],
    "summary": SUMMARY,
    "facts": [],
    "parsed": 0,
    "blobs": 0,
    "cached": 0,
    "sandbox": "",
}


def run(shelves: Shelves, grove: Grove, launch: str = "", cache: Path | None = None) -> Analysis:
    asked, blobs = grove.question(), MemoryBlobs(dict(grove.blobs))
    sides = (ComparedTree(asked.base, blobs, "base"), ComparedTree(asked.head, blobs, "head"))
    options = AnalysisOptions(
        fetching=shelves, cache=cache, renders=renders_here((renderer_tools(),))
    )
    if launch:
        options = AnalysisOptions(fetching=shelves, cache=cache, start=launched(launch))
    return analyse(*sides, asked.policy, options)


def shelves_of(grove: Grove) -> Shelves:
    grove.question()
    return Shelves(Shelf(HELD, dict(grove.blobs)))


def test_whose_things_may_be_asked_for_is_what_base_uses() -> None:
    grove = Grove(BASE, HEAD)
    asked, content = grove.question(), grove.content()

    assert owners_of(asked.base, content, Policy()) == OWNERS
    assert owners_of(asked.head, content, Policy()) == OWNERS | {"evil.example.com"}


def test_the_child_finds_what_one_process_finds_with_what_was_brought() -> None:
    grove = Grove(BASE, {**BASE, K: overlay("v1.1.0")})
    shelves = shelves_of(grove)

    found = run(shelves, grove)

    shelf = Shelf(HELD, grove.blobs)
    builder = Renderers(MemoryBlobs(grove.blobs), renderer_binaries())
    alone = examine_trees(grove.question(), grove.content(), load_rules(), builder, shelf)
    assert (found.findings, found.problems) == (alone.findings, alone.problems)
    assert found.summary.fetched == alone.summary.fetched
    assert [it.version for it in found.summary.fetched] == ["v1.0.0", "v1.1.0"]
    assert shelves.owners == [OWNERS]


def test_what_head_names_widens_nothing() -> None:
    grove = Grove(BASE, HEAD)
    shelves = shelves_of(grove)

    run(shelves, grove)

    assert shelves.owners == [OWNERS]


def test_nothing_of_head_is_told_before_base_has_said_whose_things_it_uses() -> None:
    grove = Grove(BASE, HEAD)
    shelves = shelves_of(grove)
    body = (
        "told = child.receive()\n"
        "held = 'leaked' if b'only-at-head' in told or b'spy' in told else 'nothing'\n"
        "send({'type': 'Uses', 'owners': [held], 'facts': []})\n"
        "told = child.receive()\n"
        f"send({ANSWER!r}) if b'only-at-head' in told else None\n"
    )

    run(shelves, grove, body)

    assert shelves.owners == [frozenset({"nothing"})]


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("{'type': 'Want', 'items': [('manifest', HEAD)]}", "not in the two trees"),
        ("{'type': 'Want', 'items': [('data', HEAD)]}", "not in the two trees"),
        ("{'type': 'FetchRequest', 'references': []}", "has not read head"),
        (
            (
                "{'type': 'BuildRequest', 'builds': "
                "[{'renderer': 'kustomize', 'root': '', 'files': {}}]}"
            ),
            "has not read head",
        ),
        (repr(ANSWER), "has not read head"),
        ("{'type': 'Uses', 'owners': ['a b'], 'facts': []}", "invalid answer"),
        ("{'type': 'Uses', 'owners': ['x/../y'], 'facts': []}", "invalid answer"),
        ("{'type': 'Uses', 'owners': ['x'] * 3000, 'facts': []}", "invalid answer"),
    ],
)
def test_a_child_that_wants_more_before_is_ended(before: str, reason: str) -> None:
    grove = Grove(BASE, HEAD)
    shelves = shelves_of(grove)
    blob = grove.question().head["only-at-head.yaml"].blob
    body = f"child.receive()\nsend({before.replace('HEAD', repr(blob))})\ntime.sleep(60)"

    with pytest.raises(AnalysisError, match=reason):
        run(shelves, grove, body)

    assert shelves.owners == []


REFERENCE = {"kind": "git", "address": "https://github.com/example/x", "version": "refs/tags/%d"}


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        ("{'type': 'Uses', 'owners': ['evil.example.com'], 'facts': []}", "repeated a request"),
        (f"{{'type': 'FetchRequest', 'references': [{REFERENCE!r}] * 100}}", "invalid answer"),
        (
            "{'type': 'FetchRequest', 'references': [{'kind': 'ftp', 'address': 'x'}]}",
            "invalid answer",
        ),
        (
            "{'type': 'FetchRequest', 'references': [{'kind': 'git', 'address': 'x\\n'}]}",
            "more remote sources",
        ),
        (
            "{'type': 'FetchRequest', 'references': [{'kind': 'git', 'address': 'x' * 5000}]}",
            "more remote sources",
        ),
        ("{'type': 'Want', 'items': [('data', 'f' * 40)]}", "not in the two trees"),
    ],
)
def test_a_child_that_lies_once_it_has_seen_head_is_ended(after: str, reason: str) -> None:
    grove = Grove(BASE, HEAD)
    shelves = shelves_of(grove)
    body = f"child.receive()\n{USES}\nchild.receive()\nsend({after})\ntime.sleep(60)"

    with pytest.raises(AnalysisError, match=reason):
        run(shelves, grove, body)

    assert shelves.owners == [frozenset({"github.com/example"})]
    assert shelves.shelf.asked == []


def test_a_child_may_not_ask_without_end() -> None:
    grove = Grove(BASE, HEAD)
    shelves = shelves_of(grove)
    body = (
        f"child.receive()\n{USES}\nchild.receive()\n"
        "for number in range(100):\n"
        f"  wanted = dict({REFERENCE!r}, version=str(number))\n"
        "  send({'type': 'FetchRequest', 'references': [wanted]})\n"
        "  child.receive()\n"
    )

    with pytest.raises(AnalysisError, match="more remote sources"):
        run(shelves, grove, body)

    assert len(shelves.shelf.asked) == MOST_REFERENCES


def test_what_a_child_says_of_base_once_it_has_seen_head_is_told_to_none_that_has_not(
    tmp_path: Path,
) -> None:
    """Else one pull request could widen what the next may fetch, by facts that are kept."""
    grove = Grove(BASE, HEAD)
    blob = grove.question().base["apps/redis.yaml"].blob
    spoiled = application("17.0.0", repository="https://evil.example.com")["apps/redis.yaml"]
    packed = pack_manifest(read_manifest(str(spoiled).encode()))
    facts = ANSWER | {"facts": [("manifest", blob, packed)]}
    ask = f"send({{'type': 'Want', 'items': [('manifest', {blob!r})]}})\nchild.receive()\n"
    body = f"child.receive()\n{USES}\nchild.receive()\n{ask}send({facts!r})\n"
    shelves = shelves_of(grove)

    run(shelves, grove, body, tmp_path)
    run(shelves, grove, cache=tmp_path)

    assert shelves.owners == [frozenset({"github.com/example"}), OWNERS]


def test_what_was_brought_is_bounded_and_plain() -> None:
    file = File("100644", "0" * 40, 1)
    paths = ("a.yaml", "d/b.yaml", "../x", "/etc/x", "a//b", "d/./c", "")
    odd = dict.fromkeys(paths, file) | {"module": File("160000", "1" * 40, 0)}
    reference = git(METRICS, "v1.0.0")
    told: list[str] = []
    found = FetchRequests(_Given(FetchResult("fetched", odd, "d" * 40)), told.append)

    (brought,) = found.fetch([reference])

    assert brought == FetchResult("fetched", {"a.yaml": file, "d/b.yaml": file}, "d" * 40)
    assert list(found.blobs()) == ["0" * 40] * 2
    assert told == [f"Fetching {METRICS} v1.0.0"]
    assert found.fetched() == (Fetched(METRICS, "v1.0.0", "d" * 40),)


class _Given:
    """A fetcher that gives the same for everything."""

    def __init__(self, found: FetchResult) -> None:
        self.found = found

    def fetch(self, references: Sequence[SourceReference]) -> Sequence[FetchResult]:
        return [self.found for _ in references]
