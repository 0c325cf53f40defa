"""Applications of Argo CD that their project newly does not permit, so that they are not synced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from bot.core.finding import Finding
from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State, changes
from bot.core.words import first_of
from bot.kubernetes import kinds
from bot.kubernetes.authority.argo_permits import (
    Destination,
    permits_destination,
    permits_kind,
    permits_source,
)
from bot.kubernetes.causes import ChangedPosition, changed_place, same_place
from bot.kubernetes.gitops.argocd.source import source_nodes
from bot.kubernetes.naming import escaped
from bot.kubernetes.workloads.pods import str_of
from bot.records import dataclass

_SPECS = MappingProxyType(
    {kinds.APPLICATION: ("spec",), kinds.APPLICATION_SET: ("spec", "template", "spec")}
)
_MOST_RESOURCES = 2_000


@dataclass(frozen=True, slots=True)
class _Refusal:
    """One thing that a project does not permit, and the fields of project and Application."""

    application: Resource
    what: str
    project_fields: tuple[str, ...]
    node: Node


def refused_syncs(before: State, after: State) -> Iterator[Finding]:
    """The findings of a change, one for each project and field of it."""
    if not any(True for _ in changes(before, after, kinds.APP_PROJECT, *kinds.APPLICATIONS)):
        return
    old, new = before.derived(_projects), after.derived(_projects)
    gone: dict[str, list[Resource]] = {}
    by_field: dict[tuple[str, tuple[str, ...]], list[_Refusal]] = {}
    for application in after.of(*kinds.APPLICATIONS):
        name = _spec(application)["project"].text or "default"
        if name in old and name not in new:
            gone.setdefault(name, []).append(application)
        elif name in new:
            earlier = before.get(application.key)
            known = {} if earlier is None else _refusals(before, earlier, old)
            for what, refusal in _refusals(after, application, new).items():
                if what not in known:
                    by_field.setdefault((name, refusal.project_fields), []).append(refusal)
    for name, applications in gone.items():
        yield _gone(old[name], applications)
    for (name, _), refusals in by_field.items():
        yield _refused(before, new[name], refusals)


def _projects(state: State) -> Mapping[str, Resource]:
    return MappingProxyType({project.name: project for project in state.of(kinds.APP_PROJECT)})


def _spec(application: Resource) -> Node:
    return application.at(*_SPECS[application.group_kind])


def _refusals(
    state: State, application: Resource, projects: Mapping[str, Resource]
) -> dict[str, _Refusal]:
    spec = _spec(application)
    project = projects.get(spec["project"].text or "default")
    if project is None:
        return {}
    refusals = tuple(_refused_by(state, application, project.at("spec")))
    return {refusal.what: refusal for refusal in refusals}


def _refused_by(state: State, application: Resource, project: Node) -> Iterator[_Refusal]:
    spec = _spec(application)
    for source in source_nodes(spec):
        if not permits_source(project, source):
            address = source["repoURL"]
            what = f"the source {escaped(address.text or '')}"
            yield _Refusal(application, what, ("sourceRepos",), address)
    to = spec["destination"]
    spaces = {to["namespace"].text or "": to["namespace"]}
    unlisted: dict[str, bool] = {}
    for key in state.derived(_applied_by).get(application.key, ())[:_MOST_RESOURCES]:
        if key.namespace is not None:
            spaces.setdefault(key.namespace, to)
        if not permits_kind(project, key):
            scope = "cluster-scoped " if key.namespace is None else ""
            unlisted[f"{scope}{key.kind} {key.name}"] = key.namespace is None
    for space, node in spaces.items():
        target = Destination.of(to, None if node is not to else space)
        if not permits_destination(project, target):
            where = f"namespace {escaped(space or '(none)')}"
            yield _Refusal(application, where, ("destinations",), node)
    for what, is_cluster_scoped in unlisted.items():
        prefix = "cluster" if is_cluster_scoped else "namespace"
        fields = (f"{prefix}ResourceWhitelist", f"{prefix}ResourceBlacklist")
        yield _Refusal(application, what, fields, to)


def _applied_by(state: State) -> Mapping[ResourceKey, tuple[ResourceKey, ...]]:
    """The keys of the resources that each Application applies."""
    applied: dict[ResourceKey, list[ResourceKey]] = {}
    for key, roots in state.applied_by.items():
        for owner in dict.fromkeys(root.node.resource.key for root in roots):
            if owner.group_kind in kinds.APPLICATIONS:
                applied.setdefault(owner, []).append(key)
    return MappingProxyType({owner: tuple(keys) for owner, keys in applied.items()})


def _gone(project: Resource, applications: list[Resource]) -> Finding:
    names = _names(applications)
    return Finding(
        project.at("metadata", "name"),
        f"{str_of(project)} is gone, and {names} still "
        f"{'name it and are' if len(applications) > 1 else 'names it and is'} no longer synced",
        key="project",
        facts={"object": str(project.key)},
        side="LEFT",
    )


def _names(applications: list[Resource]) -> str:
    return first_of(list(dict.fromkeys(map(str_of, applications))), 1)


def _refused(before: State, project: Resource, refusals: list[_Refusal]) -> Finding:
    first = refusals[0]
    names = _names([refusal.application for refusal in refusals])
    place = _place(before, project, first)
    several = len({refusal.application.key for refusal in refusals}) > 1
    return Finding(
        place.node,
        f"{str_of(project)} does not allow {first.what} of {names}, "
        f"so that {'they are' if several else 'it is'} not synced",
        key=" ".join(first.project_fields),
        facts={"object": str(project.key)},
        side=place.side,
    )


def _place(before: State, project: Resource, refusal: _Refusal) -> ChangedPosition:
    """The entry that the project loses or gains, else its field, else that of the Application."""
    fields = tuple(project.at("spec", field) for field in refusal.project_fields)
    for field in fields:
        old = same_place(before, field)
        if old is not None:
            entries = [item.value for item in field.items()]
            known = [item.value for item in old.items()]
            lost = next((item for item in old.items() if item.value not in entries), None)
            if lost is not None:
                return ChangedPosition(lost, "LEFT")
            added = next((item for item in field.items() if item.value not in known), None)
            if added is not None:
                return ChangedPosition(added)
    return changed_place(before, (*fields, refusal.node)) or ChangedPosition(refusal.node)
