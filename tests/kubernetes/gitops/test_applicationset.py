"""The Applications that an ApplicationSet makes, as far as a repository says."""

from __future__ import annotations

import pytest

from bot.core.rendering import Declared
from bot.core.values import Body
from bot.kubernetes.gitops import holds_unknown
from bot.kubernetes.gitops.templates import Parameters, fill
from tests.kubernetes.gitops.declaring import KUSTOMIZATION, REPOSITORY, application_set, declared

CLUSTERS = ("prod", "stage")
TREE = {f"apps/{app}/{env}/kustomization.yaml": KUSTOMIZATION for app in "ab" for env in CLUSTERS}
GIT = f"repoURL: '{REPOSITORY}', revision: HEAD"


def template(path: str, name: str) -> str:
    return (
        f"{{source: {{repoURL: '{REPOSITORY}', path: '{path}'}}, destination: {{name: '{name}'}}}}"
    )


def roots(
    generators: str, path: str, name: str, *, go: bool = False, files: dict[str, str] | None = None
) -> list[tuple[str, str]]:
    text = application_set(generators, template(path, name), go=go)
    found = declared({"set.yaml": text, **TREE, **(files or {})})
    assert all(held.hindrances == () for held in found)
    return sorted((held.path, held.cluster) for held in found)


def test_a_list_makes_one_application_for_each_element() -> None:
    generators = (
        "[{list: {elements: [{env: prod, values: {app: a}}, {env: stage, values: {app: b}}]}}]"
    )

    assert roots(generators, "apps/{{values.app}}/{{ env }}", "{{env}}") == [
        ("apps/a/prod", "prod"),
        ("apps/b/stage", "stage"),
    ]


def test_a_list_may_be_a_text() -> None:
    generators = "[{list: {elements: [], elementsYaml: '[{env: prod}]'}}]"

    assert roots(generators, "apps/a/{{.env}}", "{{.env}}", go=True) == [("apps/a/prod", "prod")]


def test_directories_of_the_repository_make_one_each() -> None:
    generators = (
        f"[{{git: {{{GIT}, values: {{c: 'c-{{{{path[2]}}}}'}}, directories: "
        "[{path: apps/*/*}, {path: apps/b/*, exclude: true}]}}]"
    )

    assert roots(generators, "{{path}}", "{{values.c}}") == [
        ("apps/a/prod", "c-prod"),
        ("apps/a/stage", "c-stage"),
    ]


def test_directories_in_go_templates() -> None:
    generators = f"[{{git: {{{GIT}, directories: [{{path: apps/*/prod}}], pathParamPrefix: x}}}}]"
    path, name = "{{ .x.path.path }}", "{{index .x.path.segments 1}}-{{.x.path.basename}}"

    assert roots(generators, path, name, go=True) == [
        ("apps/a/prod", "a-prod"),
        ("apps/b/prod", "b-prod"),
    ]


def test_files_of_the_repository_make_one_for_each_object_in_them() -> None:
    generators = f"[{{git: {{{GIT}, files: [{{path: '**/config.json'}}]}}}}]"
    config = '[{"cluster": {"name": "eu"}, "app": "a"}, {"cluster": {"name": "us"}, "app": "b"}]'
    path, name = "apps/{{app}}/{{path.basename}}", "{{cluster.name}}"

    assert roots(generators, path, name, files={"envs/prod/config.json": config}) == [
        ("apps/a/prod", "eu"),
        ("apps/b/prod", "us"),
    ]


def test_a_matrix_takes_every_pair_and_fills_the_second_from_the_first() -> None:
    generators = (
        "[{matrix: {generators: [{list: {elements: [{env: prod}, {env: stage}]}},"
        f" {{git: {{{GIT}, directories: [{{path: 'apps/*/{{{{env}}}}'}}]}}}}]}}}}]"
    )

    assert roots(generators, "{{path}}", "{{env}}") == [
        ("apps/a/prod", "prod"),
        ("apps/a/stage", "stage"),
        ("apps/b/prod", "prod"),
        ("apps/b/stage", "stage"),
    ]


def test_a_merge_lays_sets_with_the_same_keys_over_one_another() -> None:
    generators = (
        "[{merge: {mergeKeys: [env], generators: ["
        "{list: {elements: [{env: prod, app: a}, {env: stage, app: a}]}},"
        "{list: {elements: [{env: stage, app: b}, {env: none, app: b}]}}]}}]"
    )

    assert roots(generators, "apps/{{app}}/{{env}}", "{{env}}") == [
        ("apps/a/prod", "prod"),
        ("apps/b/stage", "stage"),
    ]


def test_a_merge_over_clusters_takes_what_each_set_may_say() -> None:
    generators = (
        "[{merge: {mergeKeys: [nameNormalized], generators: ["
        "{clusters: {values: {env: stage, dir: ''}}},"
        "{list: {elements: [{nameNormalized: x, values.dir: in}]}}]}}]"
    )
    deeper = {"apps/a/stage/in/kustomization.yaml": KUSTOMIZATION}

    assert roots(generators, "apps/a/{{values.env}}/{{values.dir}}", "{{name}}", files=deeper) == [
        ("apps/a/stage", ""),
        ("apps/a/stage/in", ""),
    ]


