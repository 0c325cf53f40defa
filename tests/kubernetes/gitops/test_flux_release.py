"""What Flux's HelmReleases declare."""

from __future__ import annotations

import json

import pytest

from bot.core.rendering import Declared, Release
from bot.kubernetes.gitops import holds_unknown
from bot.kubernetes.gitops.variables.substitution import FluxFinish
from tests.kubernetes.gitops.declaring import GIT, declared, release
from tests.kubernetes.gitops.test_flux import config_map

CHART = {"charts/shop/Chart.yaml": "name: shop\n", "charts/shop/values.yaml": "a: {x: 1}\n"}


def of(spec: str, chart: str = "./charts/shop", **files: str) -> Declared:
    shown = {f"{name}.yaml": held for name, held in files.items()}
    text = release(spec, chart=chart)
    (found,) = declared({"c/git.yaml": GIT, "c/shop.yaml": text, **CHART, **shown})
    return found


def values(found: Declared) -> object:
    assert found.hindrances == ()
    assert found.release is not None
    return [json.loads(text) for text in found.release.values]


def test_a_chart_of_this_repository_is_released_under_the_objects_name() -> None:
    found = of("interval: 5m")

    assert (found.path, found.cluster, found.namespace) == ("charts/shop", "c", "flux-system")
    assert found.release == Release("shop", "flux-system")
    assert str(found.node) == "HelmRelease/flux-system/shop spec.chart.spec.chart"


def test_a_target_namespace_is_part_of_the_name_unless_one_is_given() -> None:
    assert of("targetNamespace: web").release == Release("web-shop", "web")
    assert of("targetNamespace: web, releaseName: r").release == Release("r", "web")


def test_a_name_that_is_too_long_is_shortened_as_flux_does() -> None:
    found = of(f"releaseName: {'a' * 60}").release

    # printf 'a%.0s' {1..60} | sha256sum
    assert found is not None
    assert found.name == f"{'a' * 40}-11ee391211c6"


def test_custom_resource_definitions_may_be_skipped() -> None:
    assert of("install: {crds: Skip}").release == Release("shop", "flux-system", crds=False)


def test_values_lie_over_those_that_are_referred_to() -> None:
    found = of(
        "values: {c: 3}, valuesFrom: [{kind: ConfigMap, name: v},"
        " {kind: ConfigMap, name: v, valuesKey: more}, {kind: ConfigMap, name: v, valuesKey: none,"
        " optional: true}]",
        v=config_map("v", "{values.yaml: 'a: {b: 1, c: 1}', more: '{a: {c: 2}, c: 2}'}"),
    )

    assert values(found) == [{"a": {"b": 1, "c": 2}, "c": 3}]


@pytest.mark.parametrize(
    ("content", "more", "expected"),
    [
        ("2", "", {"a": {"b": 2}}),
        ("'\"2\"'", "", {"a": {"b": "2"}}),
        ("'{x,y}'", "", {"a": {"b": ["x", "y"]}}),
        ("'{x,y}'", ", literal: true", {"a": {"b": "{x,y}"}}),
    ],
)
def test_a_target_path_takes_one_value(content: str, more: str, expected: object) -> None:
    found = of(
        f"valuesFrom: [{{kind: ConfigMap, name: v, valuesKey: k, targetPath: a.b{more}}}]",
        v=config_map("v", f"{{k: {content if content[0] == chr(39) else repr(content)}}}"),
    )

    assert values(found) == [expected]


def test_one_value_of_a_secret_is_not_known() -> None:
    found = of("valuesFrom: [{kind: Secret, name: s, valuesKey: k, targetPath: a.b}]")

    assert found.release is not None
    assert holds_unknown(found.release.values)


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (
            "valuesFrom: [{kind: Secret, name: s}]",
            "it takes values from Secret 's', which is not in the tree",
        ),
        (
            "valuesFrom: [{kind: ConfigMap, name: gone}]",
            "it takes values from ConfigMap 'gone', which is not in the tree",
        ),
        (
            "valuesFrom: [{kind: ConfigMap, name: v, valuesKey: none}]",
            "ConfigMap 'v', of which it takes values, has no 'none'",
        ),
        ("postRenderers: [{kustomize: {}}]", "its post-renderers change what the chart gives"),
    ],
)
def test_what_cannot_be_built_says_why(spec: str, why: str) -> None:
    assert of(spec, v=config_map("v", "{}")).hindrances == (why,)


def test_a_chart_that_is_not_there_is_said() -> None:
    assert of("interval: 5m", chart="charts/gone").hindrances == (
        "there is no chart at its path 'charts/gone'",
    )


def test_listed_values_files_take_the_place_of_the_charts_own() -> None:
    more = "valuesFiles: [charts/shop/values.yaml, prod.yaml, gone.yaml]"
    text = release("interval: 5m").replace("{chart: ./", f"{{{more}, chart: ./")
    ignoring = text.replace("chart: ./", "ignoreMissingValuesFiles: true, chart: ./")
    files = {"c/git.yaml": GIT, **CHART, "prod.yaml": "a: {z: 2}\n"}
    (refused,) = declared({**files, "c/shop.yaml": text})
    (found,) = declared({**files, "c/shop.yaml": ignoring})

    assert refused.hindrances == ("its values file 'gone.yaml' is not in the tree",)
    assert found.inputs == ("charts/shop/values.yaml", "prod.yaml")
    assert {path: json.loads(held) for path, held in found.edits.items()} == {
        "charts/shop/values.yaml": {"a": {"x": 1, "z": 2}}
    }


