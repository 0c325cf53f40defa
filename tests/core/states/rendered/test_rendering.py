"""What is rendered, in which order, and what is said of what is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.core.policy.model import EnvironmentPolicy, Policy, RenderPolicy
from bot.core.reading import line_of
from bot.core.rendering import Build, Builder, BuildResult
from bot.core.state import changes
from bot.core.states import States, states_of
from bot.core.states.rendered.rendering import MOST_ROOTS
from tests.states import Files, Grove, Link, Submodule, resource

Answer = Callable[[Build], BuildResult]


class StandIn(Builder):
    """A builder that answers what a test says, and remembers what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[Build] = []

    def build(self, build: Build) -> BuildResult:
        self.asked.append(build)
        return self.answer(build)


def always(built: BuildResult) -> Answer:
    """A builder's answer to whatever it is asked."""

    def answer(build: Build) -> BuildResult:
        del build
        return built

    return answer


def rendered(*documents: str) -> BuildResult:
    return BuildResult("rendered", "---\n".join(documents).encode(), "kustomize 5.8.1")


def origin(path: str) -> str:
    return f'annotations: {{config.kubernetes.io/origin: "path: ../tree/{path}\\n"}}'


def object_from(path: str, name: str, *more: str) -> str:
    lines = (
        "apiVersion: v1",
        "kind: ConfigMap",
        f"metadata: {{name: {name}, {origin(path)}}}",
        *more,
    )
    return "\n".join(lines) + "\n"


def states(
    base: Files, head: Files, answer: Answer, policy: Policy | None = None
) -> tuple[States, list[Build]]:
    grove = Grove(base, head)
    asked = grove.question(policy)
    builder = StandIn(answer)
    found = states_of(asked.base, asked.head, grove.content(), asked.policy, builder=builder)
    return found, builder.asked


def overlay(name: str, text: str = "") -> Files:
    return {
        f"{name}/kustomization.yaml": f"resources: [x.yaml]\nnamePrefix: {name}-\n{text}",
        f"{name}/x.yaml": resource("ConfigMap", "x"),
    }


APP = overlay("app")
CHANGED: Files = {**APP, "app/x.yaml": resource("ConfigMap", "x", "data: {a: b}")}


def by_content(old: BuildResult, new: BuildResult) -> Answer:
    """One answer for the overlay as it was, another for the changed one."""
    blob = Grove(APP, APP).question().base["app/x.yaml"].blob
    return lambda build: old if build.files["app/x.yaml"] == blob else new


GOOD = rendered(object_from("app/x.yaml", "app-x"))
FAILED = BuildResult("failed", tool="kustomize 5.8.1", message="no such field")
OTHER = BuildResult("failed", tool="kustomize 5.8.1", message="another reason")
LIMIT = BuildResult("limit", message="it took longer than 30 seconds")
UNAVAILABLE = BuildResult("unavailable", message="the sandbox is not complete on this machine")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (GOOD, GOOD, []),
        (GOOD, FAILED, [(True, "RIGHT")]),
        (FAILED, FAILED, [(False, "RIGHT")]),
        (FAILED, OTHER, [(True, "RIGHT")]),
        (FAILED, GOOD, [(False, "LEFT")]),
        (GOOD, LIMIT, [(True, "RIGHT")]),
        (LIMIT, LIMIT, [(True, "RIGHT")]),
        (LIMIT, GOOD, [(True, "LEFT")]),
        (UNAVAILABLE, UNAVAILABLE, [(True, "RIGHT")]),
        (GOOD, rendered("a: [b\n"), [(True, "RIGHT")]),
    ],
)
def test_what_is_new_is_what_head_hides_and_what_is_missing_here(
    old: BuildResult, new: BuildResult, expected: list[tuple[bool, str]]
) -> None:
    found, asked = states(APP, CHANGED, by_content(old, new))

    assert [(it.new, it.side) for it in found.troubles] == expected
    assert len(asked) == 2
    assert found.affected == {("app", "kustomization", ""): not expected}


