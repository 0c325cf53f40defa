"""What owners need before they apply anything: other objects, and what Argo CD allows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.globs import name_matches
from bot.core.resource import GroupKind, Node, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.records import dataclass

_OF_FLUX: Final = (kinds.FLUX_KUSTOMIZATION, kinds.HELM_RELEASE)
_SOURCES: Final = (kinds.GIT_REPOSITORY, kinds.OCI_REPOSITORY, kinds.BUCKET)
_DEFAULT_PROJECT: Final = "default"


@dataclass(frozen=True, slots=True)
class OwnerDependency:
    """A field of an owner that names another object, without which the owner applies nothing."""

    node: Node
    kind: GroupKind
    namespace: str | None
    name: str

    @property
    def target(self) -> tuple[GroupKind, str | None, str]:
        """The identity of that object."""
        return (self.kind, self.namespace, self.name)


def unmet(owner: Resource, before: State, after: State) -> Node | None:
    """Return the field by which an owner waits for what does not exist, or is refused.

    What an owner of base names as well exists, whether or not a manifest here says so.
    """
    if owner.group_kind == kinds.APPLICATION:
        return _refused(owner, before, after)
    if owner.group_kind not in _OF_FLUX:
        return None
    for item in owner.at("spec", "dependsOn").items():
        # https://fluxcd.io/flux/components/kustomize/kustomizations/#dependency-ready-expression
        if (item["readyExpr"].text or "").strip() == "false":
            return item["readyExpr"]
    for dependency in _all_dependencies(owner):
        if dependency.namespace not in after.closed:
            continue
        others = after.of(dependency.kind, namespace=dependency.namespace)
        if not others or any(other.name == dependency.name for other in others):
            continue
        is_depended_on = dependency.target in before.derived(_depended_on)
        if not is_depended_on and not _of_instance(dependency, after):
            return dependency.node
    return None


def may_exist(field: Node, before: State) -> bool:
    """Return whether what a field of an owner names may exist although no manifest here says so.

    Where base's own owners name others of its kind and namespace, and all of those are here, it is
    missing; else it may come from another repository.
    """
    for dependency in _all_dependencies(field.resource):
        if dependency.node.route == field.route:
            place = dependency.target[:2]
            named = [target for target in before.derived(_depended_on) if target[:2] == place]
            there = {one.name for one in before.of(dependency.kind, namespace=dependency.namespace)}
            return not named or any(name not in there for _, _, name in named)
    return False


def _all_dependencies(owner: Resource) -> Iterator[OwnerDependency]:
    """Yield what a Flux object needs before it applies anything.

    https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies
    """
    yield from dependencies(owner)
    account = owner.at("spec", "serviceAccountName")
    if account.text:
        yield OwnerDependency(account, kinds.SERVICE_ACCOUNT, owner.namespace, account.text)
    source = owner.at("spec", "sourceRef")
    for kind in _SOURCES:
        if source["kind"].text == kind.kind and source["name"].text:
            space = source["namespace"].text or owner.namespace
            yield OwnerDependency(source, kind, space, source["name"].text or "")


def dependencies(owner: Resource) -> Iterator[OwnerDependency]:
    """Yield the owners for which an object of Flux waits."""
    if owner.group_kind not in _OF_FLUX:
        return
    for item in owner.at("spec", "dependsOn").items():
        if item["name"].text:
            space = item["namespace"].text or owner.namespace
            yield OwnerDependency(item, owner.group_kind, space, item["name"].text or "")


def _depended_on(state: State) -> frozenset[tuple[GroupKind, str | None, str]]:
    owners = state.of(*_OF_FLUX)
    return frozenset(
        dependency.target for owner in owners for dependency in _all_dependencies(owner)
    )


def _of_instance(dependency: OwnerDependency, after: State) -> bool:
    """Whether a FluxInstance makes a source: it has the name of its namespace by default.

    https://fluxoperator.dev/docs/crd/fluxinstance/#sync-configuration
    """
    return dependency.kind in _SOURCES and bool(after.of(kinds.FLUX_INSTANCE))


def _refused(owner: Resource, before: State, after: State) -> Node | None:
    """The field for which Argo CD refuses a new Application: its project, or its namespace.

    https://argo-cd.readthedocs.io/en/stable/operator-manual/app-any-namespace/
    """
    node = owner.at("spec", "project")
    name = node.text or _DEFAULT_PROJECT
    projects = after.of(kinds.APP_PROJECT)
    namesakes = [project for project in projects if project.name == name]
    applications = before.of(kinds.APPLICATION)
    if not namesakes:
        closed = projects and all(project.namespace in after.closed for project in projects)
        used = any(other.at("spec", "project").text == name for other in applications)
        return node if closed and name != _DEFAULT_PROJECT and not used else None
    space = owner.namespace or ""
    if any(other.namespace == space for other in (*namesakes, *applications)):
        return None
    allowed = (
        pattern for project in namesakes for pattern in project.at("spec", "sourceNamespaces").texts
    )
    return None if name_matches(space, allowed) else owner.at("metadata", "namespace")
