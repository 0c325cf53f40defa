"""An Argo CD Application, and one of its sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.resource import Node, Resource
from bot.core.values import Body, mapping, text
from bot.kubernetes.gitops.tree_files import TreeFiles


@dataclass(frozen=True, slots=True)
class Application:
    """An Application, be it written or made by an ApplicationSet.

    `spec` is what it says, `node` where the manifest says it: the `spec` of an Application, or of
    an ApplicationSet's template.
    """

    node: Node
    name: str
    namespace: str
    spec: Body
    hindrances: tuple[str, ...] = ()

    @classmethod
    def of(cls, resource: Resource) -> Application:
        """The Application that a resource is."""
        return cls(
            resource.at("spec"),
            resource.name,
            resource.namespace or "",
            resource.at("spec").mapping,
        )


@dataclass(frozen=True, slots=True)
class ArgoSource:
    """One source of an Application, at its directory.

    `body` is the source with the overrides that lie in the directory; `refs` says for each name of
    another source whether it is this repository, None where that is not known.
    """

    application: Application
    body: Body
    place: str
    places: TreeFiles
    refs: Mapping[str, bool | None] = field(default_factory=dict)

    @property
    def destination(self) -> Body:
        """Where the Application goes."""
        return mapping(self.application.spec.get("destination"))

    @property
    def variables(self) -> Mapping[str, str]:
        """Argo CD's variables of this source."""
        namespace = text(self.destination.get("namespace"))
        return {
            "ARGOCD_APP_NAME": self.application.name,
            "ARGOCD_APP_NAMESPACE": namespace or "",
            "ARGOCD_APP_PROJECT_NAME": text(self.application.spec.get("project")) or "",
            "ARGOCD_APP_SOURCE_PATH": text(self.body.get("path")) or "",
            "ARGOCD_APP_SOURCE_REPO_URL": text(self.body.get("repoURL")) or "",
            "ARGOCD_APP_SOURCE_TARGET_REVISION": text(self.body.get("targetRevision")) or "",
        }
