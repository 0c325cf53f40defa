"""The parent and its child process."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from bot.analysis.counters import Counters
from bot.analysis.examine import MemoryBlobs, examine_trees
from bot.analysis.process.parent import (
    MEBIBYTE,
    AnalysisOptions,
    ChildLimits,
    ComparedTree,
    analyse,
)
from bot.analysis.process.start import StartChild, fork, spawn, spawn_with
from bot.catalog import load_rules, rule_ids
from bot.core.engine.review import Analysis
from bot.core.policy.model import POLICY_PATH, Policy
from bot.core.policy.reading import parse_policy
from bot.core.tree import File
from bot.errors import AnalysisError, Overtaken
from tests.patience import PATIENCE
from tests.states import Files, Grove, Link, Submodule, resource

DEPLOYMENT = resource(
    "Deployment",
    "web",
    "spec:",
    "  template:",
    "    spec:",
    "      containers:",
    "      - name: web",
    "        image: %s/web:1",
    api="apps/v1",
)
BASE: Files = {
    "apps/web.yaml": DEPLOYMENT % "registry.example.com",
    "apps/kustomization.yaml": "resources: [web.yaml, more.yaml]\nnamespace: shop\n",
    "apps/more.yaml": resource("ConfigMap", "more"),
    "linked.yaml": Link("apps/web.yaml"),
    "library": Submodule("1" * 40),
}
HEAD: Files = {**BASE, "apps/web.yaml": DEPLOYMENT % "evil.example.com", "links": Link("..")}


def run(
    base: Files, head: Files, options: AnalysisOptions, policy: Policy | None = None
) -> Analysis:
    grove = Grove(base, head)
    asked = grove.question(policy)
    blobs = MemoryBlobs(grove.blobs)
    sides = (ComparedTree(asked.base, blobs, "base"), ComparedTree(asked.head, blobs, "head"))
    return analyse(*sides, asked.policy, options)


def launched(body: str) -> StartChild:
    """A child that runs this instead, with the parent's own modules at hand."""
    return spawn_with(
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from bot.analysis.process import child\n"
        "from tests.analysis.process.attempts import send\n"
        "import os, signal, time\n"
        f"{body}\n"
    )


def test_the_child_answers_what_the_function_gives() -> None:
    policy = parse_policy("version: 1\nimages: {approved: [registry.example.com]}\n")
    grove = Grove(BASE, HEAD)

    found = run(BASE, HEAD, AnalysisOptions(), policy)

    assert found == examine_trees(grove.question(policy), grove.content(), load_rules())
    assert {held.rule for held in found.findings} >= {"image-not-approved"}
    assert [problem.kind for problem in found.problems] == ["unreadable"]


def test_no_rule_needs_what_the_sandbox_takes_away() -> None:
    """The examples of all pages, many in a tree: a rule that opens a file in the child crashes."""
    examples = [(rule, example) for rule in load_rules() for example in rule.page.examples]
    for first in range(0, len(examples), 40):
        base: dict[str, str] = {}
        head: dict[str, str] = {}
        for rule, example in examples[first : first + 40]:
            place = f"{rule.id}-{example.line}"
            base.update({f"{place}/{path}": text for path, text in example.base.items()})
            head.update({f"{place}/{path}": text for path, text in example.head.items()})

        analysis = run(base, head, AnalysisOptions())

        assert [each for each in analysis.problems if each.kind == "rule-failed"] == []


def test_a_warm_review_reads_the_changed_contents_alone(tmp_path: Path) -> None:
    base: dict[str, str] = {
        f"d{number}/a.yaml": resource("ConfigMap", f"a{number}") for number in range(40)
    }
    base["k/kustomization.yaml"] = "resources: [../d1/a.yaml]\n"
    head = {**base, "d1/a.yaml": resource("ConfigMap", "a1", "data: {x: y}")}
    cold, warm, other = Counters(), Counters(), Counters()

    run(base, base, AnalysisOptions(cache=tmp_path, counters=cold))
    run(base, head, AnalysisOptions(cache=tmp_path, counters=warm))
    run(base, head, AnalysisOptions(cache=tmp_path, counters=other))

    assert (cold.parsed, warm.parsed, other.parsed) == (42, 1, 0)
    # Of the changed file, head's content is parsed and base's is read, as a finding may name it.
    assert (warm.cached, warm.blobs) == (42, 2)


def test_without_a_cache_nothing_is_kept_and_the_answer_is_the_same(tmp_path: Path) -> None:
    options = AnalysisOptions(cache=tmp_path / "cache")

    answers = [run(BASE, HEAD, held) for held in (AnalysisOptions(), options, options)]

    assert answers[0] == answers[1] == answers[2]
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_a_missing_and_a_huge_content_are_findings_of_their_file_and_end_nothing() -> None:
    grove = Grove({}, {"a.yaml": resource("ConfigMap", "a")})
    asked = grove.question()
    head = {
        **asked.head,
        "absent.yaml": File("100644", "f" * 40, 10),
        "huge.yaml": File("100644", "e" * 40, 100_000_000),
    }
    blobs = MemoryBlobs(grove.blobs)

    found = analyse(
        ComparedTree({}, blobs, "b"), ComparedTree(head, blobs, "h"), Policy(), AnalysisOptions()
    )

    assert found.summary.resources.added == 1


