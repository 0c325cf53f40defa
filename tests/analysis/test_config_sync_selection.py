"""Guards that Config Sync newly chooses for other clusters or namespaces."""

from __future__ import annotations

import pytest

from tests.analysis.law import HERE, Repository, found, review

SYNC = (
    "apiVersion: configsync.gke.io/v1beta1\nkind: RootSync\n"
    "metadata: {name: root-sync, namespace: config-management-system}\n"
    f"spec: {{sourceFormat: unstructured, git: {{repo: '{HERE}', branch: main, dir: apps}}}}\n"
)
CLUSTER = "configmanagement.gke.io/cluster-selector: chosen"
NAMESPACE = "configmanagement.gke.io/namespace-selector: chosen"
BY_NAME = "configsync.gke.io/cluster-name-selector: "


def guard(notes: str = "", kind: str = "NetworkPolicy") -> str:
    return (
        f"apiVersion: networking.k8s.io/v1\nkind: {kind}\n"
        f"metadata: {{name: deny, namespace: shop, annotations: {{{notes}}}}}\n"
        "spec: {podSelector: {}, policyTypes: [Ingress]}\n"
    )


def selector(environment: str, kind: str = "ClusterSelector") -> str:
    return (
        f"apiVersion: configmanagement.gke.io/v1\nkind: {kind}\nmetadata: {{name: chosen}}\n"
        f"spec: {{selector: {{matchLabels: {{env: {environment}}}}}}}\n"
    )


def reported(base: dict[str, str], head: dict[str, str]) -> list[tuple[str, str]]:
    before, after = ({"sync.yaml": SYNC, **files} for files in (base, head))
    return [
        (finding.location.path if finding.location else "", finding.message.partition(":")[0])
        for finding in found(review(Repository(before, after)), "placement-changed")
    ]


@pytest.mark.parametrize("notes", [CLUSTER, NAMESPACE, f"{BY_NAME}a"])
def test_a_guard_that_is_newly_chosen_may_be_deleted_elsewhere(notes: str) -> None:
    [(path, message)] = reported({"apps/a.yaml": guard()}, {"apps/a.yaml": guard(notes)})

    assert path == "apps/a.yaml"
    assert message.startswith("NetworkPolicy/shop/deny may be deleted because of ")


def test_another_choice_may_delete_it_too() -> None:
    base, head = guard(f"{BY_NAME}'a, b'"), guard(f"{BY_NAME}a")

    assert len(reported({"apps/a.yaml": base}, {"apps/a.yaml": head})) == 1


@pytest.mark.parametrize(
    ("notes", "kind"), [(CLUSTER, "ClusterSelector"), (NAMESPACE, "NamespaceSelector")]
)
def test_a_selector_that_changes_is_where_the_finding_stands(notes: str, kind: str) -> None:
    base = {"apps/a.yaml": guard(notes), "apps/s.yaml": selector("prod", kind)}
    [(path, _)] = reported(base, {**base, "apps/s.yaml": selector("test", kind)})

    assert path == "apps/s.yaml"


CHOSEN = {"apps/a.yaml": guard(CLUSTER), "apps/s.yaml": selector("prod")}


@pytest.mark.parametrize(
    ("base", "head"),
    [
        ({}, CHOSEN),
        (CHOSEN, {**CHOSEN, "apps/a.yaml": guard()}),
        (CHOSEN, {**CHOSEN, "apps/a.yaml": guard(f"{CLUSTER}, note: other")}),
        (CHOSEN, {**CHOSEN, "apps/s.yaml": selector("prod") + "# the same\n"}),
        ({"apps/a.yaml": guard(kind="Ingress")}, {"apps/a.yaml": guard(CLUSTER, "Ingress")}),
    ],
    ids=["a new guard", "chosen everywhere", "the same choice", "the same selector", "no guard"],
)
def test_what_deletes_no_guard_is_quiet(base: dict[str, str], head: dict[str, str]) -> None:
    assert reported(base, head) == []
