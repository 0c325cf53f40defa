"""The whole reasoning as one pure function."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis.examine import examine, examine_trees
from bot.core.engine.review import (
    Analysis,
    Counts,
    GrantCounts,
    ImageChange,
    Location,
    ObjectValidation,
    Problem,
    ResourceReference,
    Summary,
)
from bot.core.engine.rule import Rule
from bot.core.finding import Finding
from bot.core.policy.model import Policy, RulePolicy
from bot.core.resource import Resource
from bot.core.state import State
from tests.analysis.rules import crashing, every_value, find_rule
from tests.states import Files, Grove, resource

VALUES = find_rule("every-value", every_value)


def analysed(base: Files, head: Files, *rules: Rule, policy: Policy | None = None) -> Analysis:
    grove = Grove(base, head)
    return examine_trees(grove.question(policy), grove.content(), rules or (VALUES,))


def test_a_finding_stands_on_the_line_of_its_field() -> None:
    text = resource("ConfigMap", "a", "data:", "  one: x")

    found = analysed({"x/a.yaml": text}, {"x/a.yaml": text + "  two: y\n"})

    (finding,) = found.findings
    assert (finding.location, finding.environments, finding.message, finding.resource) == (
        Location("x/a.yaml", 6, "RIGHT"),
        ("default",),
        "ConfigMap/default/a has two",
        ResourceReference("", "ConfigMap", "default", "a"),
    )
    assert found.summary == Summary(
        1, 1, Counts(changed=1), "other", validation=ObjectValidation(1)
    )


def _each_word(subject: Resource, state: State, options: object) -> Iterator[Finding]:
    del state, options
    for node in subject.at("words").items():
        yield Finding(node, "a word")


def test_items_that_are_alike_have_lines_of_their_own() -> None:
    text = resource("ConfigMap", "a", "words:", "- x", "- x", "- x")

    found = analysed({}, {"a.yaml": text}, find_rule("each-word", _each_word))

    assert [held.location.line for held in found.findings if held.location] == [5, 6, 7]


def test_the_same_finding_of_several_environments_names_them_all() -> None:
    base: Files = {
        "o/p/kustomization.yaml": "resources: [../../base]\n",
        "o/t/kustomization.yaml": "resources: [../../base]\n",
        "base/kustomization.yaml": "resources: [a.yaml]\n",
        "base/a.yaml": resource("ConfigMap", "a"),
    }
    head: Files = {**base, "base/a.yaml": resource("ConfigMap", "a", "data: {new: x}")}

    found = analysed(base, head)

    assert [(held.environments, held.location) for held in found.findings] == [
        (("o/p", "o/t"), Location("base/a.yaml", 4, "RIGHT"))
    ]
    assert found.summary == Summary(
        2, 2, Counts(changed=1), "other", validation=ObjectValidation(1)
    )


def test_the_same_finding_in_two_files_stays_two() -> None:
    head: Files = {
        "p/a.yaml": resource("ConfigMap", "a", "data: {new: x}"),
        "t/a.yaml": resource("ConfigMap", "a", "data: {new: x}"),
    }

    assert [(held.environments, held.location) for held in analysed({}, head).findings] == [
        (("p",), Location("p/a.yaml", 4, "RIGHT")),
        (("t",), Location("t/a.yaml", 4, "RIGHT")),
    ]


def test_a_rule_that_is_off_is_not_run_and_one_that_crashes_is_a_problem_without_its_text() -> None:
    policy = Policy(rules=MappingProxyType({"every-value": RulePolicy(off=True)}))
    head: Files = {"a.yaml": resource("ConfigMap", "a", "data: {new: x}")}

    found = analysed({}, head, VALUES, find_rule("crashing", crashing), policy=policy)

    assert found.findings == ()
    (problem,) = found.problems
    message = "The rule crashing crashed (LookupError), so its findings are missing"
    assert replace(problem, id="", digest="") == Problem("rule-failed", True, None, message)
    assert problem.approvable


def test_a_problem_stands_on_the_line_of_its_field() -> None:
    text = "resources: [a.yaml]\nnamespace: x\n\nnamePrefix: y\n"

    (problem,) = analysed({}, {"k/kustomization.yaml": text, "k/a.yaml": ""}).problems

    assert problem.location == Location("k/kustomization.yaml", 4, "RIGHT")


def test_the_summary_lists_images_that_changed() -> None:
    text = resource(
        "Deployment",
        "web",
        "spec:",
        "  template: {spec: {containers: [{name: app, image: 'app:%s'}, {name: log, image: log}]}}",
        api="apps/v1",
    )

    found = analysed({"a.yaml": text % 1}, {"a.yaml": text % 2})

    deployment = ResourceReference("apps", "Deployment", "default", "web")
    assert found.summary == Summary(
        1,
        1,
        Counts(changed=1),
        "images",
        (ImageChange(deployment, "app", "app:1", "app:2"),),
        validation=ObjectValidation(1),
    )


def test_nothing_changed() -> None:
    files: Files = {"a.yaml": resource("ConfigMap", "a", "data: {x: y}")}

    assert analysed(files, files) == Analysis((), (), Summary(1, 1, Counts(), "none"))


def test_base_is_read_once_and_what_is_the_same_is_not_read_again() -> None:
    base: Files = {f"d{number}/a.yaml": resource("ConfigMap", f"a{number}") for number in range(50)}
    head: Files = {**base, "d1/a.yaml": resource("ConfigMap", "a1", "data: {x: y}")}
    grove = Grove(base, head)
    question, content = grove.question(), grove.content()

    examine_trees(question, content, (VALUES,))

    assert content.counters.parsed == 51


PATHS = st.sampled_from(["a.yaml", "b/c.yaml", "d/e/f.yml", "d/g.yaml", "h.yaml"])
NAMES = st.sampled_from(["one", "two", "three"])


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(PATHS, st.lists(NAMES, min_size=1, max_size=3)))
def test_any_tree_against_itself_gives_nothing(tree: dict[str, list[str]]) -> None:
    files = {
        path: "---\n".join(resource("ConfigMap", name, "data: {x: y}") for name in names).encode()
        for path, names in tree.items()
    }

    found = examine(files, files, Policy(), (VALUES,))

    assert (found.findings, found.problems, found.summary.change) == ((), (), "none")


@settings(max_examples=60, deadline=None)
@given(st.lists(NAMES, unique=True, min_size=1), st.permutations(range(3)))
def test_renaming_files_changes_no_resource(names: list[str], order: list[int]) -> None:
    texts = [resource("ConfigMap", name, "data: {x: y}").encode() for name in names]
    base = {f"old/{number}.yaml": text for number, text in enumerate(texts)}
    head = {f"new/{order[number]}.yaml": text for number, text in enumerate(texts)}

    found = examine(base, head, Policy(), (VALUES,))

    assert (found.findings, found.problems, found.summary.resources) == ((), (), Counts())


def test_the_summary_counts_grants_once_for_environments_with_the_same_change() -> None:
    role = resource(
        "ClusterRole",
        "reader",
        "rules: [{apiGroups: [''], resources: [pods], verbs: [%s]}]",
        api="rbac.authorization.k8s.io/v1",
    )
    binding = resource(
        "ClusterRoleBinding",
        "reader",
        "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}",
        "subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]",
        api="rbac.authorization.k8s.io/v1",
    )
    base: Files = {
        f"{name}/{kind}.yaml": text
        for name in ("p", "t")
        for kind, text in (("role", role % "get, list"), ("binding", binding))
    }
    head: Files = {
        path: text if "binding" in path else role % "get, watch, patch"
        for path, text in base.items()
    }

    assert analysed(base, head).summary.grants == GrantCounts(added=2, removed=1)


def test_more_than_an_image_is_not_only_images() -> None:
    text = resource("Pod", "web", "spec: {hostNetwork: %s, containers: [{image: 'app:%s'}]}")

    assert (
        analysed({"a.yaml": text % ("false", 1)}, {"a.yaml": text % ("true", 2)}).summary.change
        == "other"
    )
    assert (
        analysed({"a.yaml": text % ("true", 1)}, {"a.yaml": text % ("true", 2)}).summary.change
        == "images"
    )
