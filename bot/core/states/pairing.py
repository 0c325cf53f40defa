"""Pairing: the states of an environment at base and at head, from roots that were read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
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
from bot.core.states.environments import Environments
from bot.core.states.placements.applied import Applied
from bot.core.states.roots.root import RootKey
from bot.core.template_decision import TemplateDecision
from bot.core.tree import File
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """One environment at base and at head, and the directories of its roots.

    `foreign` are the keys of roles that belong to other environments and are only seen here,
    because inferred divisions do not separate RBAC. `shared` are the keys of resources that all
    environments have, because their roots lie in none. `abandoned` are the keys of what declared
    roots of base apply, and no declared root of head.
    """

    before: State
    after: State
    roots: tuple[str, ...]
    foreign: frozenset[ResourceKey] = frozenset()
    shared: frozenset[ResourceKey] = frozenset()
    abandoned: frozenset[ResourceKey] = frozenset()

    def without_abandoned(self) -> Pair:
        """The environment without what lies at head where nothing says that it is applied."""
        kept = (held for held in self.after.resources if held.key not in self.abandoned)
        return replace(self, after=replace(self.after, resources=tuple(kept)))


@dataclass(frozen=True, slots=True)
class TreeReading:
    """The roots of one side, read, by key, and what else its states know.

    `first` are keys of roots whose resources give way to equal ones of other roots.
    """

    roots: Mapping[RootKey, Applied]
    links: Mapping[str, File]
    known: tuple[Resource, ...] = ()
    governance: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    inputs: tuple[Resource, ...] = ()
    addresses: tuple[str, ...] = ()
    decisions: tuple[TemplateDecision, ...] = ()
    first: frozenset[RootKey] = frozenset()
    placement_changes: tuple[PlacementChange, ...] = ()

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
        made_of = _built_of(applied) if self.inputs or self.decisions else frozenset()
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
            external=self.known,
            governance=self.governance,
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


@dataclass(slots=True)
class Pairing:
    """The environments of two sides; those that are equal on both are not put together."""

    environments: Environments
    policy: Policy
    before: TreeReading
    after: TreeReading
    _differing: frozenset[str] | None = field(default=None)

    def pair(self, environment: Environment) -> Pair | None:
        """An environment on both sides, None where it is the same."""
        if environment.name not in self._differing_names():
            return None
        before, old = self.before.state(environment, self.policy, self.environments)
        after, new = self.after.state(environment, self.policy, self.environments)
        places = {applied.root.path for applied in (*old, *new)}
        own = {resource.key for applied in (*old, *new) for resource in applied.roles}
        beside = (
            role.key
            for side, placed in ((self.before, old), (self.after, new))
            for role in side.roles_beside(placed, environment, self.environments)
        )
        return Pair(
            before,
            after,
            tuple(sorted(places)),
            frozenset(beside) - own,
            self._shared((*old, *new)),
            self._abandoned(before, after, new),
        )

    def _abandoned(
        self, before: State, after: State, placed: Iterable[Applied]
    ) -> frozenset[ResourceKey]:
        """The keys of resources that moved from declared roots to where nothing declares any.

        Where the policy names the place as a part of an environment, they are applied there.
        """
        keys = {
            key
            for key in before.applied_by
            if key not in after.applied_by and after.get(key) is not None
        }
        if keys:
            keys -= {
                resource.key
                for applied in placed
                if applied.root.declared is None and self.environments.is_named(applied.root)
                for resource in applied.resources
            }
        return frozenset(keys)

    def upgrade(self, environment: Environment) -> Pair | None:
        """An environment that has its charts already; None where that makes no difference."""
        if environment.name not in self._differing_names():
            return None
        sides = (self.before, self.after)
        applied = [root for side in sides for root in side.placed(environment, self.environments)]
        if all(root.upgrade is None for root in applied):
            return None
        before, after = (
            side.state(environment, self.policy, self.environments, upgrade=True)[0]
            for side in sides
        )
        return Pair(
            before,
            after,
            tuple(sorted({root.root.path for root in applied})),
            shared=self._shared(applied),
        )

    def made_of(self, environment: Environment) -> object:
        """The roots of an environment on both sides, by identity."""
        return tuple(
            tuple(id(applied) for applied in side.placed(environment, self.environments))
            for side in (self.before, self.after)
        )

    def unlisted(self, environment: Environment) -> Pair | None:
        """An environment with the manifests added that nothing applies; None where those are equal.

        They stand for what is applied under their keys, so that each is judged as it is written.
        """
        old, new = self.before, self.after
        changed = {
            key
            for key in {**old.roots, **new.roots}
            if old.roots.get(key) is not new.roots.get(key)
            for applied in (new.roots.get(key),)
            if applied is not None and applied.root.unlisted
            if environment.name in self.environments.homes(applied.root)
        }
        if not changed:
            return None
        sides = []
        for side in (old, new):
            state, _ = side.state(environment, self.policy, self.environments)
            added = combined(side.roots[key] for key in changed if key in side.roots)
            sides.append(replace(state, resources=_with_unlisted(state.resources, added)))
        paths = {path for key in changed for path in new.roots[key].root.files}
        return Pair(sides[0], sides[1], tuple(sorted(paths)))

    def _shared(self, placed: Iterable[Applied]) -> frozenset[ResourceKey]:
        """The keys of resources of the roots that belong to all environments, and of no other."""
        roots: dict[bool, list[Applied]] = {True: [], False: []}
        for applied in placed:
            roots[self.environments.is_shared(applied.root)].append(applied)
        if not roots[True]:
            return frozenset()
        paths = _built_of(roots[True]) - _built_of(roots[False])
        keys = {resource.key for applied in roots[True] for resource in applied.every}
        keys -= {resource.key for applied in roots[False] for resource in applied.every}
        inputs = (resource for side in (self.before, self.after) for resource in side.inputs)
        built = {resource.key for resource in inputs if resource.source.path in paths}
        return frozenset(keys | built)

    def _differing_names(self) -> frozenset[str]:
        """The environments of which some root, link or rule is not the same on both sides."""
        if self._differing is None:
            homes = [*self._homes_of_roots(), *self._homes_of_links()]
            if self.before.governance != self.after.governance:
                # They are no environment's: they are looked at once, wherever that is.
                homes.append(frozenset(self.environments.names[:1]))
            self._differing = frozenset(name for home in homes for name in home)
        return self._differing

    def _homes_of_roots(self) -> Iterable[frozenset[str]]:
        old, new = self.before.roots, self.after.roots
        for key in {**old, **new}:
            sides = [held for held in (old.get(key), new.get(key)) if held is not None]
            if old.get(key) is new.get(key) or all(held.root.unlisted for held in sides):
                continue
            for applied in sides:
                yield self.environments.homes(applied.root)
            roles = [{(role.key, role.encoded) for role in applied.roles} for applied in sides]
            if any(roles) and (len(roles) < 2 or roles[0] != roles[1]):
                # Other environments see its roles, where only inference divides them.
                yield self.environments.unnamed

    def _homes_of_links(self) -> Iterable[frozenset[str]]:
        old, new = self.before.links, self.after.links
        for path in {**old, **new}:
            if old.get(path) != new.get(path):
                yield self.environments.home(path)


def _built_of(roots: Iterable[Applied]) -> frozenset[str]:
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


def combined(roots: Iterable[Applied], *, upgrade: bool = False) -> tuple[Resource, ...]:
    """All resources, the last of each key, as with kubectl; those without a name of their own all.

    What has only the prefix of a name is told apart by a number in the order of what is written.
    Carriers may put the same object into several clusters: it replaces no other one of its key.
    """
    resources: dict[ResourceKey, Resource] = {}
    nameless: list[Resource] = []
    nested: list[Resource] = []
    for applied in sorted(roots, key=_source_order):
        for resource in applied.as_upgrade.resources if upgrade else applied.resources:
            if applied.generated and id(resource) in applied.generated:
                nameless.append(resource)
            elif resource.source.nesting is not None:
                nested.append(resource)
            else:
                resources[resource.key] = resource
    for resource in sorted(nameless, key=lambda held: (held.key.sort_key, held.encoded)):
        key, number = resource.key, 1
        while key in resources:
            number += 1
            key = replace(resource.key, name=f"{resource.key.name}{number}")
        resources[key] = resource if number == 1 else replace(resource, key=key)
    return joined(resources.values(), nested)


def _with_unlisted(
    resources: Iterable[Resource], added: Iterable[Resource]
) -> tuple[Resource, ...]:
    """Return resources with others in the place of those of the same key.

    What has only the prefix of a name, or is carried, replaces nothing.
    """
    by_key = {resource.key: resource for resource in resources}
    nested: list[Resource] = []
    for resource in added:
        if resource.source.nesting is not None:
            nested.append(resource)
        elif resource.key in by_key and resource.key.name.endswith("*"):
            key = replace(resource.key, name=f"{resource.key.name} in {resource.source.path}")
            by_key[key] = replace(resource, key=key)
        else:
            by_key[resource.key] = resource
    return joined(by_key.values(), nested)


def _source_order(applied: Applied) -> int:
    """Return which of an object's sources a root is: Argo CD applies the last of duplicates.

    https://argo-cd.readthedocs.io/en/stable/user-guide/multiple_sources/
    """
    return applied.root.declared.order if applied.root.declared is not None else 0


def joined(resources: Iterable[Resource], nested: Iterable[Resource]) -> tuple[Resource, ...]:
    """Return resources, of which each has a key of its own, with carried ones beside them.

    None of those replaces another one of its key.
    """
    added = tuple(nested)
    if not added:
        return tuple(resources)
    by_key = {resource.key: resource for resource in resources}
    for resource in added:
        key = _named_by_carrier(resource) if resource.key in by_key else resource.key
        by_key[key] = resource if key is resource.key else replace(resource, key=key)
    return tuple(by_key.values())


def _named_by_carrier(resource: Resource) -> ResourceKey:
    """Return a key that tells a carried resource from another one of the same key."""
    nesting = resource.source.nesting
    carrier = nesting.carrier if nesting is not None else ""
    return replace(resource.key, name=f"{resource.key.name} (in {carrier})")
