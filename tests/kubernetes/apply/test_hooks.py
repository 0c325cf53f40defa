"""Hooks of Argo CD and Helm, and which of them the cluster keeps."""

from __future__ import annotations

import pytest

from bot.kubernetes.apply.sync_options import is_hook, is_lost_as_hook, is_passing_hook
from bot.kubernetes.gitops.owners import Owner
from tests.states import world

ARGO = "apiVersion: argoproj.io/v1alpha1, kind: Application"
RELEASE = "apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease"
PRE_SYNC = "argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/hook"
FLUX = "apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization"


@pytest.mark.parametrize(
    ("owner", "marks", "hook", "lost"),
    [
        (ARGO, "argocd.argoproj.io/hook: SyncFail", True, True),
        (ARGO, "argocd.argoproj.io/hook: 'PostDelete, SyncFail'", True, True),
        (ARGO, "argocd.argoproj.io/hook: 'Sync, SyncFail'", True, False),
        (ARGO, "argocd.argoproj.io/hook: PreSync", True, False),
        (
            ARGO,
            f"{PRE_SYNC}-delete-policy: 'BeforeHookCreation,HookSucceeded'",
            True,
            True,
        ),
        (
            ARGO,
            f"{PRE_SYNC}-delete-policy: BeforeHookCreation",
            True,
            False,
        ),
        (ARGO, "argocd.argoproj.io/hook: Sync, helm.sh/hook: post-delete", True, False),
        (ARGO, "helm.sh/hook: pre-install", True, False),
        (ARGO, "helm.sh/hook: post-delete", True, True),
        (ARGO, "argocd.argoproj.io/sync-wave: '1'", False, False),
        (RELEASE, "helm.sh/hook: pre-install", True, True),
        (RELEASE, "helm.sh/hook: 'pre-install,pre-upgrade'", True, True),
        (RELEASE, "helm.sh/hook: 'pre-upgrade,post-upgrade'", True, False),
        (
            RELEASE,
            "helm.sh/hook: pre-upgrade, helm.sh/hook-delete-policy: hook-succeeded",
            True,
            True,
        ),
        (RELEASE, "argocd.argoproj.io/hook: SyncFail", False, False),
        (FLUX, "helm.sh/hook: post-delete", False, False),
    ],
)
def test_what_a_hook_leaves_in_the_cluster(
    owner: str, marks: str, *, hook: bool, lost: bool
) -> None:
    (applies, policy) = world(
        f"{{{owner}, metadata: {{name: a}}}}",
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, "
        f"metadata: {{name: p, annotations: {{{marks}}}}}}}",
    ).resources
    owners = (Owner(applies),)

    assert (is_hook(policy, owners), is_lost_as_hook(policy, owners)) == (hook, lost)


@pytest.mark.parametrize(
    ("marks", "passing"),
    [
        ("helm.sh/hook: pre-upgrade", False),
        ("helm.sh/hook: post-delete", True),
        ("helm.sh/hook: pre-upgrade, helm.sh/hook-delete-policy: hook-succeeded", True),
    ],
)
def test_a_hook_before_an_upgrade_stays_once_it_is_there(marks: str, *, passing: bool) -> None:
    owner, policy = world(
        f"{{{RELEASE}, metadata: {{name: a}}}}",
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, "
        f"metadata: {{name: p, annotations: {{{marks}}}}}}}",
    ).resources

    assert is_passing_hook(policy, (Owner(owner),)) == passing
