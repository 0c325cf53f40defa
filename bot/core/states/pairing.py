"""Roots that were read into the states of an environment, at base and at head."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from bot.core.manifest import ManifestFile
from bot.core.policy.model import Policy
from bot.core.resource import Resource, ResourceKey, TextPosition, written
from bot.core.state import Environment, State
from bot.core.states.carriers.nested import set_resources
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
    addresses: tuple[str, ...] = ()
    decisions: tuple[TemplateDecision, ...] = ()

    def placed(self, environment: Environment, environments: Environments) -> tuple[Applied, ...]:
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
        applied = self.placed(environment, environments)
        links = any(environment.name in environments.home(path) for path in self.links)
        resources = combined(applied, upgrade=upgrade)
        resources = joined(resources, set_resources(resources, environment.default_namespace))
        made_of = _built_of(applied)
        files: dict[str, ManifestFile] = {}
        for root in applied:
            files.update(root.files)
        state = State(
            resources=resources,
            environment=environment,
            policy=policy,
            closed=closed_namespaces(applied, resources, links=links),
            files=MappingProxyType(dict(sorted(files.items()))),
            external=self.known,
            governance=self.governance,
            inputs=tuple(resource for resource in self.inputs if resource.source.path in made_of),
            all_inputs=self.inputs,
            looked_into=_looked_into(applied),
            addresses=self.addresses,
            template_decisions=tuple(
                decision for decision in self.decisions if decision.path in made_of
            ),
        )
        return state, applied


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
        places = {applied.root.path for applied in (*old, *new)}
        return Pair(before, after, tuple(sorted(places)))

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
        return Pair(before, after, tuple(sorted({root.root.path for root in applied})))

    def _differing_names(self) -> frozenset[str]:
        """The environments that something belongs to which is not the same on both sides."""
        if self._differing is None:
            old, new = self.before, self.after
            homes = [
                self.environments.homes(applied.root)
                for key in {**old.roots, **new.roots}
                if old.roots.get(key) is not new.roots.get(key)
                for applied in (old.roots.get(key), new.roots.get(key))
                if applied is not None
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
        applied.root.own_paths.get(path, path) for applied in roots for path in applied.root.files
    )


def _looked_into(roots: Iterable[Applied]) -> frozenset[TextPosition]:
    """Where the versions of what was brought are written, of the roots that were rendered of it."""
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
    for applied in roots:
        for resource in applied.as_upgrade.resources if upgrade else applied.resources:
            if applied.generated and id(resource) in applied.generated:
                nameless.append(resource)
            elif resource.source.nesting is not None:
                nested.append(resource)
            else:
                resources[resource.key] = resource
    for resource in sorted(
        nameless, key=lambda resource: (resource.key.sort_key, resource.encoded)
    ):
        key, number = resource.key, 1
        while key in resources:
            number += 1
            key = replace(resource.key, name=f"{resource.key.name}{number}")
        resources[key] = resource if number == 1 else replace(resource, key=key)
    return joined(resources.values(), nested)


def joined(resources: Iterable[Resource], nested: Iterable[Resource]) -> tuple[Resource, ...]:
    """Return resources with carried ones, of which none replaces another one of its key."""
    by_key = {resource.key: resource for resource in resources}
    for resource in nested:
        key = _named_by_carrier(resource) if resource.key in by_key else resource.key
        by_key[key] = resource if key is resource.key else replace(resource, key=key)
    return tuple(by_key.values())


def _named_by_carrier(resource: Resource) -> ResourceKey:
    """Return a key that tells a carried resource from another one of the same key."""
    nesting = resource.source.nesting
    carrier = nesting.carrier if nesting is not None else ""
    return replace(resource.key, name=f"{resource.key.name} (in {carrier})")
