"""The first transforming section of a kustomization, and the last one that goes."""

from __future__ import annotations

from bot.core.engine.review import Location
from tests.analysis.law import Repository, found, review, workload

LISTED = "resources:\n- api.yaml\n- claim.yaml\n"
IMAGES = f"{LISTED}images:\n- name: registry.example.com/shop/api\n  newTag: latest\n"
CLAIM = (
    "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: shop}\n"
    "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n"
)
DELETES = (
    "\npatches:\n- target: {name: 'da.*'}\n  patch: |-\n    apiVersion: v1\n    kind: Any\n"
    "    metadata: {name: any}\n    $patch: delete\n"
)
FLOATING = workload(image="registry.example.com/shop/api:latest")


def _locations(before: str, after: str, rule: str, api: str) -> list[Location | None]:
    files = {"api.yaml": api, "claim.yaml": CLAIM}
    change = Repository(
        {**files, "kustomization.yaml": before}, {**files, "kustomization.yaml": after}
    )
    return [finding.location for finding in found(review(change, builds=True), rule)]


def test_the_first_images_section_has_the_finding() -> None:
    locations = _locations(LISTED, IMAGES, "image-tag-mutable", workload())

    assert locations == [Location("kustomization.yaml", 6, "RIGHT")]


def test_the_images_section_that_goes_has_the_finding() -> None:
    pinned = IMAGES.replace("latest", "1.0.0")

    locations = _locations(pinned, LISTED, "image-tag-mutable", FLOATING)

    assert locations == [Location("kustomization.yaml", 6, "LEFT")]


def test_a_patch_that_deletes_has_the_finding_at_its_line() -> None:
    locations = _locations(LISTED, LISTED + DELETES, "resource-pruned", workload())

    assert locations == [Location("kustomization.yaml", 11, "RIGHT")]
