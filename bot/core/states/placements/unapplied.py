"""What a tool never applies: Helm's tests, what Argo CD skips, what is local to a build."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.core.manifest import ManifestFile
from bot.core.resource import Resource, ResourceKey
from bot.core.states.roots.root import Root

HELM_HOOK: Final = "helm.sh/hook"
ARGO_HOOK: Final = "argocd.argoproj.io/hook"
_LOCAL: Final = "config.kubernetes.io/local-config"
# What the annotations hold: few resources have any, and to decode all of them costs much.
_HOOK_MARK: Final = b"/hook"
_LOCAL_MARK: Final = b"/local-config"
# https://helm.sh/docs/topics/charts_hooks/: `test-success` is the name before Helm 3.
_TESTS: Final = frozenset({"test", "test-success", "test-failure"})
_SKIP: Final = frozenset({"Skip"})
# https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/
_ARGO_HOOKS: Final = _SKIP | {
    "PreSync",
    "Sync",
    "PostSync",
    "SyncFail",
    "PreDelete",
    "PostDelete",
}
# https://argo-cd.readthedocs.io/en/stable/user-guide/helm/#helm-hooks
_HELM_HOOKS_OF_ARGO: Final = frozenset(
    {"pre-install", "post-install", "pre-upgrade", "post-upgrade", "pre-delete", "post-delete"}
)


def is_skipped(root: Root, file: ManifestFile) -> bool:
    """Return whether Argo CD leaves a whole file of a directory out, by what is written in it.

    https://github.com/argoproj/argo-cd/blob/master/reposerver/repository/repository.go
    (getPotentiallyValidManifestFile)
    """
    return file.manifest.skipped and root.kind == "directory" and _tool(root) == "argocd"


def unapplied_copies(root: Root, resources: Sequence[Resource]) -> frozenset[ResourceKey]:
    """Return the keys of which Argo CD applies no copy, since it does not apply the last one.

    It keeps the last copy of each key of all sources, and looks at hooks afterwards:
    https://github.com/argoproj/argo-cd/blob/master/controller/state.go (CompareAppState)
    """
    if _tool(root) != "argocd" or all(_HOOK_MARK not in one.encoded for one in resources):
        return frozenset()
    last = {resource.key: resource for resource in resources if not resource.name.endswith("*")}
    return frozenset(key for key, resource in last.items() if not is_applied(root, resource))


def is_applied(root: Root, resource: Resource) -> bool:
    """Return whether the tool that applies a root applies this resource of it.

    What is local to a build is left out of its output by kustomize, with which Flux builds every
    directory, and by Config Sync.
    Only `helm test` creates the tests of a release; Flux runs them where a HelmRelease asks for it.
    Argo CD reads the annotations of hooks in every manifest, and in plain manifests they mean
    nothing to anybody else.
    """
    if _HOOK_MARK not in resource.encoded and _LOCAL_MARK not in resource.encoded:
        return True
    tool = _tool(root)
    leaves_out = root.kind == "directory" and tool in ("flux", "configsync")
    if (leaves_out or root.kind == "kustomization") and _is_local(resource):
        return False
    if tool == "argocd":
        return _is_applied_by_argo(resource)
    hooks = hook_names(resource.annotations.get(HELM_HOOK, ""))
    is_test = bool(hooks) and hooks <= _TESTS
    return not (is_test and root.kind == "chart" and tool != "flux-tests")


def _is_local(resource: Resource) -> bool:
    """Whether kustomize uses an object in a build and leaves it out of what comes of it.

    https://github.com/kubernetes-sigs/kustomize/blob/master/api/resource/factory.go
    (DropLocalNodes)
    """
    annotation = resource.at("metadata", "annotations", _LOCAL)
    return annotation.exists and annotation.value not in ("false", False)


def _is_applied_by_argo(resource: Resource) -> bool:
    """Whether Argo CD applies an object, as a hook or as a resource.

    What is marked as a hook and has no name that Argo CD knows, in its spelling, is neither, and
    `Skip` beside another name does not count:
    https://github.com/argoproj/argo-cd/blob/master/gitops-engine/pkg/sync/hook/hook.go
    """
    marks = resource.annotations
    helm = marks.get(HELM_HOOK)
    helm_hooks = hook_names(helm or "") & _HELM_HOOKS_OF_ARGO
    if ARGO_HOOK in marks:
        hooks = hook_names(marks[ARGO_HOOK]) & _ARGO_HOOKS
        return hooks != _SKIP and bool(hooks or helm_hooks)
    # Helm 2's mark of a definition is no hook for Argo CD.
    return helm is None or helm == "crd-install" or bool(helm_hooks)


def _tool(root: Root) -> str:
    return root.declared.tool if root.declared is not None else ""


def hook_names(text: str) -> frozenset[str]:
    """The names that an annotation of hooks lists, or that of their deletion."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())
