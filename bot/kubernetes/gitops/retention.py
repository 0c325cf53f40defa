"""What an owner leaves behind: settings under which removed objects stay in the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.gitops import config_sync
from bot.kubernetes.gitops.owner_fates import KEEPING_POLICIES, cascades, prunes_automatically
from bot.kubernetes.gitops.owners import application_spec

Retention: TypeAlias = Literal["pruning", "deletion", "confirmation"]
"""What an owner does not do: prune a manifest that is gone, delete what it applied when it goes
itself, or either of them without a person who confirms it."""


SOURCES: Final = (kinds.GIT_REPOSITORY, kinds.OCI_REPOSITORY, kinds.BUCKET)
"""Sources of Flux Kustomizations, which may leave files out."""


def retentions(owner: Resource) -> dict[Retention, Node]:
    """Return what an owner does not delete, each with the field that says so."""
    by_kind: dict[Retention, Node] = {}
    if owner.group_kind == kinds.FLUX_KUSTOMIZATION:
        spec = owner.at("spec")
        if spec["prune"].value is not True:
            by_kind["pruning"] = spec["prune"] if spec["prune"].exists else spec
        if spec["deletionPolicy"].text == "Orphan":
            by_kind["deletion"] = spec["deletionPolicy"]
    elif owner.group_kind in kinds.CONFIG_SYNCS and not config_sync.cascades(owner):
        policy = ("metadata", "annotations", config_sync.DELETION)
        by_kind["deletion"] = _nearest(owner.root, *policy)
    elif owner.group_kind in kinds.APPLICATIONS:
        if not prunes_automatically(owner):
            by_kind["pruning"] = _nearest(
                application_spec(owner), "syncPolicy", "automated", "prune"
            )
        for option in application_spec(owner)["syncPolicy"]["syncOptions"].items():
            if option.text in ("Prune=confirm", "Delete=confirm"):
                by_kind["confirmation"] = option
        keeping = next(_deletion(owner), None)
        if keeping is not None:
            by_kind["deletion"] = keeping
    return by_kind


def leaves_out(owner: Resource, state: State) -> Node | None:
    """Return the field by which the source of a Flux Kustomization leaves files out.

    https://fluxcd.io/flux/components/source/gitrepositories/#ignore and #sparse-checkout
    """
    if owner.group_kind != kinds.FLUX_KUSTOMIZATION:
        return None
    reference = owner.at("spec", "sourceRef")
    namespace = reference["namespace"].text or owner.namespace
    for source in state.of(*SOURCES, namespace=namespace):
        if (source.key.kind, source.name) == (reference["kind"].text, reference["name"].text):
            return next(source_selections(source), None)
    return None


def source_selections(source: Resource) -> Iterator[Node]:
    """Yield the fields by which a source of Flux leaves files out."""
    for name in ("ignore", "sparseCheckout"):
        if source.at("spec", name).value:
            yield source.at("spec", name)


def _deletion(owner: Resource) -> Iterator[Node]:
    """Yield the field by which Applications that go leave what they applied in the cluster."""
    if owner.group_kind == kinds.APPLICATION:
        if not cascades(owner):
            yield owner.at("metadata")
        return
    policy = owner.at("spec", "syncPolicy")
    if policy["applicationsSync"].text in KEEPING_POLICIES:
        yield policy["applicationsSync"]
    if not cascades(owner):
        kept = policy["preserveResourcesOnDeletion"]
        yield kept if kept.value is True else owner.at("spec", "template", "metadata", "finalizers")


def _nearest(node: Node, *path: str) -> Node:
    """Return the deepest field of a path that exists."""
    for name in path:
        if not node[name].exists:
            return node
        node = node[name]
    return node
