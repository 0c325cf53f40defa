"""A removed guard whose object stays in the cluster is a warning."""

from __future__ import annotations

import pytest

from bot.core.finding import Severity
from tests.analysis.law import Repository, application, blocks, config, flux, found, review
from tests.analysis.test_received import ALL, FLUX_MARK, policy
from tests.states import Files

GUARD = (
    "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata:\n  name: no-latest\n  {marks}\n"
    "spec:\n  validationFailureAction: Enforce\n  rules:\n  - name: tag\n"
    "    match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}\n"
    "    validate: {{pattern: {{spec: {{containers: [{{image: '!*:latest'}}]}}}}}}\n"
)
ARGO = "argocd.argoproj.io/sync-options"


def repository(owner: str, marks: str, *, guard: bool = True) -> Files:
    listed = "resources: [map.yaml, guard.yaml]\n" if guard else "resources: [map.yaml]\n"
    return {
        "owner.yaml": owner,
        "guards/kustomization.yaml": listed,
        "guards/map.yaml": config(),
        "guards/guard.yaml": GUARD.format(marks=f"annotations: {{{marks}}}"),
    }


@pytest.mark.parametrize(
    ("owner", "marks", "words"),
    [
        (flux("g", "guards"), f"{FLUX_MARK}/prune: disabled", f"{FLUX_MARK}/prune: disabled"),
        (
            flux("g", "guards", prune="false"),
            "",
            "prune: false of Kustomization/flux-system/g",
        ),
        (application("g", "guards"), f"{ARGO}: Prune=false", f"{ARGO}: Prune=false"),
    ],
)
def test_a_guard_that_its_owner_keeps_is_a_warning(owner: str, marks: str, words: str) -> None:
    change = Repository(repository(owner, marks), repository(owner, marks, guard=False))

    (finding,) = found(review(change), "guardrail-weakened")

    assert finding.severity is Severity.WARNING
    assert finding.message.endswith(
        f"; ClusterPolicy/no-latest stays in the cluster, by {words}, where no later review sees it"
    )


@pytest.mark.parametrize(
    ("owner", "marks"),
    [
        (flux("g", "guards"), ""),
        (flux("g", "guards"), f"{ARGO}: Prune=false"),
        (application("g", "guards"), f"{FLUX_MARK}/prune: disabled"),
        (application("g", "guards", sync="automated: {}"), ""),
        (config("nobody"), f"{FLUX_MARK}/prune: disabled"),
    ],
)
def test_a_guard_that_goes_or_may_go_later_is_an_error(owner: str, marks: str) -> None:
    change = Repository(repository(owner, marks), repository(owner, marks, guard=False))

    (finding,) = found(review(change), "guardrail-weakened")

    assert finding.severity is Severity.ERROR


def test_what_stays_does_not_excuse_what_goes() -> None:
    mark = f"{FLUX_MARK}/prune: disabled"
    base = repository(flux("g", "guards"), mark)
    other = GUARD.format(marks="{}").replace("no-latest", "other").replace("  {}\n", "")
    gone = {**base, "guards/kustomization.yaml": "resources: [map.yaml, guard.yaml, other.yaml]\n"}
    head = repository(flux("g", "guards"), mark, guard=False)

    analysis = review(Repository({**gone, "guards/other.yaml": other}, head))

    severities = {
        finding.resource.name: finding.severity
        for finding in found(analysis, "guardrail-weakened")
        if finding.resource is not None
    }
    assert severities == {"no-latest": Severity.WARNING, "other": Severity.ERROR}


def test_a_network_policy_that_stays_is_a_warning() -> None:
    pods = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: db, namespace: shop, labels: {app: db}}\n"
        "spec: {containers: [{name: db, image: registry.example.com/db:1.0.0}]}\n"
    )
    files = {
        "owner.yaml": flux("g", "guards"),
        "guards/kustomization.yaml": "resources: [pods.yaml, deny.yaml]\n",
        "guards/pods.yaml": pods,
        "guards/deny.yaml": policy("deny", ALL, f"{FLUX_MARK}/prune: disabled"),
    }
    head = {**files, "guards/kustomization.yaml": "resources: [pods.yaml]\n"}

    assert not blocks(review(Repository(files, head)))
