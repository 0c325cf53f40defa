"""The work of a review, counted: it follows the change, and not the repository."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.analysis.counters import Counters
from bot.analysis.examine import MemoryBlobs, examine
from bot.analysis.process.parent import AnalysisOptions, ComparedTree, analyse
from bot.catalog import load_rules
from bot.core.engine.rule import Rule
from bot.core.finding import Finding
from bot.core.policy.model import Policy
from bot.core.resource import Resource
from bot.core.state import State
from tests.bench.repositories import EDITS, small_files
from tests.states import Grove

Sides = tuple[dict[str, str], dict[str, str]]


@pytest.fixture(scope="module", params=[(1_000, 5_000)])
def repositories(request: pytest.FixtureRequest) -> list[Sides]:
    """Two repositories, one five times the other; the same four files of each are changed."""
    return [_changed(manifests) for manifests in request.param]


def _changed(manifests: int) -> Sides:
    base = dict(small_files(manifests, random.Random(1)))  # noqa: S311 - the same each time
    head = dict(base)
    for kind, old, new in EDITS:
        path = f"clusters/production/team-3/app-31/{kind}.yaml"
        head[path] = base[path].replace(old, new)
    return base, head


def test_a_warm_review_reads_what_changed(repositories: list[Sides], tmp_path: Path) -> None:
    costs = [_counted(*sides, tmp_path) for sides in repositories]

    assert [(cost.parsed, cost.blobs) for cost in costs] == [(4, 8), (4, 8)]


_FLUX = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: {name}, namespace: flux-system}}
spec:
  path: ./apps
  targetNamespace: {name}
  sourceRef: {{kind: GitRepository, name: flux-system}}
"""


def test_a_text_that_several_declarations_need_is_read_once(tmp_path: Path) -> None:
    base = {f"clusters/{name}.yaml": _FLUX.format(name=name) for name in ("a", "b", "c")}
    base["apps/kustomization.yaml"] = "resources: [web.yaml]\n"
    base["apps/web.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"
    head = base | {"apps/web.yaml": base["apps/web.yaml"] + "data: {a: b}\n"}

    cost = _counted(base, head, tmp_path)

    # Both sides of the changed file, as facts and as text, and what the builds read.
    assert (cost.parsed, cost.blobs) == (1, 6)


def _counted(base: dict[str, str], head: dict[str, str], cache: Path) -> Counters:
    grove, counters = Grove(base, head), Counters()
    question, blobs = grove.question(), MemoryBlobs(grove.blobs)
    before = ComparedTree(question.base, blobs, "base")
    after = ComparedTree(question.head, blobs, "head")
    options = AnalysisOptions(cache=cache, tenant=str(len(base)), rules=())
    analyse(before, before, Policy(), options)
    analyse(before, after, Policy(), replace(options, counters=counters))
    return counters


def test_rules_are_asked_about_what_the_change_reaches(repositories: list[Sides]) -> None:
    first, second = (_asked(*sides) for sides in repositories)

    assert (first == second, first.total() > 50) == (True, True)


def _asked(base: dict[str, str], head: dict[str, str]) -> Counter[str]:
    """How often each rule is asked about a subject, or about the change as a whole."""
    asked: Counter[str] = Counter()
    rules = [_counting(rule, asked) for rule in load_rules()]
    examine(_encoded(base), _encoded(head), Policy(), rules)
    return asked


def _encoded(files: dict[str, str]) -> dict[str, bytes]:
    return {path: text.encode() for path, text in files.items()}


def _counting(rule: Rule, asked: Counter[str]) -> Rule:
    find, compare = rule.find, rule.compare

    def found(subject: Resource, state: State, options: Any) -> Iterator[Finding]:
        asked[rule.id] += 1
        return find(subject, state, options) if find is not None else iter(())

    def compared(before: State, after: State, options: Any) -> Iterator[Finding]:
        asked[rule.id] += 1
        return compare(before, after, options) if compare is not None else iter(())

    return replace(
        rule,
        find=found if find is not None else None,
        compare=compared if compare is not None else None,
    )
