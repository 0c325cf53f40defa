"""Roots that were read into the states of an environment, at base and at head."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from bot.core.manifest import ManifestFile
from bot.core.policy.model import Policy
from bot.core.resource import Resource, ResourceKey, TextPosition, written
from bot.core.state import Environment, State
from bot.core.states.closed_namespaces import closed_namespaces
from bot.core.states.environments import Environments
from bot.core.states.placements.applied import Applied
from bot.core.states.roots.root import RootKey
from bot.core.template_decision import TemplateDecision
from bot.core.tree import File


@dataclass(frozen=True, slots=True)
class Pair:
    """One environment at base and at head, and the directories of the roots it is made of."""

    before: State
    after: State
    roots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TreeReading:
    """One of two trees, read: its roots by key, the links among them, the house's own rules."""

    roots: Mapping[RootKey, Applied]
    links: Mapping[str, File]
    known: tuple[Resource, ...] = ()
    governance: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    inputs: tuple[Resource, ...] = ()
    own: tuple[str, ...] = ()
    late: tuple[TemplateDecision, ...] = ()

    def held(self, environment: Environment, environments: Environments) -> tuple[Applied, ...]:
        """The roots of an environment, in path order."""
        name = environment.name
        return tuple(root for root in self.roots.values() if name in environments.homes(root.root))

    def state(
        self,
        environment: Environment,
        policy: Policy,
        environments: Environments,
        *,
        upgrade: bool = False,
    ) -> tuple[State, tuple[Applied, ...]]:
        """The state of an environment, and its roots; `upgrade` says that it has them already."""
        held = self.held(environment, environments)
        links = any(environment.name in environments.home(path) for path in self.links)
        resources = combined(held, upgrade=upgrade)
        made_of = _built_of(held)
        files: dict[str, ManifestFile] = {}
        for root in held:
            files.update(root.files)
        state = State(
            resources=resources,
            environment=environment,
            policy=policy,
            closed=closed_namespaces(held, resources, links=links),
            files=MappingProxyType(dict(sorted(files.items()))),
            external=self.known,
            governance=self.governance,
            inputs=tuple(it for it in self.inputs if it.source.path in made_of),
            all_inputs=self.inputs,
            looked_into=_looked_into(held),
            addresses=self.own,
            template_decisions=tuple(it for it in self.late if it.path in made_of),
        )
        return state, held


@dataclass(slots=True)
class Pairing:
    """The environments of two sides. Those that are the same on both are not even put together."""

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
        places = {held.root.path for held in (*old, *new)}
        return Pair(before, after, tuple(sorted(places)))

    def upgrade(self, environment: Environment) -> Pair | None:
        """An environment that has its charts already; None where that makes no difference."""
        if environment.name not in self._differing_names():
            return None
        sides = (self.before, self.after)
        held = [root for side in sides for root in side.held(environment, self.environments)]
        if all(root.upgrade is None for root in held):
            return None
        before, after = (
            side.state(environment, self.policy, self.environments, upgrade=True)[0]
            for side in sides
        )
        return Pair(before, after, tuple(sorted({root.root.path for root in held})))

    def _differing_names(self) -> frozenset[str]:
        """The environments that something belongs to which is not the same on both sides."""
        if self._differing is None:
            old, new = self.before, self.after
            homes = [
                self.environments.homes(held.root)
                for key in {**old.roots, **new.roots}
                if old.roots.get(key) is not new.roots.get(key)
                for held in (old.roots.get(key), new.roots.get(key))
                if held is not None
            ]
            homes += [
                self.environments.home(path)
                for path in {**old.links, **new.links}
                if old.links.get(path) != new.links.get(path)
            ]
            if old.governance != new.governance:
                # They are no environment's: they are looked at once, wherever that is.
                homes.append(frozenset(self.environments.names[:1]))
            self._differing = frozenset(name for home in homes for name in home)
        return self._differing


def _built_of(roots: Iterable[Applied]) -> frozenset[str]:
    """The tree's own paths of all that these roots are made of."""
    return frozenset(
        held.root.own_paths.get(path, path) for held in roots for path in held.root.files
    )


def _looked_into(roots: Iterable[Applied]) -> frozenset[TextPosition]:
    """Where the versions of what was brought are written, of the roots that were rendered of it."""
    return frozenset(
        written(remote.source, remote.route)
        for held in roots
        if held.status == "rendered"
        for remote in held.root.remotes
    )


def combined(roots: Iterable[Applied], *, upgrade: bool = False) -> tuple[Resource, ...]:
    """All resources, the last of each key, as with kubectl; those without a name of their own all.

    What has only the prefix of a name is told apart by a number in the order of what is written.
    """
    found: dict[ResourceKey, Resource] = {}
    nameless: list[Resource] = []
    for applied in roots:
        for held in applied.as_upgrade.resources if upgrade else applied.resources:
            if applied.generated and id(held) in applied.generated:
                nameless.append(held)
            else:
                found[held.key] = held
    for held in sorted(nameless, key=lambda held: (held.key.sort_key, held.encoded)):
        key, number = held.key, 1
        while key in found:
            number += 1
            key = replace(held.key, name=f"{held.key.name}{number}")
        found[key] = held if number == 1 else replace(held, key=key)
    return tuple(found.values())
