"""What Helm creates only when it installs a chart makes up for nothing in an upgrade."""

from __future__ import annotations

import pytest

from tests.analysis.law import Repository, blocks, flux, found, review
from tests.analysis.law_cases import SYNC
from tests.analysis.test_received import ALL, PODS, policy
from tests.states import Files

CHART = "apiVersion: v2\nname: limits\nversion: 1.0.0\n"
ALL_HOOKS = "helm.sh/hook: 'pre-install,pre-upgrade,post-upgrade'"


def release(*more: str) -> str:
    """A HelmRelease of the chart in `limits`."""
    lines = "".join(f"  {line}\n" for line in more)
    return (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
        "metadata: {name: limits, namespace: shop}\nspec:\n  interval: 1m\n"
        "  chart:\n    spec:\n      chart: ./limits\n      reconcileStrategy: Revision\n"
        "      sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}\n"
        f"{lines}"
    )


def repository(owner: str, limits: Files, *, real: bool) -> Files:
    """Pods, a chart with limits, and a network policy that is applied by a Kustomization."""
    listed = "resources: [pods.yaml, real.yaml]\n" if real else "resources: [pods.yaml]\n"
    return {
        "clusters/sync.yaml": SYNC,
        "clusters/release.yaml": owner,
        "clusters/apps.yaml": flux("apps", "apps"),
        "apps/kustomization.yaml": listed,
        "apps/pods.yaml": PODS,
        "apps/real.yaml": policy("real", ALL),
        "limits/Chart.yaml": CHART,
        "limits/templates/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: limits}\n",
        **limits,
    }


@pytest.mark.parametrize(
    ("place", "mark", "settings", "words"),
    [
        ("crds", "", (), "HelmRelease/shop/limits without spec.upgrade.crds"),
        ("crds", "", ("upgrade: {crds: Skip}",), "crds: Skip of HelmRelease/shop/limits"),
        ("templates", "helm.sh/hook: pre-install", (), "helm.sh/hook: pre-install"),
        (
            "templates",
            ALL_HOOKS,
            ("upgrade: {disableHooks: true}",),
            "disableHooks: true of HelmRelease/shop/limits",
        ),
    ],
)
def test_a_guard_that_moves_to_what_an_upgrade_leaves_out_is_gone(
    place: str, mark: str, settings: tuple[str, ...], words: str
) -> None:
    owner = release(*settings)
    limits = {f"limits/{place}/a.yaml": policy("a", ALL, mark)}
    change = Repository(repository(owner, {}, real=True), repository(owner, limits, real=False))

    analysis = review(change, builds=True)

    assert blocks(analysis)
    assert "no tool applies" in found(analysis, "connectivity-widened")[0].message
    assert [finding.message for finding in found(analysis, "placement-changed")] == [
        f"NetworkPolicy/shop/a is never created because of {words}: what it refuses stays allowed"
    ]


@pytest.mark.parametrize(
    ("place", "mark", "settings"),
    [
        ("crds", "", ("upgrade: {crds: Create}",)),
        ("crds", "", ("upgrade: {crds: CreateReplace}",)),
        ("templates", ALL_HOOKS, ()),
        ("templates/crds", "", ()),
    ],
)
def test_what_an_upgrade_creates_counts(place: str, mark: str, settings: tuple[str, ...]) -> None:
    owner = release(*settings)
    limits = {f"limits/{place}/a.yaml": policy("a", ALL, mark)}
    change = Repository(repository(owner, {}, real=True), repository(owner, limits, real=False))

    assert not blocks(review(change, builds=True))


def test_what_an_install_creates_counts() -> None:
    limits = {"limits/crds/a.yaml": policy("a", ALL)}
    base = repository("", {}, real=True)
    change = Repository(base, repository(release(), limits, real=False))

    assert found(review(change, builds=True), "connectivity-widened") == []


def test_a_definition_of_a_chart_that_an_upgrade_skips_stays_as_it_is() -> None:
    owner = release()
    narrow = policy("a", "{podSelector: {matchLabels: {app: other}}}")
    base = repository(owner, {"limits/crds/a.yaml": narrow}, real=True)
    head = repository(owner, {"limits/crds/a.yaml": policy("a", ALL)}, real=False)

    analysis = review(Repository(base, head), builds=True)

    assert "no tool applies" in found(analysis, "connectivity-widened")[0].message
    (finding,) = found(analysis, "placement-changed")
    assert "is not updated because of" in finding.message
