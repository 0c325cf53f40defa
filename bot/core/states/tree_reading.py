"""The roots of one side, read, and the state that they make of an environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from types import MappingProxyType

from bot.core.manifest import ManifestFile
from bot.core.placement_change import PlacementChange
from bot.core.policy.model import Policy
from bot.core.refused_release import RefusedRelease
from bot.core.rendering import Declared
from bot.core.resource import Resource, ResourceKey, TextPosition, written
from bot.core.state import Environment, State
from bot.core.states.carriers.nested import set_resources
from bot.core.states.closed_namespaces import closed_namespaces
from bot.core.states.combining import combined, joined
from bot.core.states.environments import Environments
from bot.core.states.placements.applied import Applied
from bot.core.states.roots.root import RootKey
from bot.core.template_decision import TemplateDecision
from bot.core.tree import File
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class TreeReading:
    """The roots of one side, read, by key, and what else its states know.

    `first` are keys of roots whose resources give way to equal ones of other roots.
    """

    roots: Mapping[RootKey, Applied]
    links: Mapping[str, File]
    external: tuple[Resource, ...] = ()
    governance: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    inputs: tuple[Resource, ...] = ()
    addresses: tuple[str, ...] = ()
    decisions: tuple[TemplateDecision, ...] = ()
    first: frozenset[RootKey] = frozenset()
    placement_changes: tuple[PlacementChange, ...] = ()
    policy_texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def placed(self, environment: Environment, environments: Environments) -> tuple[Applied, ...]:
        """The roots applied to an environment, in path order, those of `first` before the rest."""
        name = environment.name
        found = [
            (key not in self.first, applied)
            for key, applied in self.roots.items()
            if not applied.root.unlisted and name in environments.homes(applied.root)
        ]
        return tuple(applied for _, applied in sorted(found, key=lambda held: held[0]))

    def roles_beside(
        self, placed: Iterable[Applied], environment: Environment, environments: Environments
    ) -> tuple[Resource, ...]:
        """The roles of other environments, where nothing but inference divides them from this."""
        if len(environments.names) < 2 or environments.policy(environment.name) is not None:
            return ()
        own = {id(applied) for applied in placed}
        return tuple(
            role
            for applied in self.roots.values()
            if id(applied) not in own and applied.roles and not applied.root.unlisted
            if not environments.is_named(applied.root)
            for role in applied.roles
        )

    def state(
        self,
        environment: Environment,
        policy: Policy,
        environments: Environments,
        *,
        upgrade: bool = False,
    ) -> tuple[State, tuple[Applied, ...]]:
        """The state of an environment and its roots; `upgrade`: as one that has its charts."""
        applied = self.placed(environment, environments)
        links = any(environment.name in environments.home(path) for path in self.links)
        resources = combined(applied, upgrade=upgrade)
        resources = joined(resources, set_resources(resources, environment.default_namespace))
        closed = closed_namespaces(applied, resources, links=links)
        beside = self.roles_beside(applied, environment, environments)
        present = {resource.key for resource in resources} if beside else set()
        foreign = {role.key: role for role in beside if role.key not in present}
        # Few repositories have inputs or decisions, and all have many files.
        made_of = built_of(applied) if self.inputs or self.decisions else frozenset()
        applied_by = _applied_by(applied)
        files: dict[str, ManifestFile] = {}
        for root in applied:
            files.update(root.files)
        state = State(
            resources=(*resources, *foreign.values()),
            environment=environment,
            policy=policy,
            closed=closed,
            files=MappingProxyType({path: files[path] for path in sorted(files)}),
            external=self.external,
            governance=self.governance,
            policy_texts=self.policy_texts,
            inputs=tuple(resource for resource in self.inputs if resource.source.path in made_of),
            all_inputs=self.inputs,
            looked_into=_looked_into(applied),
            addresses=self.addresses,
            declarations=tuple(root.root.declared for root in applied if root.root.declared),
            applied_by=applied_by,
            also_inferred=_also_inferred(applied, applied_by),
            template_decisions=tuple(
                decision for decision in self.decisions if decision.path in made_of
            ),
            refused_releases=tuple(
                RefusedRelease(root.root.declared.node, root.refusal)
                for root in applied
                if root.refusal and root.root.declared is not None
            ),
            placement_changes=tuple(
                change
                for change in self.placement_changes
                if change.root is None or any(change.root == root.root.key for root in applied)
            ),
            foreign=frozenset(foreign),
        )
        return state, applied


def built_of(roots: Iterable[Applied]) -> frozenset[str]:
    """The tree's own paths of all that these roots are made of."""
    return frozenset(
        applied.root.own_paths.get(path, path) for applied in roots for path in applied.root.files
    )


def _applied_by(roots: Iterable[Applied]) -> Mapping[ResourceKey, tuple[Declared, ...]]:
    """Return the declarations of the roots with each resource; inferred roots have none."""
    declarations: dict[ResourceKey, list[Declared]] = {}
    for applied in roots:
        if applied.root.declared is not None:
            for resource in applied.resources:
                declarations.setdefault(resource.key, []).append(applied.root.declared)
    return MappingProxyType({key: tuple(found) for key, found in declarations.items()})


def _also_inferred(
    roots: Iterable[Applied], applied_by: Mapping[ResourceKey, object]
) -> frozenset[ResourceKey]:
    """Return the keys of declared roots' resources that a root which nothing declares holds too."""
    if not applied_by:
        return frozenset()
    return frozenset(
        resource.key
        for applied in roots
        if applied.root.declared is None
        for resource in applied.resources
        if resource.key in applied_by
    )


def _looked_into(roots: Iterable[Applied]) -> frozenset[TextPosition]:
    """The positions of the versions of fetched sources, of the roots that were rendered of them."""
    return frozenset(
        written(remote.source, remote.route)
        for applied in roots
        if applied.status == "rendered"
        for remote in applied.root.remotes
    )
