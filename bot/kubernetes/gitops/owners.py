"""What applies which directory of a repository, and whether it prunes there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.gitops.tree_files import within


@dataclass(frozen=True, slots=True)
class ApplyingTool:
    """What applies a directory of a repository, and whether it prunes there."""

    path: str
    prunes: bool


def owners(state: State) -> tuple[ApplyingTool, ...]:
    """What this state says of who applies which directory; sources elsewhere name paths too."""
    return (
        *(owner for resource in state.of(kinds.APPLICATION) for owner in _application(resource)),
        *(_kustomization(resource) for resource in state.of(kinds.FLUX_KUSTOMIZATION)),
    )


def _application(application: Resource) -> Iterator[ApplyingTool]:
    automated = application.at("spec", "syncPolicy", "automated")
    on = automated.value is not None and automated["enabled"].value is not False
    prunes = on and automated["prune"].value is True
    for source in (application.at("spec", "source"), *application.at("spec", "sources").items()):
        if source["path"].text is not None:
            yield ApplyingTool(_directory(source["path"]), prunes)


def _kustomization(kustomization: Resource) -> ApplyingTool:
    spec = kustomization.at("spec")
    return ApplyingTool(_directory(spec["path"]), spec["prune"].value is True)


def _directory(node: Node) -> str:
    return within(node.text or ".") or ""
