"""Charts that kustomizations inflate."""

from __future__ import annotations

from bot.core.rendering import Release
from bot.core.resource import ListStep
from bot.core.states.roots.kustomizations.inflated import InflatedChart, inflated_charts
from bot.core.values import freeze, mapping
from tests.states import Grove

CHART = {
    "k/charts/web/Chart.yaml": "name: web\nversion: 1.0.0\n",
    "k/charts/web/values.yaml": "a: 1\n",
    "k/charts/web/templates/x.yaml": "kind: ConfigMap\n",
    "k/kustomization.yaml": "namespace: shop\nhelmCharts: [{name: web, valuesFile: v.yaml}]\n",
    "k/v.yaml": "a: 2\n",
}


def test_an_entry_says_how_its_chart_is_released() -> None:
    entry = {
        "name": "web",
        "version": "1.0.0",
        "releaseName": "front",
        "namespace": "left",
        "valuesFile": "v.yaml",
        "additionalValuesFiles": ["../w.yaml"],
        "valuesInline": {"b": 1},
        "includeCRDs": True,
        "kubeVersion": "1.34",
    }
    body = {"helmGlobals": {"chartHome": "../charts"}, "helmCharts": [entry]}
    release = Release(
        "front",
        "left",
        ("k/a/v.yaml", "k/w.yaml"),
        ('{"b": 1}',),
        kubernetes="1.34",
        upgraded=False,
    )
    route = ("helmCharts", ListStep("", 0))

    assert list(inflated_charts("k/a", mapping(freeze(body)))) == [
        InflatedChart("k/charts/web", release, route),
        InflatedChart("k/charts/web-1.0.0/web", release, route),
    ]


def test_the_namespace_of_the_kustomization_wins() -> None:
    body = {"namespace": "shop", "helmCharts": [{"name": "web", "namespace": "left"}]}

    (chart,) = inflated_charts("", mapping(freeze(body)))
    release = chart.release

    assert (chart.path, release.namespace, release.crds) == ("charts/web", "shop", False)


def test_every_change_of_the_chart_or_its_values_is_a_problem() -> None:
    changed = {
        "k/charts/web/values.yaml": "a: 3\n",
        "k/charts/web/templates/x.yaml": "kind: Role\n",
        "k/v.yaml": "a: 4\n",
    }

    for path, text in changed.items():
        troubles = Grove(CHART, {**CHART, path: text}).states().troubles
        assert any(trouble.path == "k/kustomization.yaml" for trouble in troubles), path


def test_the_chart_is_judged_as_it_is_inflated_and_not_by_itself() -> None:
    states = Grove({}, CHART).states()

    charts = [key for key in states.affected if key[1] == "chart"]
    assert charts == [("k/charts/web", "chart", "k release")]