def test_the_ids_of_the_rules_are_known_without_loading_them() -> None:
    assert rule_ids() == {rule.id for rule in load_rules()}


def test_only_the_named_rules_are_asked() -> None:
    assert run(BASE, HEAD, AnalysisOptions(rules=())).findings == ()


MAIN = "child.main(int(sys.argv[2]), int(sys.argv[3]))"


@pytest.mark.parametrize(
    ("body", "limits", "reason"),
    [
        (
            f"child._answer = lambda *a: [bytes(1 << 20) for _ in range(10 ** 9)]\n{MAIN}",
            ChildLimits(memory=128 * MEBIBYTE),
            "exceeded its memory limit",
        ),
        (
            f"def spin(*a):\n  while True: pass\nchild._answer = spin\n{MAIN}",
            ChildLimits(cpu=1),
            "exceeded its limit of CPU time",
        ),
        ("time.sleep(600)", ChildLimits(wall=1), "took longer than 1 seconds"),
        (
            "os.close(0); time.sleep(600)",
            ChildLimits(wall=1),
            "took longer than|closed its pipe|died",
        ),
        ("os.kill(os.getpid(), signal.SIGKILL)", ChildLimits(), "killed by SIGKILL"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", ChildLimits(), "killed by SIGSEGV"),
        ("sys.exit(3)", ChildLimits(), "ended with status 3 and without an answer"),
        ("os.write(1, b'\\xff' * 8); time.sleep(600)", ChildLimits(), "an impossible size"),
        (
            "os.write(1, b'\\0\\0\\0\\4' + b'\\xff' * 4); time.sleep(600)",
            ChildLimits(),
            "invalid answer",
        ),
        ("send({'type': 'Nobody'}); time.sleep(600)", ChildLimits(), "invalid answer"),
        (
            "send({'type': 'Failed', 'error': 'a secret: x'}); time.sleep(600)",
            ChildLimits(),
            "invalid answer",
        ),
        ("send({'type': 'Failed', 'error': 'OddError'})", ChildLimits(), "failed with OddError"),
        (
            "send({'type': 'Want', 'items': [('data', 'f' * 40)]}); time.sleep(600)",
            ChildLimits(),
            "not in the two trees",
        ),
        ("raise SystemExit", ChildLimits(), "ended with status 0 and without an answer"),
    ],
)
def test_a_child_that_fails_is_an_error_with_its_reason(
    body: str, limits: ChildLimits, reason: str
) -> None:
    began = time.monotonic()

    with pytest.raises(AnalysisError, match=reason):
        run(BASE, HEAD, AnalysisOptions(limits=limits, start=launched(body)))

    assert time.monotonic() - began < PATIENCE


@pytest.mark.parametrize(
    "body", ["time.sleep(600)", "while True: send({'type': 'Want', 'items': []})"]
)
def test_a_child_that_nobody_waits_for_any_more_is_ended(tmp_path: Path, body: str) -> None:
    """Whether it says nothing or never stops asking."""
    noted = tmp_path / "pid"
    tell = f"open({str(noted)!r}, 'w').write(str(os.getpid()))"
    began = time.monotonic()

    def unwanted() -> bool:
        return noted.exists() and noted.read_text().isdigit()

    with pytest.raises(Overtaken):
        run(BASE, HEAD, AnalysisOptions(start=launched(f"{tell}\n{body}"), unwanted=unwanted))

    assert time.monotonic() - began < PATIENCE
    with pytest.raises(ProcessLookupError):
        os.kill(int(noted.read_text()), 0)


SUMMARY = {
    "environments": 1,
    "compared": 1,
    "resources": {"added": 0, "changed": 0, "removed": 0},
    "change": "none",
    "images": [],
    "grants": {"added": 0, "removed": 0},
}
FINDING = {
    "rule": "image-not-approved",
    "severity": "error",
    "message": "m",
    "environments": ["default"],
    "resource": None,
    "location": {"path": "apps/web.yaml", "line": 1, "side": "RIGHT"},
    "fingerprint": "abc",
}


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({}, True),
        ({"rule": "no-such-rule"}, False),
        ({"severity": "fatal"}, False),
        ({"message": "two\nlines"}, False),
        ({"message": "x" * 9000}, False),
        ({"blocks": False}, False),
        ({"location": {"path": "../etc/passwd", "line": 1, "side": "RIGHT"}}, False),
        ({"location": {"path": "apps/web.yaml", "line": 0, "side": "RIGHT"}}, False),
        ({"location": {"path": "apps/web.yaml", "line": 1, "side": "UP"}}, False),
        ({"location": None}, True),
        ({"fingerprint": "a b"}, False),
        ({"facts": {"a": [1, {"b": None}]}}, True),
        ({"facts": [1]}, False),
        ({"environments": "default"}, False),
    ],
)
def test_an_answer_is_believed_only_where_it_can_be(
    change: dict[str, object], *, accepted: bool
) -> None:
    answer = {
        "type": "AnalysisAnswer",
        "findings": [FINDING | change],
        "problems": [],
        "summary": SUMMARY,
        "facts": [("manifest", "0" * 40, b"poison")],
        "parsed": 0,
        "blobs": 0,
        "cached": 0,
        "sandbox": "",
    }
    uses = {"type": "Uses", "owners": [], "facts": []}
    body = f"child.receive()\nsend({uses!r})\nchild.receive()\nsend({answer!r})"
    options = AnalysisOptions(start=launched(body))

    if accepted:
        assert run(BASE, HEAD, options).findings[0].blocks is False
    else:
        with pytest.raises(AnalysisError, match="invalid answer"):
            run(BASE, HEAD, options)


