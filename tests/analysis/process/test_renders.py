"""The builds that a child asks for: checked, bounded, and kept for the next review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Barrier, Event
from types import MappingProxyType

import pytest

from bot.analysis.examine import MemoryBlobs
from bot.analysis.process.cache import FactCache
from bot.analysis.process.parent import AnalysisOptions, ComparedTree, analyse
from bot.analysis.process.renders import RENDERS, RenderRequests, Renders
from bot.core.engine.review import Analysis, RenderedRoots
from bot.core.policy.model import Policy
from bot.core.rendering import Build, Builder, BuildResult, Release, Renderer
from bot.core.tree import Blobs
from bot.errors import AnalysisError
from bot.render.programs import Binary
from tests.states import Files, Grove, resource

BLOB = "a" * 40
BUILD = Build("kustomize", "app", {"app/kustomization.yaml": BLOB})
RELEASE = Release("web", "shop")
CHART = Build("helm", "web", {"web/Chart.yaml": BLOB}, release=RELEASE)


@dataclass(slots=True)
class Answers(Builder):
    """A builder that answers by the root's directory, and remembers what it was asked."""

    answers: Mapping[str, BuildResult]
    asked: list[str] = field(default_factory=list)

    def build(self, build: Build) -> BuildResult:
        self.asked.append(build.root)
        return self.answers[build.root]


@dataclass(frozen=True, slots=True)
class StandIn(Renders):
    """Rendering by a stand-in."""

    held: Answers = field(default_factory=lambda: Answers({}))

    def builder(self, blobs: Blobs) -> Builder:
        del blobs
        return self.held


def orders(renders: Renders, directory: Path | None = None, tenant: str = "") -> RenderRequests:
    kept = FactCache(directory, name="renders", version=RENDERS)
    return RenderRequests(renders, MemoryBlobs({}), frozenset({BLOB}), kept, tenant)


RENDERED = BuildResult("rendered", b"a: b\n", "kustomize 5.8.1")


def built(held: RenderRequests, *builds: Build) -> list[BuildResult]:
    """What comes of these builds."""
    return [answer for answer, _ in held.all_built(builds)]


@pytest.mark.parametrize(
    "wrong",
    [
        replace(BUILD, files={"app/kustomization.yaml": "b" * 40}),
        replace(BUILD, files={"../x": BLOB}),
        replace(BUILD, files={"/etc/x": BLOB}),
        replace(BUILD, root="../.."),
        replace(BUILD, root="/"),
        replace(BUILD, edits={"a//b": "x"}),
        replace(BUILD, edits={"a": "x" * 9_000_000}),
        replace(BUILD, files={f"f{number}": BLOB for number in range(20_001)}),
        replace(BUILD, release=RELEASE),
        replace(CHART, release=None),
        replace(CHART, release=replace(RELEASE, name="--post-renderer")),
        replace(CHART, release=replace(RELEASE, name="")),
        replace(CHART, release=replace(RELEASE, namespace="-x")),
        replace(CHART, release=replace(RELEASE, kubernetes="1.34 --debug")),
        replace(CHART, release=replace(RELEASE, api_versions=("--x",))),
        replace(CHART, release=replace(RELEASE, values_files=("/etc/passwd",))),
    ],
)
def test_what_no_honest_child_asks_for_is_not_built(wrong: Build) -> None:
    held = Answers({})

    with pytest.raises(AnalysisError, match="requested an impossible build"):
        built(orders(StandIn(held=held)), wrong)

    assert held.asked == []


def test_a_review_has_so_many_builds_and_so_much_time() -> None:
    held = Answers({"app": RENDERED, "b": RENDERED})
    counted = orders(StandIn(builds=1, held=held))
    timed = orders(StandIn(seconds=0, held=held))

    answers = [*built(counted, BUILD, replace(BUILD, root="b")), *built(timed, BUILD)]

    assert [it.status for it in answers] == ["rendered", "limit", "limit"]
    assert held.asked == ["app"]


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        (RENDERED, 1),
        (BuildResult("failed", tool="kustomize 5.8.1", message="no"), 1),
        (BuildResult("refused", message="no"), 1),
        (BuildResult("limit", message="too long"), 2),
        (BuildResult("unavailable", message="none"), 2),
    ],
)
def test_what_is_the_same_each_time_is_kept(
    answer: BuildResult, times: int, tmp_path: Path
) -> None:
    held = Answers({"app": answer})
    renders = StandIn(held=held)

    answers = [built(orders(renders, tmp_path), BUILD) for _ in range(2)]

    assert (answers, len(held.asked)) == ([[answer], [answer]], times)


