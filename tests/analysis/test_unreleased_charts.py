"""A chart of the repository that changes without a new version is not installed by Flux."""

from __future__ import annotations

import pytest

from tests.analysis.law import HERE, Repository, config, review

GIT = (
    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
    f"metadata: {{name: flux-system, namespace: flux-system}}\nspec: {{url: '{HERE}'}}\n"
)
RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: shop, namespace: shop}
spec:
  chart:
    spec:
      chart: ./charts/shop
      interval: 1m
      sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}
  values: {a: b}
"""
CHART = "apiVersion: v2\nname: shop\nversion: 1.0.0\n"
BASE = {
    "c/git.yaml": GIT,
    "c/release.yaml": RELEASE,
    "charts/shop/Chart.yaml": CHART,
    "charts/shop/templates/a.yaml": config("a"),
}
MORE = {"charts/shop/templates/b.yaml": config("b")}
REVISIONS = RELEASE.replace("interval: 1m", "reconcileStrategy: Revision")

MESSAGE = (
    "The Helm chart charts/shop changes, but HelmRelease/shop/shop keeps what it has installed, as "
    "the chart's version is the same: raise the version in Chart.yaml, or set reconcileStrategy: "
    "Revision"
)


@pytest.mark.parametrize(
    ("base", "change", "reported"),
    [
        pytest.param({}, MORE, True, id="a new template"),
        pytest.param({}, {"charts/shop/README.md": "x"}, False, id="nothing that is installed"),
        pytest.param(
            {}, {"c/release.yaml": RELEASE.replace("a: b", "a: c")}, False, id="other values"
        ),
        pytest.param(
            {},
            {**MORE, "charts/shop/Chart.yaml": CHART.replace("1.0.0", "1.0.1")},
            False,
            id="with a new version",
        ),
        pytest.param(
            {"c/release.yaml": REVISIONS}, MORE, False, id="each revision of the repository counts"
        ),
        pytest.param(
            {},
            {**MORE, "c/release.yaml": RELEASE.replace("interval: 1m", "interval: 2m")},
            False,
            id="other settings of the chart make Flux pack it again",
        ),
    ],
)
def test_a_change_of_a_chart_that_flux_does_not_see_is_a_problem(
    base: dict[str, str], change: dict[str, str], *, reported: bool
) -> None:
    before = {**BASE, **base}
    problems = review(Repository(before, {**before, **change}), builds=True).problems

    assert [(problem.kind, problem.new, problem.message) for problem in problems] == (
        [
            (
                "unjudged",
                True,
                MESSAGE,
            )
        ]
        if reported
        else []
    )
