"""Trees into states: roots, environments, and what is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.core.manifest import Manifest, ManifestFile
from bot.core.policy import Policy
from bot.core.resource import Resource
from bot.core.scopes import scopes_of
from bot.core.state import Environment, State
from bot.core.states.applied import Applied, Reader, definitions
from bot.core.states.environments import Environments, environments_of
from bot.core.states.files import files_of
from bot.core.states.known import closed_namespaces
from bot.core.states.problems import Trouble, links_of, pointers, unreadable, unrendered
from bot.core.states.resources import identity_of
from bot.core.states.roots import Manifests, roots_of
from bot.core.tree import File, Tree

__all__ = ["Manifests", "Pair", "States", "Trouble", "build_state", "states_of"]


@dataclass(frozen=True, slots=True)
class Pair:
    """One environment at base and at head, and the directories of the roots it is made of."""

    before: State
    after: State
    roots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class States:
    """What two trees hold: the environments that differ, and what could not be looked at.

    `environments` names them all; those without a pair are the same on both sides. `resources`
    counts what was compared, each resource once, however many environments it belongs to.
    """

    environments: tuple[str, ...]
    pairs: tuple[Pair, ...]
    troubles: tuple[Trouble, ...]
    resources: int


def states_of(
    base: Tree,
    head: Tree,
    manifests: Manifests,
    policy: Policy,
    *,
    namespace: str = "default",
) -> States:
    """The states of two trees. `namespace` is what a resource without one gets."""
    files = (files_of(base, policy.ignore), files_of(head, policy.ignore))
    scopes = scopes_of(body for side in files for body in definitions(side, manifests))
    reader = Reader(manifests, namespace, scopes)
    roots = roots_of(files[0], manifests)
    before = reader.applied(roots)
    after = reader.applied(roots_of(files[1], manifests, roots))
    environments = environments_of(before.values(), after.values())
    links = tuple(dict(links_of(side, manifests)) for side in files)
    sides = (_Side(before, links[0], environments), _Side(after, links[1], environments))
    pairs = tuple(
        pair
        for name in environments.names
        if (pair := _pair(name, sides, policy, namespace)) is not None
    )
    troubles = (
        *unrendered(before, after),
        *unreadable(*links),
        *pointers(_by_text(before), _by_text(after)),
    )
    compared = {id(found) for held in after.values() for found in held.resources}
    compared |= {
        id(found)
        for pair in pairs
        for found in pair.before.resources
        if pair.after.get(found.key) is None
    }
    return States(environments.names, pairs, troubles, len(compared))


def build_state(
    manifests: Mapping[str, tuple[str, Manifest]], policy: Policy, namespace: str = "default"
) -> State:
    """The state of one environment that holds these manifests (path to blob id and manifest).

    Every one of them is read as it would be applied by itself, as one root.
    """
    tree = {path: File("100644", blob, 0) for path, (blob, _) in manifests.items()}
    held = _Held(dict(manifests.values()))
    files = files_of(tree)
    reader = Reader(held, namespace, scopes_of(definitions(files, held)))
    side = _Side(reader.applied(roots_of(files, held)), {}, environments_of())
    return side.state(side.environments.names[0], policy, namespace)


@dataclass(frozen=True, slots=True)
class _Held:
    """Manifests that somebody has read already."""

    manifests: Mapping[str, Manifest]

    def manifest(self, file: File) -> Manifest:
        return self.manifests[file.blob]

    def kustomization(self, file: File) -> Manifest:
        return self.manifests[file.blob]

    def link(self, file: File) -> str:
        raise KeyError(file.blob)


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two trees, read: its roots, the links among them, how both are split."""

    roots: Mapping[tuple[str, str], Applied]
    all_links: Mapping[str, File]
    environments: Environments

    def of(self, name: str) -> tuple[Applied, ...]:
        """The roots of an environment, in path order."""
        prefixes = self.environments.prefixes_of(name)
        return tuple(
            held for held in self.roots.values() if self.environments.of(held.root.path) in prefixes
        )

    def links(self, name: str) -> tuple[tuple[str, File], ...]:
        """The symlinks and submodules among an environment's roots."""
        prefixes = self.environments.prefixes_of(name)
        return tuple(
            (path, link)
            for path, link in self.all_links.items()
            if self.environments.of(path) in prefixes
        )

    def state(self, name: str, policy: Policy, namespace: str) -> State:
        """The state of an environment."""
        held = self.of(name)
        resources = _combined(held)
        files: dict[str, ManifestFile] = {}
        for applied in held:
            files.update(applied.files)
        return State(
            resources=resources,
            environment=Environment(name, default_namespace=namespace),
            policy=policy,
            closed=closed_namespaces(held, resources, links=bool(self.links(name))),
            files=MappingProxyType(dict(sorted(files.items()))),
        )


def _pair(name: str, sides: tuple[_Side, _Side], policy: Policy, namespace: str) -> Pair | None:
    """An environment on both sides, None where it is the same."""
    roots = tuple(side.of(name) for side in sides)
    same = len(roots[0]) == len(roots[1]) and all(map(_is, *roots))
    if same and sides[0].links(name) == sides[1].links(name):
        return None
    before, after = (side.state(name, policy, namespace) for side in sides)
    places = {held.root.path for side in roots for held in side}
    return Pair(before, after, tuple(sorted(places)))


def _is(one: Applied, other: Applied) -> bool:
    return one is other


def _combined(roots: Iterable[Applied]) -> tuple[Resource, ...]:
    """All resources, the last of each key, as with kubectl; those without a name of their own all.

    What has only the prefix of a name is told apart by a number in the order of what is written.
    """
    found: dict[object, Resource] = {}
    nameless: list[Resource] = []
    for applied in roots:
        for held in applied.resources:
            identity = identity_of(held.encoded) if held.name.endswith("*") else None
            if identity is not None and identity.generated:
                nameless.append(held)
            else:
                found[held.key] = held
    for held in sorted(nameless, key=lambda held: (held.key.sort_key, held.encoded)):
        key, number = held.key, 1
        while key in found:
            number += 1
            key = type(key)(key.group, key.kind, key.namespace, f"{held.key.name}{number}")
        found[key] = (
            held if number == 1 else Resource(key, held.api_version, held.encoded, held.source)
        )
    return tuple(found.values())


def _by_text(roots: Mapping[tuple[str, str], Applied]) -> Mapping[str, Applied]:
    return {f"{path}\0{kind}": held for (path, kind), held in roots.items()}
