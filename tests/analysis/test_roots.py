"""Every kind of root, rendered by the real programs in one process."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.analysis.examine import MemoryBlobs, examine_trees
from bot.core.engine.review import Analysis
from bot.core.finding import Severity
from bot.core.policy.model import Policy
from bot.core.rendering import Build, Builder, BuildResult, Renderer
from bot.render.programs import Binary
from bot.render.renderers import Renderers
from tests.analysis.law import Repository, application, binding, review, workload
from tests.analysis.rules import every_value, find_rule
from tests.states import Files, Grove, Link, resource
from tests.tools import renderer_binaries

VALUES = find_rule("every-value", every_value)
ARGO = "argoproj.io/v1alpha1"
FLUX = "kustomize.toolkit.fluxcd.io/v1"


@pytest.fixture(scope="session")
def binaries() -> Mapping[Renderer, Binary]:
    return renderer_binaries()


class Counting(Builder):
    """A builder that remembers what it was asked for."""

    def __init__(self, inner: Builder) -> None:
        self.inner = inner
        self.asked: list[Build] = []

    def build(self, build: Build) -> BuildResult:
        self.asked.append(build)
        return self.inner.build(build)


def analysed(
    base: Files, head: Files, binaries: Mapping[Renderer, Binary], policy: Policy | None = None
) -> tuple[Analysis, list[Build]]:
    grove = Grove(base, head)
    question = grove.question(policy)
    builder = Counting(Renderers(MemoryBlobs(grove.blobs), binaries))
    return examine_trees(question, grove.content(), (VALUES,), builder), builder.asked


def config(*data: str) -> str:
    return resource("ConfigMap", "c", *("data:" if data else "", *(f"  {it}" for it in data)))


def told(found: Analysis) -> list[tuple[str, tuple[str, ...], str]]:
    return [
        (it.message, it.environments, it.location.path if it.location else "")
        for it in found.findings
    ]


@pytest.mark.parametrize(
    ("kustomization", "more", "changed", "message"),
    [
        ("patches: [{path: p.yaml}]", {}, {"app/p.yaml": config("new: x")}, "default/c has new"),
        (
            "patchesStrategicMerge: [p.yaml]",
            {},
            {"app/p.yaml": config("new: x")},
            "default/c has new",
        ),
        (
            "patches: [{path: j.yaml, target: {kind: ConfigMap}}]",
            {"app/j.yaml": "[]\n"},
            {"app/j.yaml": "- {op: add, path: /data, value: {new: x}}\n"},
            "default/c has new",
        ),
        (
            "configMapGenerator: [{name: g, files: [k=f.txt]}]",
            {"app/f.txt": "1"},
            {"app/f.txt": "2"},
            None,
        ),
        (
            "configMapGenerator: [{name: g, envs: [e.env]}]",
            {"app/e.env": "a=1\n"},
            {"app/e.env": "a=1\nnew=2\n"},
            "default/g has new",
        ),
        (
            "components: [../comp]",
            {"comp/kustomization.yaml": "kind: Component\napiVersion: kustomize.config.k8s.io/"
             "v1alpha1\npatches: [{path: q.yaml}]\n", "comp/q.yaml": config("old: x")},
            {"comp/q.yaml": config("old: x", "new: y")},
            "default/c has new",
        ),
        (
            "transformers: [t.yaml]",
            {"app/t.yaml": "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\n"
             "path: q.yaml\n", "app/q.yaml": config("old: x")},
            {"app/q.yaml": config("old: x", "new: y")},
            "default/c has new",
        ),
        (
            "replacements: [{path: r.yaml}]",
            {"app/r.yaml": "[]\n"},
            {"app/r.yaml": "source: {kind: ConfigMap, name: c, fieldPath: metadata.name}\n"
             "targets: [{select: {kind: ConfigMap}, fieldPaths: [data.new], "
             "options: {create: true}}]\n"},
            "default/c has new",
        ),
        (
            "nameSuffix: -x",
            {},
            {"app/x.yaml": config("new: x")},
            "default/c-x has new",
        ),
        (
            "resources: [../base]",
            {"base": Link("real"),
             "real/kustomization.yaml": "resources: [y.yaml]\nnamePrefix: a-\n",
             "real/y.yaml": resource("ConfigMap", "y")},
            {"real/y.yaml": resource("ConfigMap", "y", "data: {new: x}")},
            "default/a-y has new",
        ),
    ],
)  # fmt: skip
def test_what_any_field_takes_in_is_part_of_the_root(
    kustomization: str,
    more: Files,
    changed: Files,
    message: str | None,
    binaries: Mapping[Renderer, Binary],
) -> None:
    listed = "resources: [x.yaml]\n" if "resources" not in kustomization else ""
    base: Files = {
        "app/kustomization.yaml": f"{listed}{kustomization}\n",
        "app/x.yaml": config(),
        "app/p.yaml": config(),
        **more,
    }

    found, asked = analysed(base, {**base, **changed}, binaries)

    assert found.problems == ()
    assert len(asked) == 2
    assert found.summary.rendered is not None
    assert (found.summary.rendered.rendered, found.summary.rendered.affected) == (1, 1)
    assert [it.message for it in found.findings] == ([f"ConfigMap/{message}"] if message else [])


TEMPLATE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\ndata: %s\n"
CHART: dict[str, str] = {
    "charts/web/Chart.yaml": "apiVersion: v2\nname: webapp\nversion: 0.1.0\n",
    "charts/web/values.yaml": "data: {a: b}\n",
    "charts/web/templates/c.yaml": TEMPLATE % "{{ toJson .Values.data }}",
}


def test_each_set_of_values_of_a_chart_is_an_environment(
    binaries: Mapping[Renderer, Binary],
) -> None:
    base: Files = {
        **CHART,
        "charts/web/values-prod.yaml": "data: {}\n",
        "charts/web/values-test.yaml": "data: {}\n",
    }
    head: Files = {**base, "charts/web/values-prod.yaml": "data: {new: x}\n"}

    found, _ = analysed(base, head, binaries)

    assert found.problems == ()
    assert told(found) == [
        (
            "ConfigMap/default/web has new",
            ("charts/web/values-prod.yaml",),
            "charts/web/values-prod.yaml",
        )
    ]
    assert found.summary.environments == 3


def test_a_chart_brings_the_charts_of_the_tree_that_it_depends_on(
    binaries: Mapping[Renderer, Binary],
) -> None:
    base: Files = {
        **CHART,
        "charts/web/Chart.yaml": CHART["charts/web/Chart.yaml"]
        + "dependencies: [{name: common, version: 1.0.0, repository: 'file://../../lib/common'}]\n",
        "lib/common/Chart.yaml": "apiVersion: v2\nname: common\nversion: 1.0.0\ntype: library\n",
        "lib/common/templates/_d.tpl": '{{ define "d" }}{old: x}{{ end }}\n',
        "charts/web/templates/c.yaml": TEMPLATE % '{{ include "d" . }}',
    }
    head: Files = {**base, "lib/common/templates/_d.tpl": '{{ define "d" }}{new: x}{{ end }}\n'}

    found, _ = analysed(base, head, binaries)

    assert found.problems == ()
    assert told(found) == [
        ("ConfigMap/default/web has new", ("default",), "lib/common/templates/_d.tpl")
    ]


def test_a_dependency_that_is_nowhere_is_said(binaries: Mapping[Renderer, Binary]) -> None:
    described = CHART["charts/web/Chart.yaml"] + (
        "dependencies:\n- name: redis\n  version: 17.0.0\n"
        "  repository: https://user:secret@charts.example.com\n"
    )
    base: Files = {**CHART, "charts/web/Chart.yaml": described}
    head: Files = {**base, "charts/web/values.yaml": "data: {new: x}\n"}

    found, asked = analysed(base, head, binaries)

    (problem,) = found.problems
    assert (asked, problem.new, problem.location and problem.location.line) == ([], False, 5)
    assert (
        "its dependency redis 17.0.0 from https://charts.example.com is not in its directory "
        "charts/" in problem.message
    )


def test_what_argo_cd_declares_is_built_as_it_would(binaries: Mapping[Renderer, Binary]) -> None:
    application = resource(
        "Application",
        "web",
        "spec:",
        "  source:",
        "    path: charts/web",
        "    repoURL: https://example.com/own.git",
        "    helm: {valuesObject: {data: {%s: x}}}",
        "  destination: {name: %s, namespace: shop}",
        namespace="argocd",
        api=ARGO,
    )
    base: Files = {**CHART, "apps/web.yaml": application % ("old", "prod")}
    head: Files = {**CHART, "apps/web.yaml": application % ("new", "prod")}

    found, asked = analysed(base, head, binaries)

    assert found.problems == ()
    assert told(found) == [("ConfigMap/shop/web has new", ("default",), "apps/web.yaml")]
    # Argo CD never upgrades by Helm: each side is built twice in the same way.
    built = [(build.release.name, build.release.upgrade) for build in asked if build.release]
    assert built == [("web", False)] * 4


def test_one_overlay_for_two_clusters_is_never_joined(binaries: Mapping[Renderer, Binary]) -> None:
    def applications(patch: str) -> str:
        return "---\n".join(
            resource(
                "Application",
                f"web-{cluster}",
                "spec:",
                "  source: {path: app, repoURL: 'https://example.com/own.git',",
                f"    kustomize: {{namePrefix: {prefix}}}}}",
                f"  destination: {{name: {cluster}, namespace: shop}}",
                namespace="argocd",
                api=ARGO,
            )
            for cluster, prefix in (("one", "x-"), ("two", patch))
        )

    base: Files = {
        "apps.yaml": applications("x-"),
        "app/kustomization.yaml": "resources: [c.yaml]\n",
        "app/c.yaml": config("old: x"),
    }
    head: Files = {**base, "apps.yaml": applications("y-")}

    found, _ = analysed(base, head, binaries)

    assert found.problems == ()
    assert told(found) == [("ConfigMap/shop/y-c has old", ("two",), "apps.yaml")]


def test_what_flux_substitutes_is_substituted(binaries: Mapping[Renderer, Binary]) -> None:
    flux = resource(
        "Kustomization",
        "web",
        "spec:",
        "  path: ./app",
        "  targetNamespace: shop",
        "  sourceRef: {kind: GitRepository, name: flux-system}",
        "  postBuild: {substitute: {KEY: %s}}",
        namespace="flux-system",
        api=FLUX,
    )
    base: Files = {
        "clusters/one/web.yaml": flux % "old",
        "app/c.yaml": config("${KEY}: x"),
    }
    head: Files = {**base, "clusters/one/web.yaml": flux % "new"}

    found, _ = analysed(base, head, binaries)

    assert found.problems == ()
    assert told(found) == [("ConfigMap/shop/c has new", ("default",), "clusters/one/web.yaml")]


UNLISTED = "; nothing here applies this file, so it is judged as it stands"


def test_what_flux_leaves_out_of_its_source_is_not_judged(
    binaries: Mapping[Renderer, Binary],
) -> None:
    flux = resource(
        "Kustomization",
        "web",
        "spec: {path: ./app, sourceRef: {kind: GitRepository, name: flux-system}}",
        namespace="flux-system",
        api=FLUX,
    )
    base: Files = {"clusters/one/web.yaml": flux, "app/c.yaml": config("a: x")}
    more: Files = {"app/more.yaml": config("b: x").replace("name: c", "name: d")}

    in_it, _ = analysed(base, {**base, **more}, binaries)
    ignored: Files = {**base, ".sourceignore": "more.yaml\n"}
    left_out, _ = analysed(ignored, {**ignored, **more}, binaries)
    newly, _ = analysed(base, {**ignored, **more}, binaries)

    assert [(held.message, held.environments) for held in in_it.findings] == [
        ("ConfigMap/default/d has b", ("default",))
    ]
    # Flux applies nothing of it: it is judged as it stands, like any file that nothing applies.
    assert [(held.message, held.facts["placements"]) for held in left_out.findings] == [
        (f"ConfigMap/default/d has b{UNLISTED}", "none")
    ]
    assert left_out.problems == ()
    # What only the change leaves out is judged as base's source has it.
    assert [held.facts["placements"] for held in newly.findings] == ["base"]


def test_applications_in_rendered_output_declare_roots(binaries: Mapping[Renderer, Binary]) -> None:
    base: Files = {
        **CHART,
        "root/Chart.yaml": "apiVersion: v2\nname: root\nversion: 0.1.0\n",
        "root/values.yaml": "space: shop\n",
        "root/templates/a.yaml": resource(
            "Application",
            "web",
            "spec:",
            "  source: {path: charts/web, repoURL: 'https://example.com/own.git'}",
            "  destination: {name: prod, namespace: {{ .Values.space }}}",
            namespace="argocd",
            api=ARGO,
        ),
    }
    head: Files = {**base, "root/values.yaml": "space: other\n"}

    found, _ = analysed(base, head, binaries)

    assert found.problems == ()
    assert told(found) == [("ConfigMap/other/web has a", ("default",), "root/values.yaml")]


def test_a_kustomization_in_a_hidden_directory_is_judged_where_something_applies_it() -> None:
    base = {
        "argo/app.yaml": application("app", ".deploy"),
        ".deploy/kustomization.yaml": "resources: [api.yaml]\n",
        ".deploy/api.yaml": workload(),
    }
    head = {
        **base,
        ".deploy/kustomization.yaml": "resources: [api.yaml, evil.yaml]\n",
        ".deploy/evil.yaml": binding(),
    }
    analysis = review(Repository(base, head), builds=True)

    assert [(finding.rule, finding.severity) for finding in analysis.findings] == [
        ("rbac-privilege-added", Severity.ERROR)
    ]
