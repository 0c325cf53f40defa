"""Pairing: the states of an environment at base and at head, from roots that were read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.core.policy.model import Policy
from bot.core.resource import ResourceKey
from bot.core.state import Environment, State
from bot.core.states.combining import combined, with_unlisted
from bot.core.states.environments import Environments
from bot.core.states.placements.applied import Applied
from bot.core.states.tree_reading import TreeReading, built_of
from bot.records import cached_property, dataclass


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


@dataclass(frozen=True)
class Pairing:
    """The environments of two sides; those that are equal on both are not put together."""

    environments: Environments
    policy: Policy
    before: TreeReading
    after: TreeReading

    def pair(self, environment: Environment) -> Pair | None:
        """An environment on both sides, None where it is the same."""
        if environment.name not in self._differing:
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
        if environment.name not in self._differing:
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
            written = combined(side.roots[key] for key in changed if key in side.roots)
            # A patch of kustomize has the form of a resource, and is none.
            added = [resource for resource in written if not resource.at("$patch").exists]
            sides.append(replace(state, resources=with_unlisted(state.resources, added)))
        paths = {path for key in changed for path in new.roots[key].root.files}
        return Pair(sides[0], sides[1], tuple(sorted(paths)))

    def _shared(self, placed: Iterable[Applied]) -> frozenset[ResourceKey]:
        """The keys of resources of the roots that belong to all environments, and of no other."""
        roots: dict[bool, list[Applied]] = {True: [], False: []}
        for applied in placed:
            roots[self.environments.is_shared(applied.root)].append(applied)
        if not roots[True]:
            return frozenset()
        paths = built_of(roots[True]) - built_of(roots[False])
        keys = {resource.key for applied in roots[True] for resource in applied.every}
        keys -= {resource.key for applied in roots[False] for resource in applied.every}
        inputs = (resource for side in (self.before, self.after) for resource in side.inputs)
        built = {resource.key for resource in inputs if resource.source.path in paths}
        return frozenset(keys | built)

    @cached_property
    def _differing(self) -> frozenset[str]:
        """The environments of which some root, link or rule is not the same on both sides."""
        homes = [*self._homes_of_roots(), *self._homes_of_links()]
        if self.before.governance != self.after.governance:
            # They are no environment's: they are looked at once, wherever that is.
            homes.append(frozenset(self.environments.names[:1]))
        return frozenset(name for home in homes for name in home)

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
