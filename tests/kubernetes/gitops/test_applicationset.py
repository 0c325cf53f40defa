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


def test_applications_at_one_place_are_told_apart_by_their_names() -> None:
    generators = "[{list: {elements: [{env: one}, {env: two}]}}]"
    text = application_set(generators, template("apps/a/prod", "prod"))
    text = text.replace("{name: app}", "{name: 'app-{{env}}'}")

    assert [held.name for held in declared({"set.yaml": text, **TREE})] == ["app-one", "app-two"]


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


def test_a_matrix_in_go_templates_lets_the_first_win() -> None:
    generators = (
        "[{matrix: {generators: [{list: {elements: [{env: prod, c: {a: 1}}]}},"
        " {list: {elements: [{env: stage, app: a, c: {b: x}}]}}]}}]"
    )

    assert roots(generators, "apps/{{.app}}/{{.env}}", "{{.c.a}}{{.c.b}}", go=True) == [
        ("apps/a/prod", "1x")
    ]


def test_values_of_a_generator_in_go_templates() -> None:
    generators = (
        f"[{{git: {{{GIT}, directories: [{{path: apps/a/*}}],"
        " values: {c: 'c-{{.path.basename}}'}}}]"
    )

    assert roots(generators, "{{.path.path}}", "{{.values.c}}", go=True) == [
        ("apps/a/prod", "c-prod"),
        ("apps/a/stage", "c-stage"),
    ]


def test_a_matrix_over_clusters_looks_for_every_file_that_fits() -> None:
    generators = (
        "[{matrix: {generators: [{clusters: {selector: {}}},"
        f" {{git: {{{GIT}, directories: [{{path: 'apps/a/{{{{name}}}}'}}]}}}}]}}}}]"
    )

    assert roots(generators, "{{path}}", "{{path.basename}}") == [
        ("apps/a/prod", "prod"),
        ("apps/a/stage", "stage"),
    ]


def test_a_selector_keeps_what_it_cannot_judge() -> None:
    generators = (
        "[{clusters: {}, selector: {matchLabels: {env: prod},"
        " matchExpressions: [{key: env, operator: In, values: [prod]}]}}]"
    )

    assert roots(generators, "apps/a/{{name}}", "c") == [
        ("apps/a/prod", "c"),
        ("apps/a/stage", "c"),
    ]


def test_numbers_and_lists_of_a_file_are_parameters_by_their_path() -> None:
    generators = f"[{{git: {{{GIT}, files: [{{path: p.yaml}}]}}}}]"
    text = "number: 3\nnone: null\nlist: [x, {env: prod}]\n"

    assert roots(generators, "apps/a/{{list.1.env}}", "c{{number}}", files={"p.yaml": text}) == [
        ("apps/a/prod", "c3")
    ]


_NESTED = "{list: {}}"
for _ in range(4):
    _NESTED = f"{{matrix: {{generators: [{_NESTED}, {{list: {{}}}}]}}}}"


@pytest.mark.parametrize(
    ("generators", "why"),
    [
        ("[{merge: {generators: [{list: {}}]}}]", "its merge has no keys or only one generator"),
        (
            f"[{_NESTED}]",
            "its generators lie within one another too deeply",
        ),
    ],
)
def test_generators_that_argo_cd_refuses_are_said(generators: str, why: str) -> None:
    text = application_set(generators, template("apps/a/prod", "c"))

    assert hindrances(declared({"set.yaml": text, **TREE})) == [
        (f"its ApplicationSet cannot be evaluated: {why}",)
    ]


STRICT = "  goTemplateOptions: ['missingkey=error']\n"
LAX = "  goTemplateOptions: ['missingkey=zero']\n"
LIST = "[{list: {elements: [{env: prod, c: {a: x}}, {env: stage}]}}]"
FAILS = "its ApplicationSet fails, as a set of its parameters has no "


@pytest.mark.parametrize(
    ("text", "more", "missing"),
    [
        ("{{.c.a}}", STRICT, ".c.a"),
        ("{{ .d }}", STRICT, ".d"),
        ("a {{- .d -}} b", STRICT, ".d"),
        ("{{.d}}", LAX, None),
        ("{{.d}}", "", None),
        ("{{.env}}", STRICT, None),
        ('{{ index . "d" }}', STRICT, None),
        ("{{ if .env }}x{{ else }}{{.d}}{{ end }}", STRICT, None),
        ("{{ .d | default .env }}", STRICT, None),
    ],
)
def test_a_missing_parameter_may_end_the_whole_set(
    text: str, more: str, missing: str | None
) -> None:
    spec = template("apps/a/prod", "c")
    label = f"info: [{{name: a, value: '{text}'}}], source: "
    spec = spec.replace("source: ", label, 1)

    found = declared({"set.yaml": application_set(LIST, spec, go=True, more=more), **TREE})

    assert {held.hindrances for held in found} == {(FAILS + missing,) if missing else ()}


def test_parameters_that_a_cluster_gives_may_be_any() -> None:
    spec = template("apps/a/prod", "{{.name}}")
    text = application_set("[{clusters: {}}]", spec, go=True, more=STRICT)

    assert hindrances(declared({"set.yaml": text, **TREE})) == [()]
