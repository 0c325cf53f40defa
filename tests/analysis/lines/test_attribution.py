"""Where a field of what was rendered stands: the changed line that is seen to cause it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.analysis.examine import MemoryBlobs
from bot.analysis.lines.attribution import Attribution
from bot.analysis.lines.causes import MOST_ALONE, MOST_PUT_BACK, MOST_WHOLE
from bot.analysis.lines.locate import Locator
from bot.analysis.lines.reread_declarations import Redeclaring
from bot.analysis.lines.versions import Versions
from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.analysis.process.renders import Renders, renders_here
from bot.analysis.review import review_trees
from bot.core.engine.judge import Judged
from bot.core.engine.review import Location, RelatedPlace, Suggestion
from bot.core.finding import Finding, Fix
from bot.core.finding import Side as DiffSide
from bot.core.policy.model import Policy
from bot.core.rendering import Build, Builder, BuildResult, BuildStatus, Declared
from bot.core.resource import Resource, ResourceKey, ResourceSource
from bot.core.states import RenderedPair
from bot.core.tree import File, Tree
from bot.core.values import freeze, mapping
from bot.git import Repository
from tests.analysis.rules import every_value, find_rule
from tests.analysis.test_rendering import BINDING, ROLE, TODAY
from tests.git.repositories import commit, make_repository
from tests.tools import renderer_tools

KEY = ResourceKey("", "ConfigMap", "shop", "web")
Files = Mapping[str, str]


@dataclass(slots=True)
class Lines(Builder):
    """Builds an object whose fields are the `key: value` lines of all files, later ones winning.

    A value `$key` is that of another field. `either` is on where one of two fields is 1, so that
    none is needed for it, and `most` where two of three are, so that none alone makes it either.
    """

    texts: Mapping[str, str]
    status: BuildStatus = "rendered"
    made: list[Mapping[str, str]] = field(default_factory=list)

    def build(self, build: Build) -> BuildResult:
        self.made.append(build.edits)
        texts = {path: self.texts[blob] for path, blob in build.files.items()} | dict(build.edits)
        data: dict[str, str] = {}
        for _, text in sorted(texts.items()):
            for line in text.split("\n"):
                key, colon, value = line.partition(": ")
                if colon:
                    data[key] = value.partition(" #")[0].strip()
        data = {key: data.get(value[1:], value) for key, value in data.items()}
        if data.get("a") == "1" or data.get("b") == "1":
            data["either"] = "on"
        if [data.get(key) for key in "abc"].count("1") > 1:
            data["most"] = "on"
        return BuildResult(self.status, json.dumps({"data": data}).encode())


def read(built: BuildResult, declared: Declared | None = None, /) -> tuple[Resource, ...]:
    del declared
    body = mapping(freeze(json.loads(built.output)))
    return (Resource.of(KEY, body, ResourceSource("r/base", "", 0, root="r")),)


@dataclass
class World:
    """A root at base and at head, and what attribution says of its fields."""

    base: Files
    head: Files
    status: BuildStatus = "rendered"

    def __post_init__(self) -> None:
        texts = {**self.base, **self.head}.values(), self.base.values()
        self.blobs = {f"{text!r}": text for held in texts for text in held}
        self.builder = Lines(self.blobs, self.status)
        held = MemoryBlobs({blob: text.encode() for blob, text in self.blobs.items()})
        self.trees = (self._tree(self.base), self._tree(self.head))
        self.builds = (self._build(self.base), self._build(self.head))
        old, new = (read(Lines(self.blobs).build(build)) for build in self.builds)
        rendered = {"r": RenderedPair("r", *self.builds, read, old=old, new=new)}
        old_side, new_side = (Redeclaring(tree, held) for tree in self.trees)
        versions = Versions(*self.trees, held, rendered)
        self.attribution = Attribution(old_side, new_side, rendered, self.builder, versions)

    def place(self, name: str, side: DiffSide = "RIGHT") -> Location | None:
        """The place of a field of the object, which was built at that side."""
        builder = Lines(self.blobs)
        (made,) = read(builder.build(self.builds[side == "RIGHT"]))
        return self.attribution.place_of(made.at("data", name), side)

    def inputs(self, name: str) -> tuple[Location, ...]:
        """The changed files that a field of head may come from, where none is its place."""
        (made,) = read(Lines(self.blobs).build(self.builds[1]))
        return self.attribution.inputs_of(made.at("data", name), "RIGHT")

    def fixed(self, name: str, value: str, path: str = "r/base") -> Suggestion | None:
        """What is suggested so that a field becomes this."""
        (made,) = read(Lines(self.blobs).build(self.builds[1]))
        return self.attribution.suggestion(Fix(made.at("data", name), value), path)

    @property
    def tried(self) -> int:
        """How many builds there were beside those of base and of head."""
        return len(self.builder.made)

    def _tree(self, files: Files) -> Tree:
        return {path: File("100644", f"{text!r}", len(text)) for path, text in files.items()}

    def _build(self, files: Files) -> Build:
        return Build("kustomize", "r", {path: f"{text!r}" for path, text in files.items()})


def test_the_only_hunk_is_the_cause_without_another_build() -> None:
    world = World({"r/base": "x: 1\ny: 1\n"}, {"r/base": "x: 1\ny: 2\n"})

    assert (world.place("y"), world.tried) == (Location("r/base", 2, "RIGHT"), 0)


def test_the_hunk_that_looks_most_alike_is_not_taken_for_the_cause() -> None:
    base = {"r/base": "x: old\n", "r/values": "\n\nv: old\n", "r/z": "x: $v\n"}
    head = {"r/base": "x: new\n", "r/values": "\n\nv: new\n", "r/z": "x: $v\n"}
    world = World(base, head)

    assert (world.place("x"), world.tried) == (Location("r/values", 3, "RIGHT"), 2)


def test_a_line_that_is_gone_is_shown_at_base() -> None:
    base = "x: 1\n\nkept: 1\n\n\ny: 1\n"
    world = World({"r/base": base}, {"r/base": "x: 2\n\nkept: 1\n\n\n"})

    assert world.place("y", "LEFT") == Location("r/base", 6, "LEFT")


def test_what_either_of_two_hunks_makes_stands_at_one_that_makes_it_alone() -> None:
    base = "a: 0\n\n\n\nb: 0\n"
    world = World({"r/base": base}, {"r/base": "a: 1\n\n\n\nb: 1\n"})

    assert world.place("either") == Location("r/base", 1, "RIGHT")


def test_what_only_several_hunks_of_a_file_cause_stands_at_the_file() -> None:
    base = "a: 0\n\n\n\nb: 0\n\n\n\nc: 0\n"
    world = World({"r/base": base}, {"r/base": base.replace("0", "1")})

    assert (world.place("most"), world.inputs("most")) == (Location("r/base", None, "RIGHT"), ())


def test_what_only_several_files_cause_stands_at_what_the_root_is_with_all_that_changed() -> None:
    base = {"r/kustomization.yaml": "\n", **{f"r/{key}": f"{key}: 0\n" for key in "abc"}}
    head = {path: text.replace("0", "1") for path, text in base.items()}
    world = World(base, head)

    assert world.place("most") == Location("r/kustomization.yaml", None, "RIGHT")
    assert world.inputs("most") == tuple(Location(f"r/{key}", None, "RIGHT") for key in "abc")


def test_a_finding_names_some_of_the_changed_files_and_counts_the_others() -> None:
    names = [*"abc", *(f"x{number}" for number in range(9))]
    base = {"r/kustomization.yaml": "\n", **{f"r/{name}": f"{name}: 0\n" for name in names}}
    world = World(base, {path: text.replace("0", "1") for path, text in base.items()})
    (made,) = read(Lines(world.blobs).build(world.builds[1]))
    rule = find_rule("made-up", every_value)
    judged = Judged(rule, "default", Finding(made.at("data", "most"), "It is on"), "0123")

    found = Locator(MemoryBlobs({}), *world.trees, world.attribution).finding(judged)

    assert (found.location, found.related) == (
        Location("r/kustomization.yaml", None, "RIGHT"),
        (
            *(
                RelatedPlace(
                    Location(f"r/{name}", None, "RIGHT"),
                    "changed, and what was rendered is made of it",
                )
                for name in names[:8]
            ),
            RelatedPlace(None, "4 more changed files that it is made of"),
        ),
    )


def test_of_many_hunks_of_a_file_the_cause_is_found_by_halves() -> None:
    lines = [f"x{number}: old" for number in range(40)]
    base = "\n\n".join(["x: $x31", *lines])
    world = World({"r/base": base}, {"r/base": base.replace("old", "new")})

    assert (world.place("x"), world.tried) == (Location("r/base", 65, "RIGHT"), 13)


def test_a_file_that_the_change_takes_away_has_the_line_that_the_field_follows() -> None:
    world = World({"r/a": "x: 1\n", "r/base": "w: 1\ny: 7\n"}, {"r/a": "x: 2\n"})

    assert (world.place("y", "LEFT"), world.tried) == (Location("r/base", 2, "LEFT"), 1)


def test_a_file_that_the_change_brings_has_the_line_that_the_field_follows() -> None:
    world = World({"r/a": "x: 1\n"}, {"r/a": "x: 2\n", "r/base": "w: 1\ny: 7\n"})

    assert (world.place("y"), world.tried) == (Location("r/base", 2, "RIGHT"), 1)


def test_what_is_laid_over_a_file_that_the_change_brings_is_named() -> None:
    world = World({"r/a": "x: 1\n"}, {"r/a": "x: 1\n", "r/base": "y: 7\n", "r/patch": "y: 8\n"})

    assert world.place("y") == Location("r/patch", 1, "RIGHT")


def test_what_the_change_does_not_make_stands_where_it_is_from() -> None:
    world = World({"r/base": "x: 1\n", "r/z": "y: 1"}, {"r/base": "x: 1\n", "r/z": "y: 1\n# y"})

    assert world.place("x") == Location("r/base", None, "RIGHT")


def test_where_nothing_can_be_built_the_file_is_named() -> None:
    world = World({"r/base": "x: 1\n\nz: 1\n"}, {"r/base": "x: 2\n\nz: 2\n"}, "limit")

    assert world.place("x") == Location("r/base", None, "RIGHT")


def test_no_finding_takes_more_builds_than_it_may_and_none_twice() -> None:
    base = {f"r/{name}": "a: 0\n\n\nb: 0\n" for name in ("base", "c", "d", "e", "f")}
    world = World(base, {path: text.replace("0", "1") for path, text in base.items()})

    first = world.place("either")
    tried = world.tried

    most = MOST_PUT_BACK + MOST_ALONE + MOST_WHOLE
    assert (first, tried) == (Location("r/base", None, "RIGHT"), most)
    assert (world.place("either"), world.tried) == (first, tried)


def test_a_fix_is_suggested_for_the_line_with_the_value() -> None:
    world = World({"r/base": "x: 1\ny: a\n"}, {"r/base": "x: 1\ny:  b # why\n"})

    assert world.fixed("y", "c") == Suggestion(2, 2, "y:  c # why")


@pytest.mark.parametrize(
    ("base", "head", "path"),
    [
        pytest.param("y: a\n", "y: b\nother: $y\n", "r/base", id="another field follows it"),
        pytest.param("b: 0\ny: $b\n", "b: 1\ny: $b\n", "r/base", id="more than one field"),
        pytest.param("y: a\n", "y: b\n", "r/other", id="the finding stands elsewhere"),
        pytest.param("y: b\n", "y: b\nz: 1\n", "r/base", id="the change does not make it"),
    ],
)
def test_no_fix_is_suggested_where_it_is_not_certain(base: str, head: str, path: str) -> None:
    assert World({"r/base": base}, {"r/base": head}).fixed("y", "c", path) is None


def test_no_fix_is_suggested_in_a_file_that_several_roots_share() -> None:
    world = World({"r/base": "y: a\n"}, {"r/base": "y: b\n"})
    root = world.attribution.rendered["r"]
    world.attribution.rendered = {"r": replace(root, shared=frozenset({"r/base"}))}

    assert world.fixed("y", "c") is None


@pytest.fixture(scope="session")
def renders() -> Renders:
    return renders_here((renderer_tools(),))


def test_of_a_patch_and_a_decoy_the_patch_is_named(tmp_path: Path, renders: Renders) -> None:
    """The base's own line says the same, but the overlay's patch is what counts."""
    base = {
        "base/kustomization.yaml": "resources: [rbac.yaml]\n",
        "base/rbac.yaml": f"{ROLE}---\n{BINDING}",
        "prod/kustomization.yaml": (
            "resources: [../base]\n"
            "patches:\n"
            "  - target: {kind: ClusterRole, name: reader}\n"
            "    patch: |-\n"
            "      - op: replace\n"
            "        path: /rules/0/resources\n"
            "        value: [pods]\n"
        ),
    }
    head = {
        **base,
        "base/rbac.yaml": base["base/rbac.yaml"].replace("pods", "secrets"),
        "prod/kustomization.yaml": base["prod/kustomization.yaml"].replace("pods", "secrets"),
    }
    place = make_repository(tmp_path / "repository")
    commits = [commit(place, dict(base)), commit(place, dict(head))]
    repository = Repository(place)
    with repository.blobs() as blobs:
        old, new = (ComparedTree(repository.tree(name), blobs, name) for name in commits)
        options = AnalysisOptions(renders=renders, rules=("rbac-privilege-added",))
        review = review_trees(old, new, Policy(), TODAY, options)

    assert [held.location for held in review.findings] == [
        Location("prod/kustomization.yaml", 7, "RIGHT")
    ]


def test_a_patch_that_is_taken_away_is_named_where_it_was_listed(
    tmp_path: Path, renders: Renders
) -> None:
    """Head has neither the line that lists it nor the file: one without the other is nothing."""
    base = {
        "base/kustomization.yaml": "resources: [rbac.yaml]\n",
        "base/rbac.yaml": f"{ROLE.replace('pods', 'secrets')}---\n{BINDING}",
        "prod/kustomization.yaml": (
            "namePrefix: x-\nresources:\n- ../base\npatches:\n- path: less.yaml\n"
        ),
        "prod/less.yaml": ROLE,
    }
    head = {
        **base,
        "prod/kustomization.yaml": "namePrefix: x-\nresources:\n- ../base\n",
        "prod/less.yaml": None,
    }
    place = make_repository(tmp_path / "repository")
    commits = [commit(place, dict(base)), commit(place, dict(head))]
    repository = Repository(place)
    with repository.blobs() as blobs:
        old, new = (ComparedTree(repository.tree(name), blobs, name) for name in commits)
        options = AnalysisOptions(
            renders=renders, rules=("rbac-role-widened", "rbac-privilege-added")
        )
        review = review_trees(old, new, Policy(), TODAY, options)

    assert {held.location for held in review.findings} == {
        Location("prod/kustomization.yaml", 4, "LEFT")
    }


def test_a_chart_gets_the_fix_in_its_values(tmp_path: Path, renders: Renders) -> None:
    base = {
        "web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
        "web/values.yaml": "replicas: 2\njob:\n  api: batch/v1\n",
        "web/templates/job.yaml": (
            "apiVersion: {{ .Values.job.api }}\n"
            "kind: CronJob\n"
            "metadata: {name: web}\n"
            "spec: {schedule: hourly}\n"
        ),
    }
    head = {**base, "web/values.yaml": "replicas: 3\njob:\n  api: batch/v1beta1 # soon\n"}
    place = make_repository(tmp_path / "repository")
    commits = [commit(place, dict(base)), commit(place, dict(head))]
    repository = Repository(place)
    with repository.blobs() as blobs:
        old, new = (ComparedTree(repository.tree(name), blobs, name) for name in commits)
        options = AnalysisOptions(renders=renders, rules=("api-version-removed",))
        review = review_trees(old, new, Policy(), TODAY, options)

    assert [(held.location, held.suggestion) for held in review.findings] == [
        (
            Location("web/values.yaml", 3, "RIGHT"),
            Suggestion(3, 3, "  api: batch/v1 # soon"),
        )
    ]