def test_a_renderers_words_are_shown_without_what_they_quote() -> None:
    said = BuildResult(
        "failed", message="bad patch [apiVersion: v1 kind: Secret data: {token: aGVsbG8=}]"
    )

    ((trouble),) = states(APP, CHANGED, by_content(GOOD, said))[0].troubles

    assert trouble.message == (
        "The kustomization app is not rendered: bad patch […]; compare the output of "
        "'kustomize build app' for base and head by hand"
    )


def test_an_unaffected_root_is_not_rendered_and_leaves_its_namespaces_open() -> None:
    base: Files = {**APP, "plain/y.yaml": resource("ConfigMap", "y")}
    head: Files = {**base, "plain/y.yaml": resource("ConfigMap", "y", "data: {a: b}")}

    found, asked = states(base, head, always(GOOD))

    (pair,) = found.pairs
    assert (asked, found.troubles, pair.after.closed) == ([], (), frozenset())


def test_a_rendered_resource_says_its_file_and_root_and_no_origin() -> None:
    found, _ = states({}, APP, always(GOOD))

    (pair,) = found.pairs
    (held,) = pair.after.resources
    blob = Grove(APP, APP).question().base["app/x.yaml"].blob
    assert (str(held.key), held.source.path, held.source.blob, held.source.root) == (
        "ConfigMap/default/app-x",
        "app/x.yaml",
        blob,
        "kustomization:app",
    )
    assert held.encoded == b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"app-x"}}'
    (built,) = found.rendered.values()
    assert (built.name, built.before) == ("kustomization:app", None)
    assert built.after is not None
    assert sorted(built.after.files) == ["app/kustomization.yaml", "app/x.yaml"]


def test_the_hash_in_a_generated_name_is_no_part_of_it() -> None:
    generated = (
        'annotations: {config.kubernetes.io/origin: "configuredIn: '
        '../tree/app/kustomization.yaml\nconfiguredBy:\n  kind: ConfigMapGenerator\n"}'
    )
    document = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, %s}\n"
    user = object_from("app/x.yaml", "user-6ct58987ht", "data: {from: made-6ct58987ht}")

    found, _ = states({}, APP, always(rendered(document % ("made-6ct58987ht", generated), user)))

    (pair,) = found.pairs
    assert sorted(held.name for held in pair.after.resources) == ["made", "user-6ct58987ht"]
    (held,) = (it for it in pair.after.resources if it.name != "made")
    assert held.at("data", "from").text == "made"


def test_what_a_failed_base_held_is_taken_from_head_where_only_manifests_changed() -> None:
    base: Files = {**APP, "app/z.yaml": resource("ConfigMap", "z"), **overlay("app", "")}
    base = {
        **base,
        "app/kustomization.yaml": "resources: [x.yaml, z.yaml]\nnamePrefix: a-\n",
    }
    head: Files = {**base, "app/x.yaml": resource("ConfigMap", "x", "data: {a: b}")}
    both = rendered(
        object_from("app/x.yaml", "a-x", "data: {a: b}"), object_from("app/z.yaml", "a-z")
    )

    found, _ = states(base, head, by_content(FAILED, both))

    (pair,) = found.pairs
    assert [held.name for held in pair.before.resources] == ["a-z"]
    assert sorted(held.name for held in pair.after.resources) == ["a-x", "a-z"]
    assert [(it.new, it.side) for it in found.troubles] == [(False, "LEFT")]


def test_what_a_failed_base_held_is_not_known_where_a_kustomization_changed() -> None:
    head: Files = {**APP, "app/kustomization.yaml": "resources: [x.yaml]\nnamePrefix: b-\n"}
    blob = Grove(APP, head).question().base["app/kustomization.yaml"].blob
    answer: Answer = lambda build: (  # noqa: E731 - one expression of the case
        FAILED if build.files["app/kustomization.yaml"] == blob else GOOD
    )

    found, _ = states(APP, head, answer)

    (pair,) = found.pairs
    assert (len(pair.before.resources), len(pair.after.resources)) == (0, 1)


