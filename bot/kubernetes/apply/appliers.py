"""Which tools apply an object, and what each of them lets the API server refuse.

https://github.com/argoproj/gitops-engine/blob/master/pkg/utils/kube/resource_ops.go and
https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources
"""

from __future__ import annotations

from bot.core.rendering import Declared
from bot.core.resource import Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.gitops.owners import application_spec
from bot.kubernetes.gitops.prune_marks import sync_options
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Applier:
    """A tool that applies an object.

    `server_side` says that it applies server-side, so that two items of one key are refused, and
    unknown fields always. `validates` says that it asks the API server to refuse unknown fields.
    """

    tool: str
    server_side: bool
    validates: bool = True

    @property
    def is_strict(self) -> bool:
        """Whether an unknown field ends the apply."""
        return self.server_side or self.validates


def appliers(resource: Resource, state: State) -> tuple[Applier, ...]:
    """The tools that apply an object; empty where that is not known, as for kubectl and Helm."""
    appliers = [_applier(resource, declared) for declared in state.applied_by.get(resource.key, ())]
    named = tuple(applier for applier in appliers if applier is not None)
    return named if len(named) == len(appliers) else ()


def _applier(resource: Resource, declared: Declared) -> Applier | None:
    owner = declared.node.resource
    if owner.group_kind == kinds.FLUX_KUSTOMIZATION:
        return Applier("Flux", server_side=True)
    if declared.tool != "argocd":
        return None
    of_application = application_spec(owner)["syncPolicy"]["syncOptions"].texts
    options = {*of_application, *sync_options(resource)}
    server_side = "ServerSideApply=true" in options and "ServerSideApply=false" not in options
    return Applier("Argo CD", server_side, validates="Validate=false" not in options)