def test_a_chart_may_be_an_object_of_its_own() -> None:
    chart = (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmChart\n"
        "metadata: {name: shop, namespace: flux-system}\nspec: {chart: charts/shop,"
        " sourceRef: {kind: GitRepository, name: flux-system}}\n"
    )
    text = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web, namespace:"
        " flux-system}\nspec: {chartRef: {kind: HelmChart, name: shop}}\n"
    )
    (found,) = declared({"c/git.yaml": GIT, "c/chart.yaml": chart, "c/web.yaml": text, **CHART})

    assert (found.path, found.release) == ("charts/shop", Release("web", "flux-system"))


SOURCE_API = "apiVersion: source.toolkit.fluxcd.io/v1"
HELM = "apiVersion: helm.toolkit.fluxcd.io/v2"
REPOSITORY = (
    f"{SOURCE_API}\nkind: HelmRepository\nmetadata: {{name: charts, namespace: shop}}\n"
    "spec: {type: oci, url: 'oci://ghcr.io/example'}\n"
)
ARTIFACT = (
    f"{SOURCE_API}\nkind: OCIRepository\nmetadata: {{name: redis, namespace: shop}}\n"
    "spec: {url: 'oci://ghcr.io/example/redis', ref: {tag: 1.2.3, digest: 'sha256:%s'}}\n"
) % ("ab" * 32)
TEMPLATE = "{chart: redis, version: 1.2.3, sourceRef: {kind: HelmRepository, name: charts}%s}"


def elsewhere(spec: str, more: str = "") -> Declared:
    """What a HelmRelease declares of a chart that lies elsewhere."""
    text = f"{HELM}\nkind: HelmRelease\nmetadata: {{name: redis, namespace: shop}}\nspec: {spec}\n"
    (found,) = declared({"c/a.yaml": f"{REPOSITORY}---\n{ARTIFACT}---\n{more}", "d/b.yaml": text})
    return found


@pytest.mark.parametrize(
    ("spec", "version", "node"),
    [
        (
            f"{{chart: {{spec: {TEMPLATE % ''}}}}}",
            "1.2.3",
            "HelmRelease/shop/redis spec.chart.spec.version",
        ),
        (
            "{chartRef: {kind: OCIRepository, name: redis}}",
            "sha256:" + "ab" * 32,
            "OCIRepository/shop/redis spec.ref.digest",
        ),
        (
            "{chartRef: {kind: HelmChart, name: redis}}",
            "1.2.3",
            "HelmChart/shop/redis spec.version",
        ),
    ],
)
def test_a_chart_from_elsewhere_is_a_root_where_its_release_lies(
    spec: str, version: str, node: str
) -> None:
    chart = f"{SOURCE_API}\nkind: HelmChart\nmetadata: {{name: redis, namespace: shop}}\n"
    found = elsewhere(spec, f"{chart}spec: {TEMPLATE % ''}\n")

    assert found.chart is not None
    assert (found.path, found.release) == ("d", Release("redis", "shop"))
    named = (found.chart.repository, found.chart.name, found.chart.version)
    assert named == ("oci://ghcr.io/example", "redis", version)
    assert str(found.chart.node) == node


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (
            f"{{chart: {{spec: {TEMPLATE % ', valuesFiles: [a.yaml]'}}}}}",
            "its values files are in the chart, which lies elsewhere",
        ),
        (
            "{chartRef: {kind: OCIRepository, name: redis}, postRenderers: [{kustomize: {}}]}",
            "its post-renderers change what the chart gives",
        ),
    ],
)
def test_what_cannot_be_built_of_a_chart_from_elsewhere_is_said(spec: str, why: str) -> None:
    assert elsewhere(spec).hindrances == (why,)


def test_a_chart_of_a_source_that_is_not_here_declares_nothing() -> None:
    text = release("interval: 5m").replace("GitRepository", "HelmRepository")

    assert declared({"git.yaml": GIT, "shop.yaml": text, **CHART}) == []


def test_common_metadata_is_put_on_every_object() -> None:
    found = of("commonMetadata: {labels: {team: a}}")

    assert found.finish == FluxFinish(labels=(("team", "a"),))


@pytest.mark.parametrize(
    "reference",
    [
        "{kind: OCIRepository, name: shop}",
        "{kind: HelmChart, name: gone}",
    ],
)
def test_a_chart_reference_that_says_nothing_declares_nothing(reference: str) -> None:
    text = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web, namespace:"
        f" flux-system}}\nspec: {{chartRef: {reference}}}\n"
    )

    assert declared({"git.yaml": GIT, "web.yaml": text, **CHART}) == []


def test_without_its_source_only_a_chart_that_exists_counts() -> None:
    text = release("interval: 5m", chart="charts/gone")

    assert declared({"shop.yaml": text, **CHART}) == []
