"""Sources that are not built: a problem where the object or its settings change."""

from __future__ import annotations

import pytest

from bot.analysis.examine import Question, examine_trees
from bot.core.engine.review import Problem
from tests.analysis.law import HERE, Repository, application, config, review
from tests.states import Grove

RELEASE = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: flux-system}
spec: {url: "https://user:secret@charts.example.com"}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: web}
spec:
  chart:
    spec:
      chart: podinfo
      version: 6.0.0
      sourceRef: {kind: HelmRepository, name: charts, namespace: flux-system}
  values: {replicas: 1}
"""
STRAY = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: web}
spec:
  chartRef: {kind: OCIRepository, name: podinfo}
  values: {replicas: 1}
"""
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec:
  destination: {server: "https://kubernetes.default.svc", namespace: web}
  source:
    repoURL: https://github.com/example/elsewhere
    path: deploy
    targetRevision: v1.0.0
    kustomize: {namePrefix: replicas-1}
"""
SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: web, namespace: argocd}
spec:
  goTemplate: true
  generators: [{list: {elements: [{name: a}]}}]
  template:
    metadata: {name: "{{.name}}"}
    spec:
      destination: {server: "https://kubernetes.default.svc", namespace: web}
      source:
        repoURL: https://github.com/example/elsewhere
        path: deploy
        targetRevision: v1.0.0
        kustomize: {namePrefix: replicas-1}
"""
KUSTOMIZATION = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: web, namespace: web}
spec:
  path: ./deploy
  sourceRef: {kind: OCIRepository, name: manifests}
  postBuild: {substitute: {count: "replicas-1"}}
