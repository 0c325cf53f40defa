"""What a finding says of a removed object that stays in the cluster."""

from __future__ import annotations

import pytest

from bot.core.finding import Severity
from tests.analysis.law import (
    Repository,
    application,
    binding,
    blocks,
    config,
    flux,
    found,
    review,
    role,
)
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
def test_an_error_says_that_its_owner_keeps_the_guard(owner: str, marks: str, words: str) -> None:
    change = Repository(repository(owner, marks), repository(owner, marks, guard=False))

    (finding,) = found(review(change), "guardrail-weakened")

    assert finding.severity is Severity.ERROR
    assert finding.message.endswith(
        f"; ClusterPolicy/no-latest stays in the cluster because of {words}, "
        "where no later review sees it"
    )


@pytest.mark.parametrize(
    ("owner", "marks"),
    [
        (flux("g", "guards"), ""),
        # Flux never applies such a mark, so that the object in the cluster is without it.
        (flux("g", "guards"), f"{FLUX_MARK}/reconcile: disabled"),
        (flux("g", "guards"), f"{ARGO}: Prune=false"),
        (application("g", "guards"), f"{FLUX_MARK}/prune: disabled"),
        (application("g", "guards", sync="automated: {}"), ""),
        (config("nobody"), f"{FLUX_MARK}/prune: disabled"),
    ],
)
def test_nothing_is_said_to_stay_that_goes_or_may_go_later(owner: str, marks: str) -> None:
    change = Repository(repository(owner, marks), repository(owner, marks, guard=False))

    (finding,) = found(review(change), "guardrail-weakened")

    assert "stays in the cluster" not in finding.message


def test_a_network_policy_that_stays_may_not_go_unseen() -> None:
    """It can be written anew in a later change, which compares its weaker form with none."""
    files = {
        "owner.yaml": flux("g", "guards"),
        "guards/kustomization.yaml": "resources: [pods.yaml, deny.yaml]\n",
        "guards/pods.yaml": _pod(""),
        "guards/deny.yaml": policy("deny", ALL, f"{FLUX_MARK}/prune: disabled"),
    }
    head = {**files, "guards/kustomization.yaml": "resources: [pods.yaml]\n"}

    assert blocks(review(Repository(files, head)))


@pytest.mark.parametrize(
    ("mark", "severity"), [("disabled", Severity.WARNING), ("enabled", Severity.ERROR)]
)
def test_a_settings_file_that_stays_is_a_warning(mark: str, severity: Severity) -> None:
    settings = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: shop, "
        f"annotations: {{{FLUX_MARK}/prune: {mark}}}}}\ndata: {{a: b}}\n"
    )
    files = {
        "owner.yaml": flux("g", "guards"),
        "guards/kustomization.yaml": "resources: [pods.yaml, settings.yaml]\n",
        "guards/pods.yaml": _pod(", envFrom: [{configMapRef: {name: settings}}]"),
        "guards/settings.yaml": settings,
    }
    head = {**files, "guards/kustomization.yaml": "resources: [pods.yaml]\n"}

    (finding,) = found(review(Repository(files, head)), "reference-broken")

    assert finding.severity is severity


@pytest.mark.parametrize("prune", ["true", "false"])
def test_a_new_binding_is_judged_by_a_removed_role_that_stays(prune: str) -> None:
    files = {
        "owner.yaml": flux("g", "guards", prune=prune),
        "guards/kustomization.yaml": "resources: [role.yaml]\n",
        "guards/role.yaml": role(),
    }
    head = {**files, "guards/role.yaml": binding(role="ops")}

    grants = found(review(Repository(files, head)), "rbac-privilege-added")

    assert [finding.severity for finding in grants] == [Severity.ERROR] * (prune == "false")
    assert all(
        "; ClusterRole/ops stays in the cluster because of prune: false of " in finding.message
        for finding in grants
    )


@pytest.mark.parametrize(
    ("prune", "verbs", "severities"),
    [("false", '"*"', [Severity.ERROR]), ("true", '"*"', []), ("false", "get", [])],
)
def test_a_strong_role_may_not_go_unseen(
    prune: str, verbs: str, severities: list[Severity]
) -> None:
    """A later binding to it would be one to a role that nobody knows."""
    weak = role().replace('resources: ["*"], verbs: ["*"]', 'resources: ["pods"], verbs: ["get"]')
    files = {
        "owner.yaml": flux("g", "guards", prune=prune),
        "guards/kustomization.yaml": "resources: [map.yaml, role.yaml]\n",
        "guards/map.yaml": config(),
        "guards/role.yaml": weak if verbs == "get" else role(),
    }
    head = {**files, "guards/kustomization.yaml": "resources: [map.yaml]\n"}

    findings = found(review(Repository(files, head)), "placement-changed")

    assert [finding.severity for finding in findings] == severities
    message = (
        "A later binding to ClusterRole/ops would be judged without its rules; ClusterRole/ops "
        "stays in the cluster because of prune: false of Kustomization/flux-system/g, "
        "where no later review sees it"
    )
    assert [finding.message for finding in findings] == [message] * len(severities)


