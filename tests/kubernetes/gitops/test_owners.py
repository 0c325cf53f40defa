"""Who applies a resource, and what each owner does once it is removed."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest

from bot.analysis.examine import examine
from bot.catalog import load_rules
from bot.core.policy.model import Policy

RULES = tuple(rule for rule in load_rules() if rule.id == "resource-pruned")
CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
  namespace: shop
  annotations: {x: y}
  labels: {x: y}
"""
OTHER = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other, namespace: shop}\n"
FLUX = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: shop, namespace: flux-system}
spec: {path: ./shop, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
"""
ARGO = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: shop
  namespace: argocd
  finalizers: [resources-finalizer.argocd.argoproj.io]
spec:
  destination: {server: "https://kubernetes.default.svc"}
  source: {repoURL: "https://github.com/example/gitops", path: shop}
  syncPolicy: {automated: {prune: true}}
"""
SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: shops, namespace: argocd}
spec:
  goTemplate: true
  generators: [{list: {elements: [{name: shop}]}}]
  template:
    metadata: {name: "{{.name}}"}
    spec:
      destination: {server: "https://kubernetes.default.svc"}
      source: {repoURL: "https://github.com/example/gitops", path: shop}
      syncPolicy: {automated: {prune: true}}
"""


def messages(base: dict[str, str], head: dict[str, str]) -> list[str]:
    sides = [{path: text.encode() for path, text in side.items()} for side in (base, head)]
    analysis = examine(sides[0], sides[1], Policy(), RULES)
    return [finding.message for finding in analysis.findings]


def removed(owner: str, claim: str = CLAIM) -> list[str]:
    """What is said where the claim's manifest goes and its owner stays."""
    rest = {"owner.yaml": owner, "shop/other.yaml": OTHER}
    return messages({**rest, "shop/claim.yaml": claim}, rest)


def orphaned(owner: str, *, head: str = "", claim: str = CLAIM) -> list[str]:
    """What is said where the owner goes, or becomes another one, and the manifests stay.

    Whether a directory that nothing declares any more is applied as it stands decides how it is
    said, and not what is lost: the two sentences are one here.
    """
    listed = (
        {"shop/kustomization.yaml": "resources: [claim.yaml]\n"} if "kustomize" in owner else {}
    )
    rest = {"shop/claim.yaml": claim, "x.yaml": OTHER, **listed}
    found = messages({**rest, "owner.yaml": owner}, {**rest, "owner.yaml": head} if head else rest)
    with_owner = re.compile(r"is deleted with its owner [^:]+:")
    return [with_owner.sub("is removed and will be pruned:", message) for message in found]


GO = "  goTemplate: true\n"
PRUNED = (
    "PersistentVolumeClaim shop/data is removed and will be pruned: its data goes with it "
    "unless the volume is retained"
)


@pytest.mark.parametrize("owner", [ARGO, SET], ids=["argo", "set"])
def test_an_owner_that_prunes_deletes_what_it_no_longer_finds(owner: str) -> None:
    assert removed(owner) == [PRUNED]
    assert removed(owner.replace("{prune: true}", "{}")) == []
    assert removed(owner.replace("{prune: true}", "{prune: true, enabled: false}")) == []


@pytest.mark.parametrize("copy", ["copy.yaml", "a/copy.yaml"])
def test_of_two_manifests_of_an_owner_the_one_that_prunes_decides(copy: str) -> None:
    rest = {"owner.yaml": ARGO, copy: ARGO.replace("{prune: true}", "{}"), "shop/other.yaml": OTHER}

    assert messages({**rest, "shop/claim.yaml": CLAIM}, rest) == [PRUNED]


def test_an_object_that_merely_names_the_directory_does_not_say_that_nothing_prunes_it() -> None:
    named = FLUX.replace("prune: true, sourceRef: {kind: GitRepository, name: flux-system}", "")

    (message,) = removed(named)
    assert message.startswith("PersistentVolumeClaim shop/data is removed: if it is pruned")


HOOKED = (
    "PersistentVolumeClaim shop/data becomes a hook, which deletes the object that is there: {}its "
    "data goes with it unless the volume is retained"
)


@pytest.mark.parametrize(
    ("owner", "mark", "message"),
    [
        (ARGO, "argocd.argoproj.io/hook: PreSync", [HOOKED.format("")]),
        (ARGO, "helm.sh/hook: pre-install", [HOOKED.format("")]),
        (FLUX, "argocd.argoproj.io/hook: PreSync", []),
        (OTHER, "argocd.argoproj.io/hook: PreSync", [HOOKED.format("if it is pruned, ")]),
    ],
)
def test_an_object_that_becomes_a_hook_is_deleted_by_who_obeys_the_mark(
    owner: str, mark: str, message: list[str]
) -> None:
    rest = {"owner.yaml": owner, "shop/other.yaml": OTHER}
    rest |= {"shop/kustomization.yaml": "resources: [other.yaml]\n"}
    hook = CLAIM.replace("annotations: {x: y}", f"annotations: {{{mark}}}")
    listed = {"shop/kustomization.yaml": "resources: [other.yaml, claim.yaml]\n"}
    base, head = ({**rest, **listed, "shop/claim.yaml": claim} for claim in (CLAIM, hook))

    assert messages(base, head) == message
    assert messages(head, rest) == ([PRUNED] if owner is FLUX else [])