def test_what_only_the_clusters_know_stands_for_every_directory_that_exists() -> None:
    assert roots("[{clusters: {}}]", "apps/a/{{name}}", "{{name}}") == [
        ("apps/a/prod", ""),
        ("apps/a/stage", ""),
    ]


@pytest.mark.parametrize(
    "generator", ["pullRequest", "scmProvider", "plugin", "clusterDecisionResource"]
)
def test_generators_that_ask_elsewhere_know_nothing(generator: str) -> None:
    assert roots(f"[{{{generator}: {{}}}}]", "apps/b/{{.x}}", "c", go=True) == [
        ("apps/b/prod", "c"),
        ("apps/b/stage", "c"),
    ]


def test_a_path_of_which_nothing_is_known_names_nothing() -> None:
    assert roots("[{clusters: {}}]", "{{metadata.annotations.path}}", "c") == []


def test_a_git_generator_of_another_repository_knows_nothing() -> None:
    generators = "[{git: {repoURL: 'https://example.com/x', directories: [{path: apps/*}]}}]"

    assert roots(generators, "apps/{{path.basename}}/prod", "c") == [
        ("apps/a/prod", "c"),
        ("apps/b/prod", "c"),
    ]


def test_a_selector_keeps_the_sets_that_it_fits() -> None:
    elements = "{elements: [{env: prod, app: a}, {env: stage, app: a}]}"
    labels = f"[{{list: {elements}, selector: {{matchLabels: {{env: prod}}}}}}]"
    expressions = (
        f"[{{list: {elements}, selector: {{matchExpressions:"
        " [{key: env, operator: NotIn, values: [prod]}, {key: app, operator: Exists}]}}]"
    )

    assert roots(labels, "apps/a/{{env}}", "c") == [("apps/a/prod", "c")]
    assert roots(expressions, "apps/a/{{env}}", "c") == [("apps/a/stage", "c")]


def test_a_generators_own_template_lies_over_the_sets() -> None:
    generators = "[{list: {elements: [{}], template: {spec: {source: {path: apps/b/prod}}}}}]"

    assert roots(generators, "apps/a/prod", "c") == [("apps/b/prod", "c")]


def hindrances(found: list[Declared]) -> list[tuple[str, ...]]:
    return [held.hindrances for held in found]


def test_a_template_patch_is_said() -> None:
    text = application_set(
        "[{list: {elements: [{}]}}]", template("apps/a/prod", "c"), more="  templatePatch: x\n"
    )

    assert hindrances(declared({"set.yaml": text, **TREE})) == [
        ("its ApplicationSet patches it by a template",)
    ]


def test_a_generator_that_argo_cd_refuses_is_said() -> None:
    text = application_set("[{matrix: {generators: []}}]", template("apps/a/prod", "c"))

    why = (
        "its ApplicationSet cannot be evaluated: its matrix has not two generators,"
        " which Argo CD refuses"
    )
    assert hindrances(declared({"set.yaml": text, **TREE})) == [(why,)]


def test_a_file_of_parameters_that_cannot_be_read_is_said_without_its_text() -> None:
    generators = f"[{{git: {{{GIT}, files: [{{path: p.yaml}}]}}}}]"
    text = application_set(generators, template("apps/a/prod", "c"))

    why = (
        "its ApplicationSet cannot be evaluated: its generator reads 'p.yaml':"
        " it is not YAML that can be read"
    )
    assert hindrances(declared({"set.yaml": text, "p.yaml": "a: [secret", **TREE})) == [(why,)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("a {{.name}} b", "a prod b"),
        ("a {{- .name -}} b", "aprodb"),
        ("{{ .number }}{{ .on }}", "3true"),
        ("{{ index .list 1 }}", "y"),
        ('{{ index .map "a.b" }}', "z"),
        ("{{ .map.c.d }}", "w"),
    ],
)
def test_go_actions_that_say_one_value_are_filled_in(text: str, expected: str) -> None:
    values: Body = {
        "name": "prod",
        "number": 3,
        "on": True,
        "list": ("x", "y"),
        "map": {"a.b": "z", "c": {"d": "w"}},
    }

    assert fill(text, Parameters(values), go=True) == expected


@pytest.mark.parametrize(
    "text",
    ["{{ .name | upper }}", "{{ .gone }}", "{{ if .name }}x{{ end }}", "{{ .name", "{{ $x }}"],
)
def test_go_actions_that_say_more_are_not_known(text: str) -> None:
    assert holds_unknown(fill(text, Parameters({"name": "prod"}), go=True))


def test_a_tag_without_a_parameter_stays_as_it_stands() -> None:
    assert fill("{{ x }}-{{y}}", Parameters({"y": "1"}), go=False) == "{{ x }}-1"
