"""Trees into states: roots, environments, and what is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from bot.core.globs import path_matches
from bot.core.manifest import Manifest
from bot.core.policy import Policy
from bot.core.scopes import scopes_of
from bot.core.state import Environment, State
from bot.core.states.applied import Applied, Reader, definitions
from bot.core.states.delivery import altered
from bot.core.states.environments import Environments, environments_of
from bot.core.states.files import REGULAR, files_of
from bot.core.states.pairing import Pair, Pairing, Side
from bot.core.states.problems import Trouble, links_of, pointers, unreadable, unrendered
from bot.core.states.roots import Manifests, roots_of
from bot.core.tree import File, Tree

_Applied: TypeAlias = Mapping[tuple[str, str], Applied]

__all__ = ["Manifests", "Pair", "States", "Trouble", "build_state", "states_of"]


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
    trees = _Trees(base, head, manifests, policy)
    before, after = trees.applied(namespace)
    environments = environments_of((before.values(), after.values()), policy.environments)
    pairings: dict[str, Pairing] = {}
    pairs = []
    for name in environments.names:
        environment = _environment(name, environments, namespace)
        default = environment.default_namespace
        if default not in pairings:
            pairings[default] = Pairing(environments, policy, *trees.sides(default))
        pairs.append(pairings[default].pair(environment))
    troubles = (
        *unrendered(before, after),
        *unreadable(*trees.links),
        *pointers(_by_text(before), _by_text(after)),
    )
    found = tuple(pair for pair in pairs if pair is not None)
    return States(environments.names, found, troubles, _compared(after, found))


class _Trees:
    """Base and head: their roots and links, and what they put into a cluster."""

    def __init__(self, base: Tree, head: Tree, manifests: Manifests, policy: Policy) -> None:
        ignored = (*policy.ignore, *policy.rbac.known)
        files = (files_of(base, ignored), files_of(head, ignored))
        roots = roots_of(files[0], manifests)
        self._roots = (roots, roots_of(files[1], manifests, roots))
        self._scopes = scopes_of(body for side in files for body in definitions(side, manifests))
        self._manifests = manifests
        self._readers: dict[str, Reader] = {}
        # What base says that the clusters have beside it: never head, which could say anything.
        self._known = {
            path: file
            for path, file in sorted(base.items())
            if file.mode in REGULAR and path_matches(path, policy.rbac.known)
        }
        self.links = (dict(links_of(files[0], manifests)), dict(links_of(files[1], manifests)))

    def applied(self, namespace: str) -> tuple[_Applied, _Applied]:
        """The roots of both, read for an environment where this is the default namespace."""
        reader = self._reader(namespace)
        before, after = (
            reader.applied(altered(roots, reader.applied(roots))) for roots in self._roots
        )
        return before, after

    def sides(self, namespace: str) -> tuple[Side, Side]:
        """Both sides, for environments where this is the default namespace."""
        reader = self._reader(namespace)
        before, after = self.applied(namespace)
        known = tuple(
            found for path, file in self._known.items() for found in reader.resources(path, file)
        )
        return Side(before, self.links[0], known), Side(after, self.links[1], known)

    def _reader(self, namespace: str) -> Reader:
        if namespace not in self._readers:
            self._readers[namespace] = Reader(self._manifests, namespace, self._scopes)
        return self._readers[namespace]


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
    side = Side(reader.applied(roots_of(files, held)), {})
    state, _ = side.state(Environment(default_namespace=namespace), policy, environments_of(()))
    return state


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


def _environment(name: str, environments: Environments, namespace: str) -> Environment:
    """An environment as the policy has it; what it leaves at its default is the caller's to say."""
    said = environments.policy(name)
    if said is None:
        return Environment(name, default_namespace=namespace)
    own = said.default_namespace
    default = namespace if own == Environment().default_namespace else own
    return Environment(name, said.kubernetes, default)


def _compared(after: Mapping[tuple[str, str], Applied], pairs: Iterable[Pair]) -> int:
    """How many resources were compared: those at head, and those that head no longer has."""
    compared = {id(found) for held in after.values() for found in held.resources}
    for pair in pairs:
        for change in pair.after.since(pair.before):
            if change.after is None:
                compared.add(id(change.before))
    return len(compared)


def _by_text(roots: Mapping[tuple[str, str], Applied]) -> Mapping[str, Applied]:
    return {f"{path}\0{kind}": held for (path, kind), held in roots.items()}