def test_the_nearest_changed_roots_are_rendered_first_and_those_left_over_are_named() -> None:
    base: dict[str, str | Link | Submodule] = {
        "shared/kustomization.yaml": "resources: [s.yaml]\n",
        "shared/s.yaml": resource("ConfigMap", "s"),
    }
    for number in range(MOST_ROOTS + 3):
        name = f"over/o{number:03}"
        base[f"{name}/kustomization.yaml"] = "resources: [../../shared]\nnamePrefix: a-\n"
    last = f"over/o{MOST_ROOTS + 2:03}"
    head = {
        **base,
        "shared/s.yaml": resource("ConfigMap", "s", "data: {a: b}"),
        f"{last}/kustomization.yaml": "resources: [../../shared]\nnamePrefix: b-\n",
    }

    found, asked = states(base, head, always(GOOD))

    assert asked[0].root == asked[1].root == last
    assert len({build.root for build in asked}) == MOST_ROOTS
    (trouble,) = found.troubles
    assert (trouble.new, trouble.path, trouble.message) == (
        True,
        f"over/o{MOST_ROOTS - 1:03}/kustomization.yaml",
        (
            f"The kustomization over/o{MOST_ROOTS - 1:03}, like 2 more (over/o{MOST_ROOTS:03},"
            f" over/o{MOST_ROOTS + 1:03}), is not rendered: the change affects more than"
            f" {MOST_ROOTS} roots, the limit of one review; compare their output for base and head"
            " by hand"
        ),
    )


def test_two_roots_of_the_same_files_are_two_builds_and_one_file_for_both_is_one() -> None:
    base: Files = {**APP, "app/unused.txt": "x"}

    _, asked = states(base, {**base, "app/unused.txt": "y"}, always(GOOD))
    _, again = states(APP, CHANGED, always(GOOD))

    assert (asked, len(again)) == ([], 2)


FUNCTION = """generators:
- |
  apiVersion: builtin
  kind: G
  metadata:
    name: g
    annotations: {config.kubernetes.io/function: x}
"""
REFUSED: list[tuple[str, Files, str, int]] = [
    ("namePrefix: a\n\npatches: [{path: /etc/passwd}]", {}, "absolute", 3),
    ("namePrefix: a\npatches:\n- path: ../../../x.yaml", {}, "outside this repository", 3),
    ("configMapGenerator:\n- name: a\n  envs: [https://x.example/e]", {}, "outside this", 3),
    ("resources:\n- file:///home/other//clone", {}, "outside this repository", 2),
    ("resources: ['https://x.example/a.yaml']", {"app/https:/x.example/a.yaml": "x"}, "outside", 1),
    ("openapi: {path: schema.json}", {}, "no file here", 1),
    ("crds: [lib/c.yaml]", {"app/lib": Submodule("1" * 40)}, "in a submodule", 1),
    ("patches: [{path: p.yaml}]", {"app/p.yaml": Link("/etc/passwd")}, "symlink out of", 1),
    ("patches: [{path: p.yaml}]", {"app/p.yaml": Link("../../x")}, "symlink out of", 1),
    ("patches: [{path: p.yaml}]", {"app/p.yaml": Link("p.yaml")}, "too many symlinks", 1),
    (
        "resources: [../l]",
        {
            "l": Link("deep/er"),
            "deep/er/kustomization.yaml": "resources: [../y.yaml]\n",
            "deep/y.yaml": resource("ConfigMap", "y"),
        },
        "takes in what lies outside its own directory",
        1,
    ),
    ("transformers: [t.yaml]", {"app/t.yaml": resource("T", "t", api="x/v1")}, "a plugin that", 1),
    (
        FUNCTION,
        {},
        "runs a function",
        2,
    ),
    (
        "generators: [g.yaml]",
        {"app/g.yaml": resource("HelmChartInflationGenerator", "h", api="builtin")},
        "inflates a Helm chart",
        1,
    ),
    ("helmCharts: [{name: x}]", {}, "--enable-helm", 1),
    (
        "patches: [{path: p.yaml}]",
        {"app/p.yaml": "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n"},
        "app/p.yaml is a Git LFS pointer",
        1,
    ),
]