"""


NAMELESS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {%s}\n"
INLINE = (
    '"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "more", "namespace": "shop"}'
)


def problems(base: str, head: str) -> tuple[Problem, ...]:
    sides = [{"a.yaml": text} if text else {} for text in (base, head)]
    grove = Grove(sides[0], sides[1])
    asked = grove.question()
    question = Question(asked.base, asked.head, repositories=("https://github.com/example/gitops",))
    return examine_trees(question, grove.content(), ()).problems


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("---\nlist: of values\n", "has a document without a kind beside others"),
        (f"---\n{NAMELESS % 'namespace: shop'}", "has an object without a name"),
        (f"---\n{NAMELESS % 'generateName: a-'}", ""),
        (f"---\napiVersion: v1\nkind: List\nitems: [{{{INLINE}}}]\n", ""),
        ("---\n\n---\n# nothing\n", ""),
        (f"---\n{config('other')}", ""),
        ("---\nlist: of values\n# +argocd:skip-file-rendering\n", ""),
    ],
)
def test_a_directory_that_argo_cd_refuses_is_a_problem(more: str, why: str) -> None:
    base = {"app.yaml": application("shop", "shop"), "shop/cm.yaml": config()}
    head = {**base, "shop/cm.yaml": config() + more, "shop/more.yaml": "neither: this\n"}
    problems = review(Repository(base, head)).problems

    assert [(each.kind, each.new, why in each.message) for each in problems] == (
        [("unrendered", True, True)] if why else []
    )


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("shop/more.json", '{"a": 1}', "is an object without a kind"),
        ("shop/more.json", f"{{{INLINE}}}", ""),
        (
            "shop/more.json",
            '{"kind": "", "metadata": {"name": "a"}}',
            "is an object without a kind",
        ),
        ("shop/more.json", "[]", "is not a single JSON object"),
        ("shop/more.json", "", "is not a single JSON object"),
        ("shop/more.json", 2 * f"{{{INLINE}}}", "is not a single JSON object"),
        ("shop/more.json", '{"a": "+argocd:skip-file-rendering"}', ""),
        ("shop/deep/more.json", '{"a": 1}', ""),
        ("shop/more.yaml", "apiVersion: v1\nkind:\nmetadata: {name: a}\n", "has no kind"),
        ("shop/more.yaml", "extra:\n- {apiVersion: v1, kind: A, metadata: {}}\n", "has no kind"),
        ("shop/more.yaml", "apiVersion: v2\nname: chart\n", ""),
        ("shop/more.yaml", f"apiVersion: v1\nkind: List\nitems: [{{{INLINE}}}]\n", ""),
    ],
)
def test_a_file_that_argo_cd_refuses_is_a_problem_of_its_directory(
    name: str, text: str, why: str
) -> None:
    base = {"app.yaml": application("shop", "shop"), "shop/cm.yaml": config()}
    problems = review(Repository(base, {**base, name: text})).problems

    assert [(each.kind, each.new, why in each.message) for each in problems] == (
        [("unrendered", True, True)] if why else []
    )


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ('plugin: {env: [{name: A, value: "1"}]}', {"shop/cm.yaml": config()}),
        (
            'directory: {jsonnet: {tlas: [{name: a, value: "1"}]}}',
            {"shop/a.jsonnet": "function(a) {}"},
        ),
    ],
    ids=["a plugin", "Jsonnet"],
)
def test_the_settings_of_what_cannot_be_built_are_part_of_it(
    line: str, files: dict[str, str]
) -> None:
    base = {"app.yaml": application("shop", "shop", line), **files}
    head = {**base, "app.yaml": application("shop", "shop", line.replace('"1"', '"2"'))}

    assert [each.kind for each in review(Repository(base, head)).problems] == ["unrendered"]


CASES = [
    (
        RELEASE,
        "The chart podinfo of https://charts.example.com is not rendered: remote sources are not",
    ),
    (STRAY, "The chart of OCIRepository/podinfo is not rendered: HelmRelease/web/web takes"),
    (APPLICATION, "The source https://github.com/example/elsewhere, path deploy, is not rendered:"),
    (SET, "The source https://github.com/example/elsewhere, path deploy, is not rendered:"),
    (KUSTOMIZATION, "The path ./deploy of OCIRepository/manifests is not rendered: Kustomization"),
]
NAMES = ["release", "stray", "application", "set", "kustomization"]


@pytest.mark.parametrize(("text", "message"), CASES, ids=NAMES)
def test_a_new_object_whose_source_is_not_built_is_a_new_problem(text: str, message: str) -> None:
    (problem,) = problems("", text)

    assert (problem.kind, problem.new) == ("unrendered", True)
    assert problem.message.startswith(message)
    assert "secret" not in problem.message


@pytest.mark.parametrize("text", [text for text, _ in CASES], ids=NAMES)
def test_changed_settings_of_it_are_a_problem_that_base_had_too(text: str) -> None:
    changed = text.replace("replicas: 1", "replicas: 2").replace("replicas-1", "replicas-2")

    assert [problem.new for problem in problems(text, changed)] == [False]
    assert problems(text, text) == ()


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        pytest.param(RELEASE, "6.0.0", "6.0.1", id="the version of a chart"),
        pytest.param(RELEASE, "charts.example.com", "example.net", id="its repository"),
        pytest.param(RELEASE, "chart: podinfo", "chart: other", id="its name"),
        pytest.param(STRAY, "name: podinfo}", "name: other}", id="the object that locates it"),
        pytest.param(APPLICATION, "v1.0.0", "v2.0.0", id="the revision of a source"),
        pytest.param(SET, "v1.0.0", "v2.0.0", id="the revision in a set"),
    ],
)
def test_unknown_content_of_another_source_is_new(text: str, old: str, new: str) -> None:
    assert [problem.new for problem in problems(text, text.replace(old, new))][-1:] == [True]


@pytest.mark.parametrize(
    ("old", "new", "is_new"),
    [
        pytest.param("1.0.0", "2.0.0", True, id="version"),
        pytest.param("https://c.example.com", "https://example.net", True, id="repository"),
        pytest.param("{a: 1}", "{a: 2}", False, id="values"),
    ],
)
def test_another_chart_of_a_kustomization_is_new_and_other_values_are_not(
    old: str, new: str, *, is_new: bool
) -> None:
    charts = (
        "helmCharts:\n- {name: web, repo: 'https://c.example.com', version: 1.0.0, "
        "valuesInline: {a: 1}}\n"
    )
    base = {"k/kustomization.yaml": charts}
    change = Repository(base, {"k/kustomization.yaml": charts.replace(old, new)})

    assert [problem.new for problem in review(change).problems] == [is_new]


def test_what_else_changes_in_the_object_is_no_problem() -> None:
    labelled = APPLICATION.replace("{name: web, ", "{name: web, labels: {a: b}, ")

    assert problems(APPLICATION, labelled) == ()


def test_its_removal_is_a_problem_at_base() -> None:
    (problem,) = problems(APPLICATION, "")

    assert problem.location is not None
    assert (problem.location.side, problem.new) == ("LEFT", False)
    assert "is gone, and what it contained is not known" in problem.message


def test_a_source_is_found_in_a_root_that_is_not_rendered() -> None:
    repository, _, release = RELEASE.partition("---\n")
    files = {
        "flux.yaml": KUSTOMIZATION.replace("./deploy", "./sources\n  targetNamespace: flux-system")
        .replace("OCIRepository, name: manifests", "GitRepository, name: here"),
        "sources/charts.yaml": repository.replace(", namespace: flux-system", ""),
        "app/release.yaml": release,
    }  # fmt: skip
    changed = {**files, "app/release.yaml": release.replace("replicas: 1", "replicas: 2")}
    grove = Grove(files, changed)

    (problem,) = examine_trees(grove.question(), grove.content(), ()).problems

    assert problem.message.startswith("The chart podinfo of https://charts.example.com is not")


def test_an_application_without_an_address_is_named_without_one() -> None:
    base = {"a.yaml": config()}
    nowhere = application("shop", "shop").replace(HERE, "''")

    (problem,) = review(Repository(base, {**base, "argo/a.yaml": nowhere})).problems

    assert problem.message.startswith(
        "The source at path shop is not rendered: Application/argocd/shop has no repoURL, so "
        "nobody can tell what it applies;"
    )