PLACE: dict[str, Any] = {
    "key": {"group": "", "kind": "Pod", "namespace": None, "name": "a"},
    "environments": ["x"],
}
GROUP = {"change": "changed", "resources": [PLACE], "fields": [], "omitted": 0}
FIELD = {"path": "spec.a", "before": "1", "after": "2"}


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({"fields": [FIELD]}, True),
        ({"change": "moved"}, False),
        ({"resources": []}, False),
        ({"fields": [FIELD] * 1000}, False),
        ({"fields": [FIELD | {"before": "x" * 9000}]}, False),
        ({"fields": [FIELD | {"before": None, "after": None}]}, False),
        ({"resources": [PLACE | {"key": PLACE["key"] | {"name": "x" * 9000}}]}, False),
        ({"fields": "all"}, False),
    ],
)
def test_a_difference_is_believed_only_within_its_limits(
    change: dict[str, object], *, accepted: bool
) -> None:
    answer = {
        "type": "AnalysisAnswer",
        "findings": [],
        "problems": [],
        "summary": SUMMARY,
        "facts": [],
        "parsed": 0,
        "blobs": 0,
        "cached": 0,
        "sandbox": "",
        "difference": {"groups": [GROUP | change], "omitted": 0},
    }
    uses = {"type": "Uses", "owners": [], "facts": []}
    body = f"child.receive()\nsend({uses!r})\nchild.receive()\nsend({answer!r})"
    options = AnalysisOptions(start=launched(body), difference=True)

    if accepted:
        difference = run(BASE, HEAD, options).difference
        assert difference is not None
        assert difference.count("changed") == 1
    else:
        with pytest.raises(AnalysisError, match="invalid answer"):
            run(BASE, HEAD, options)


@pytest.mark.parametrize("start", [spawn, fork])
def test_the_confined_child_names_the_settings_that_a_policy_changes(start: StartChild) -> None:
    base: Files = {"a.yaml": resource("ConfigMap", "a"), POLICY_PATH: "version: 1\n"}
    head: Files = {**base, POLICY_PATH: "version: 1\nblock: never\n"}
    (finding,) = run(base, head, AnalysisOptions(start=start)).findings

    assert [table.rows for table in finding.details.tables] == [
        (("block", "error", "never", "no finding blocks"),)
    ]


@pytest.mark.parametrize("start", [spawn, fork])
def test_the_confined_child_computes_the_difference(start: StartChild) -> None:
    difference = run(BASE, HEAD, AnalysisOptions(start=start, difference=True)).difference

    assert difference is not None
    assert [change.path for group in difference.groups for change in group.fields] == [
        "spec.template.spec.containers[name=web].image"
    ]
    assert run(BASE, HEAD, AnalysisOptions(start=start)).difference is None


def test_the_sandbox_can_be_required(tmp_path: Path) -> None:
    missing = launched(
        "from bot.sandbox import SandboxState\n"
        f"child.confine = lambda: SandboxState(0, seccomp=True)\n{MAIN}"
    )

    assert run(BASE, HEAD, AnalysisOptions(start=missing, cache=tmp_path)).summary.environments == 1
    with pytest.raises(AnalysisError, match="sandbox is not complete"):
        run(BASE, HEAD, AnalysisOptions(start=missing, require_sandbox=True))


def test_what_one_repository_left_in_the_cache_is_not_believed_by_another(tmp_path: Path) -> None:
    parsed = []
    for tenant in ("one", "other", "one"):
        counters = Counters()
        run(BASE, HEAD, AnalysisOptions(cache=tmp_path, tenant=tenant, counters=counters))
        parsed.append(counters.parsed)

    assert parsed[0] == parsed[1] > parsed[2] == 0