MARKS = {
    "argo": "annotations: {argocd.argoproj.io/sync-options: Prune=false}",
    "argo-delete": "annotations: {argocd.argoproj.io/sync-options: Delete=false}",
    "helm": "annotations: {helm.sh/resource-policy: keep}",
    "flux": "annotations: {kustomize.toolkit.fluxcd.io/prune: Disabled}",
    "flux-reconcile": "annotations: {kustomize.toolkit.fluxcd.io/reconcile: disabled}",
    "flux-ssa": "annotations: {kustomize.toolkit.fluxcd.io/ssa: Ignore}",
}


@pytest.mark.parametrize(
    ("mark", "pruned", "cascaded"),
    [
        ("argo", False, True),
        ("argo-delete", True, False),
        ("helm", True, False),
        ("flux", True, True),
        ("flux-reconcile", True, True),
        ("flux-ssa", True, True),
    ],
)
def test_argo_cd_obeys_its_own_marks(mark: str, *, pruned: bool, cascaded: bool) -> None:
    claim = CLAIM.replace("annotations: {x: y}", MARKS[mark])

    assert bool(removed(ARGO, claim)) is pruned
    assert bool(orphaned(ARGO, claim=claim)) is cascaded


@pytest.mark.parametrize(
    ("mark", "kept"),
    [
        ("argo", False),
        ("argo-delete", False),
        ("helm", False),
        ("flux", True),
        ("flux-reconcile", True),
        ("flux-ssa", True),
    ],
)
def test_flux_obeys_its_own_marks_as_label_or_annotation(mark: str, *, kept: bool) -> None:
    annotated = CLAIM.replace("annotations: {x: y}", MARKS[mark])
    labelled = CLAIM.replace("labels: {x: y}", MARKS[mark].replace("annotations", "labels"))

    assert bool(orphaned(FLUX, claim=annotated)) is not kept
    if kept:
        assert orphaned(FLUX, claim=labelled) == []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("prune: true", True),
        ("prune: false", False),
        ("prune: true, deletionPolicy: Orphan", False),
        ("prune: false, deletionPolicy: Delete", True),
        ("prune: false, deletionPolicy: WaitForTermination", True),
        ("prune: true, suspend: true", False),
    ],
)
def test_a_removed_kustomization_deletes_by_its_policy(spec: str, *, expected: bool) -> None:
    owner = FLUX.replace("prune: true", spec)
    found = [PRUNED] if expected else []

    assert orphaned(owner) == found
    assert orphaned(owner, head=owner.replace("name: shop,", "name: store,")) == found


def test_a_removed_application_deletes_only_with_its_finalizer() -> None:
    bare = ARGO.replace("  finalizers: [resources-finalizer.argocd.argoproj.io]\n", "")

    assert orphaned(ARGO) == [PRUNED]
    assert orphaned(bare) == []


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (("{name: shop}", ""), True),
        (("{name: shop}", "{name: store}"), True),
        ((GO, f"  syncPolicy: {{preserveResourcesOnDeletion: true}}\n{GO}"), False),
        ((GO, f"  syncPolicy: {{applicationsSync: create-only}}\n{GO}"), False),
    ],
)
def test_an_element_that_leaves_a_set_takes_its_resources_along(
    edit: tuple[str, str], *, expected: bool
) -> None:
    base = SET.replace(*edit) if "syncPolicy: {" in edit[1] else SET
    head = base.replace("{name: shop}", "") if base is not SET else SET.replace(*edit)

    assert orphaned(base, head=head) == ([PRUNED] if expected else [])


def test_an_owner_that_nobody_deletes_from_the_cluster_keeps_its_resources() -> None:
    parent = dedent(
        """\
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: apps, namespace: argocd}
        spec:
          destination: {server: "https://kubernetes.default.svc"}
          source: {repoURL: "https://github.com/example/gitops", path: apps}
        """
    )
    rest = {"root.yaml": parent, "shop/claim.yaml": CLAIM, "apps/x.yaml": OTHER}

    assert messages({**rest, "apps/shop.yaml": ARGO}, rest) == []
    pruning = {**rest, "root.yaml": parent + "  syncPolicy: {automated: {prune: true}}\n"}
    assert messages({**pruning, "apps/shop.yaml": ARGO}, pruning) == [
        PRUNED.replace(
            "removed and will be pruned", "deleted with its owner Application/argocd/shop"
        )
    ]