def test_what_is_kept_is_of_one_tenant_one_build_and_one_program(tmp_path: Path) -> None:
    held = Answers({"app": RENDERED})
    renders = StandIn(held=held)

    for tenant, build in (
        ("one", BUILD),
        ("two", BUILD),
        ("one", replace(BUILD, edits={"app/kustomization.yaml": "namePrefix: x"})),
        ("one", replace(BUILD, files=MappingProxyType({**BUILD.files}))),
    ):
        built(orders(renders, tmp_path, tenant), build)

    assert len(held.asked) == 3


class Meeting(Builder):
    """A builder that is only done with a build once two are under way, the first one last."""

    def __init__(self) -> None:
        self.both = Barrier(2)
        self.second = Event()

    def build(self, build: Build) -> BuildResult:
        self.both.wait(30)
        if build.root == "b":
            self.second.set()
        else:
            self.second.wait(30)
        return BuildResult("rendered", build.root.encode())


@dataclass(frozen=True, slots=True)
class Met(Renders):
    """Rendering by two that wait for each other."""

    held: Meeting = field(default_factory=Meeting)

    def builder(self, blobs: Blobs) -> Builder:
        del blobs
        return self.held


def test_two_are_built_at_a_time_and_answered_in_their_order() -> None:
    answers = built(orders(Met()), replace(BUILD, root="a"), replace(BUILD, root="b"))

    assert [it.output for it in answers] == [b"a", b"b"]


def test_the_second_answer_to_a_question_is_kept_as_that(tmp_path: Path) -> None:
    held = Answers({"app": RENDERED})

    for _ in range(2):
        built(orders(StandIn(held=held), tmp_path), BUILD, replace(BUILD, again=True))

    assert held.asked == ["app", "app"]


OVERLAY: Files = {
    "app/kustomization.yaml": "resources: [x.yaml]\nnamePrefix: a-\n",
    "app/x.yaml": resource("ConfigMap", "x"),
}


def analysed(head: Files, renders: Renders, cache: Path | None = None) -> Analysis:
    grove = Grove(OVERLAY, head)
    asked = grove.question()
    blobs = MemoryBlobs(grove.blobs)
    sides = (ComparedTree(asked.base, blobs, "base"), ComparedTree(asked.head, blobs, "head"))
    options = AnalysisOptions(renders=renders, rules=("image-tag-mutable",), cache=cache)
    return analyse(*sides, Policy(), options)


def test_the_child_has_its_parent_build(tmp_path: Path) -> None:
    pod = resource("Pod", "p", "spec: {containers: [{name: c, image: nginx}]}")
    output = pod.replace(
        "{name: p}",
        '{name: a-p, annotations: {config.kubernetes.io/origin: "path: ../tree/app/x.yaml\\n"}}',
    )
    held = Answers({"app": BuildResult("rendered", output.encode(), "kustomize 9.9.9")})
    old = Answers({"app": BuildResult("rendered", b"", "kustomize 9.9.9")})
    head = {**OVERLAY, "app/x.yaml": pod}

    first = analysed(head, StandIn(held=held), tmp_path)
    again = analysed(head, StandIn(held=old), tmp_path)

    assert first == again
    assert (held.asked, old.asked) == (["app", "app"], [])
    assert first.problems == ()
    assert first.summary.rendered == RenderedRoots(1, 1, ("kustomize 9.9.9",), StandIn().sandbox)


def test_only_the_program_that_is_needed_is_looked_for() -> None:
    asked: list[str] = []

    def find(name: Renderer) -> Binary | None:
        asked.append(name)
        return None

    (answer,) = built(orders(Renders(find)), BUILD)

    assert (answer.status, set(asked)) == ("unavailable", {"kustomize"})