@pytest.mark.parametrize(("text", "more", "said", "line"), REFUSED)
def test_what_leaves_the_tree_or_would_run_something_is_refused_where_it_is_asked_for(
    text: str, more: Files, said: str, line: int
) -> None:
    head: Files = {"app/kustomization.yaml": f"{text}\n", **more}

    found, asked = states({}, head, always(GOOD))

    assert asked == []
    troubles = [it for it in found.troubles if it.kind == "unrendered"]
    assert [(it.new, it.path) for it in troubles] == [(True, "app/kustomization.yaml")]
    assert said in troubles[0].message
    source = troubles[0].source
    assert source is not None
    assert line_of(f"{text}\n".encode(), source, troubles[0].route) == line


def test_the_policy_names_roots_and_takes_some_out() -> None:
    base: Files = {
        **overlay("base"),
        "top/kustomization.yaml": "resources: [../base]\nnameSuffix: -t\n",
        "library/Chart.yaml": "name: library\n",
    }
    head: Files = {
        **base,
        "base/x.yaml": resource("ConfigMap", "x", "data: {a: b}"),
        "library/values.yaml": "a: b\n",
    }
    policy = Policy(render=RenderPolicy(("base",), ("library",)))

    _, inferred = states(base, head, always(GOOD))
    _, named = states(base, head, always(GOOD), policy)

    assert sorted({build.root for build in inferred}) == ["library", "top"]
    assert sorted({build.root for build in named}) == ["base", "top"]


def test_a_root_stays_one_when_a_change_lists_it_from_elsewhere() -> None:
    head: Files = {
        **CHANGED,
        "dummy/kustomization.yaml": "resources: [../app]\npatches: [{patch: '$patch: delete'}]\n",
    }

    _, asked = states(APP, head, always(GOOD))

    assert sorted({build.root for build in asked}) == ["app", "dummy"]


def test_a_chart_with_several_sets_of_values_is_never_joined_by_the_policy() -> None:
    chart: Files = {
        "web/Chart.yaml": "name: web\n",
        "web/values-prod.yaml": "a: b\n",
        "web/values-test.yaml": "a: b\n",
    }
    policy = Policy(
        environments=(
            EnvironmentPolicy("all", ("web",)),
            EnvironmentPolicy("prod", ("web/values-prod.yaml",), "1.31", "shop"),
        )
    )

    found, asked = states({}, chart, always(GOOD), policy)

    assert found.environments == ("all", "prod", "web/values-test.yaml", "web/values.yaml")
    assert [
        (build.release.values_files, build.release.namespace)
        for build in asked
        if build.release and not build.release.upgrade
    ] == [
        ((), "default"),
        (("web/values-prod.yaml",), "shop"),
        (("web/values-test.yaml",), "default"),
    ]


def test_what_is_listed_no_more_is_not_new() -> None:
    base: Files = {
        "top/kustomization.yaml": "resources: [../base, ../lib/a.yaml]\nnameSuffix: -t\n",
        "base/kustomization.yaml": "resources: [x.yaml]\n",
        "base/x.yaml": resource("ConfigMap", "x"),
        "lib/a.yaml": resource("ConfigMap", "a"),
        "lib/b.yaml": resource("ConfigMap", "b"),
    }
    head: Files = {**base, "top/kustomization.yaml": "resources: []\nnameSuffix: -t\n"}

    found, _ = states(base, head, always(rendered()))

    changed = [change.key for pair in found.pairs for change in changes(pair.before, pair.after)]
    assert changed == []


def test_a_directory_that_is_partly_taken_is_the_same_on_both_sides() -> None:
    base: Files = {
        **overlay("app"),
        "app/kustomization.yaml": "patches: [{path: ../lib/p.yaml}]\nresources: [x.yaml]\n",
        "lib/p.yaml": resource("ConfigMap", "x", "data: {a: b}"),
        "lib/own.yaml": resource("ConfigMap", "own"),
    }
    head: Files = {**base, "lib/own.yaml": resource("ConfigMap", "own", "data: {a: b}")}

    found, _ = states(base, head, always(GOOD))

    changed = [str(it.key) for pair in found.pairs for it in changes(pair.before, pair.after)]
    assert changed == ["ConfigMap/default/own"]
