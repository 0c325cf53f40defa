"""Objects that a tool never applies: Helm's tests, and hooks that Argo CD skips."""

from __future__ import annotations

from typing import Final

from bot.core.resource import Resource
from bot.core.states.roots.root import Root

_HELM_HOOK: Final = "helm.sh/hook"
_ARGO_HOOK: Final = "argocd.argoproj.io/hook"
# https://helm.sh/docs/topics/charts_hooks/: `test-success` is the name before Helm 3.
_MARK: Final = b"/hook"
"""What both annotations hold: few resources have either, and to decode all of them costs much."""
_TESTS: Final = frozenset({"test", "test-success", "test-failure"})


def is_applied(root: Root, resource: Resource) -> bool:
    """Return whether the tool that applies a root applies this resource of it.

    Only `helm test` creates the tests of a release: Argo CD leaves them out, and Flux runs them
    where a HelmRelease asks for it. Argo CD reads the annotations in every manifest, and in
    plain manifests they mean nothing to anybody else.
    """
    if _MARK not in resource.encoded:
        return True
    tool = root.declared.tool if root.declared is not None else ""
    argo = tool == "argocd"
    hooks = _names(resource.annotations.get(_HELM_HOOK, ""))
    if hooks and hooks <= _TESTS and (argo or (root.kind == "chart" and tool != "flux-tests")):
        return False
    return not (argo and "Skip" in _names(resource.annotations.get(_ARGO_HOOK, "")))


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())
