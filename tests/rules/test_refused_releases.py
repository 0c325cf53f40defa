"""`manifest-unreadable` for a HelmRelease whose chart gives what Flux refuses."""

from __future__ import annotations

from bot.core.engine.review import Location
from tests.analysis.law import Repository, found, review
from tests.analysis.law_cases import SYNC

RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: stow, namespace: depot}
spec:
  interval: 5m
  chart:
    spec:
      chart: charts/stow
      reconcileStrategy: Revision
      sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}
      reconcileStrategy: Revision
"""
TEMPLATE = """\
apiVersion: v1
kind: Pod
metadata:
  name: stow
  labels:
    app: stow
spec:
  containers: [{name: a, image: "registry.example.com/a/b:1"}]
"""
TWICE = TEMPLATE.replace("    app: stow\n", "    app: stow\n    app: stow\n")
FILES = {
    "clusters/sync.yaml": SYNC,
    "clusters/release.yaml": RELEASE,
    "charts/stow/Chart.yaml": "apiVersion: v2\nname: stow\nversion: 0.1.0\n",
}


def _reviewed(before: str, after: str) -> list[tuple[str, Location | None, str]]:
    path = "charts/stow/templates/pod.yaml"
    change = Repository({**FILES, path: before}, {**FILES, path: after})
    analysis = review(change, builds=True)
    assert analysis.problems == ()
    return [
        (str(finding.severity), finding.location, finding.message)
        for finding in found(analysis, "manifest-unreadable")
    ]


def test_a_key_that_newly_stands_twice_fails_the_release() -> None:
    assert _reviewed(TEMPLATE, TWICE) == [
        (
            "error",
            Location("clusters/release.yaml", 8, "RIGHT"),
            (
                "HelmRelease/depot/stow fails: Flux refuses the output of its chart, although "
                "Helm accepts it: a mapping key is already defined"
            ),
        )
    ]


def test_what_it_gives_is_judged_all_the_same() -> None:
    path = "charts/stow/templates/pod.yaml"
    privileged = TWICE.replace("spec:\n", "spec:\n  hostPID: true\n")
    change = Repository({**FILES, path: TEMPLATE}, {**FILES, path: privileged})

    findings = found(review(change, builds=True), "workload-privileged")

    assert [str(finding.severity) for finding in findings] == ["error"]


def test_what_was_refused_before_is_not_said_again() -> None:
    assert (
        _reviewed(TWICE, TWICE.replace("registry.example.com/a/b:1", "x.example.com/a/b:2")) == []
    )