def _pod(fields: str) -> str:
    return (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: db, namespace: shop, labels: {app: db}}\n"
        f"spec: {{containers: [{{name: db, image: registry.example.com/db:1.0.0{fields}}}]}}\n"
    )


def claim(marks: str) -> str:
    """A claim with annotations."""
    return (
        "apiVersion: v1\nkind: PersistentVolumeClaim\n"
        f"metadata: {{name: data, namespace: shop, annotations: {{{marks}}}}}\n"
        "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n"
    )


SUSPENDED = flux("g", "guards", "suspend: true")
IGNORING = "automated: {prune: true}, syncOptions: [RespectIgnoreDifferences=true]"
ANNOTATIONS = (
    "  ignoreDifferences: [{kind: PersistentVolumeClaim, jsonPointers: [/metadata/annotations]}]\n"
)
IGNORED = application("g", "guards", sync=IGNORING) + ANNOTATIONS
NEVER = "whoever removes the manifest later deletes it without a review"


@pytest.mark.parametrize(
    ("owner", "old", "new", "by"),
    [
        (flux("g", "guards"), "", f"{FLUX_MARK}/reconcile: disabled", ""),
        (flux("g", "guards"), "", f"{FLUX_MARK}/ssa: Ignore", ""),
        (
            flux("g", "guards"),
            "",
            f"{FLUX_MARK}/ssa: IfNotPresent, {FLUX_MARK}/prune: disabled",
            f" because of {FLUX_MARK}/ssa: IfNotPresent",
        ),
        (
            SUSPENDED,
            "",
            f"{FLUX_MARK}/prune: disabled",
            " because of suspend: true of Kustomization/flux-system/g",
        ),
        (
            IGNORED,
            "",
            f"{ARGO}: Prune=confirm",
            (
                " because of spec.ignoreDifferences[kind=PersistentVolumeClaim] "
                "of Application/argocd/g"
            ),
        ),
        (flux("g", "guards"), "", f"{FLUX_MARK}/prune: disabled", None),
        (flux("g", "guards", prune="false"), "", f"{FLUX_MARK}/reconcile: disabled", None),
        (flux("g", "guards"), f"{FLUX_MARK}/prune: disabled", f"{FLUX_MARK}/ssa: Ignore", None),
        (flux("g", "guards"), f"{FLUX_MARK}/ssa: Ignore", f"{FLUX_MARK}/ssa: ignore", None),
        (application("g", "guards"), "", f"{FLUX_MARK}/reconcile: disabled", None),
        (application("g", "guards"), "", f"{ARGO}: Prune=false", None),
    ],
)
def test_a_new_mark_keeps_nothing_where_it_does_not_arrive(
    owner: str, old: str, new: str, by: str | None
) -> None:
    sides = [
        {
            "owner.yaml": owner,
            "guards/kustomization.yaml": "resources: [claim.yaml]\n",
            "guards/claim.yaml": claim(marks),
        }
        for marks in (old, new)
    ]

    findings = found(review(Repository(*sides)), "resource-pruned")

    ends = [finding.message.partition("the existing object")[2] for finding in findings]
    assert ends == ([] if by is None else [f"{by}: {NEVER}"])
    assert all(finding.severity is Severity.ERROR for finding in findings)


def test_an_owner_that_stays_itself_stands_for_its_fields() -> None:
    """What applied it does not prune, so that it goes on applying, by no field of its own."""
    parent = {
        "owner.yaml": flux("parent", "apps", prune="false"),
        "apps/kustomization.yaml": "resources: [g.yaml]\n",
        "apps/g.yaml": config(),
    }
    files = {
        **parent,
        "apps/g.yaml": flux("g", "guards"),
        "guards/kustomization.yaml": "resources: [guard.yaml]\n",
        "guards/guard.yaml": GUARD.format(marks=""),
    }

    (finding,) = found(review(Repository(files, parent)), "guardrail-weakened")

    assert (
        "stays in the cluster because of Kustomization/flux-system/g, where no" in finding.message
    )
