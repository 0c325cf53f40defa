"""Trees into states: roots, environments, and what is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from types import MappingProxyType
from typing import Final, TypeAlias

from bot.core.codeowners import LOCATIONS
from bot.core.globs import path_matches
from bot.core.manifest import Manifest
from bot.core.policy import ORGANISATION_PATH, POLICY_PATH, Names, Policy
from bot.core.rendering import Build, Builder, Built, Declare, NoBuilder, declare_nothing
from bot.core.resource import GroupKind, Resource
from bot.core.scopes import scopes_of
from bot.core.state import Environment, State
from bot.core.states.applied import Applied, Reader, definitions
from bot.core.states.baseline import with_baselines
from bot.core.states.charts import Naming
from bot.core.states.declared import with_declared
from bot.core.states.delivery import altered
from bot.core.states.environments import Environments, environments_of
from bot.core.states.files import REGULAR, files_of
from bot.core.states.inputs import inputs_of
from bot.core.states.pairing import Pair, Pairing, Side
from bot.core.states.problems import Trouble, links_of, pointers, unreadable, unrendered
from bot.core.states.rendering import Rendering
from bot.core.states.roots import Manifests, RootKey, Roots, roots_of
from bot.core.states.standing import with_standing
from bot.core.tree import File, Tree

_Applied: TypeAlias = Mapping[RootKey, Applied]

_DEFINITION: Final = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")

# Roots that declare roots that declare roots: an app of apps of apps.
_DEEPEST: Final = 4

__all__ = ["Manifests", "Pair", "Rendered", "States", "Trouble", "build_state", "states_of"]


@dataclass(frozen=True, slots=True)
class Rendered:
    """One root that was rendered: what was built at base and at head, None where there is none.

    `name` is what the sources of its resources name as their root. `read` gives the resources of
    what comes of another build of it; raises UnbuildableError for what cannot be read. `own_paths`
    are the tree's own paths of files that it finds elsewhere, `old` and `new` what was made of it.
    """

    name: str
    before: Build | None
    after: Build | None
    read: Callable[[Built], tuple[Resource, ...]] = lambda built: ()  # noqa: ARG005 - of nothing, nothing
    own_paths: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    old: tuple[Resource, ...] = ()
    new: tuple[Resource, ...] = ()


@dataclass(frozen=True, slots=True)
class States:
    """What two trees hold: the environments that differ, and what could not be looked at.

    `environments` names them all; those without a pair are the same on both sides. `resources`
    counts what was compared, each resource once, however many environments it belongs to.
    `rendered` are the roots that a renderer made resources of, by name; `asked` are those that need
    one and are affected by the change, each with whether it was rendered; `tools` are the programs
    that answered.
    """

    environments: tuple[str, ...]
    pairs: tuple[Pair, ...]
    troubles: tuple[Trouble, ...]
    resources: int
    rendered: Mapping[str, Rendered] = field(default_factory=lambda: MappingProxyType({}))
    asked: Mapping[RootKey, bool] = field(default_factory=lambda: MappingProxyType({}))
    tools: tuple[str, ...] = ()


def states_of(  # noqa: PLR0913 - what is compared, and by name how
    base: Tree,
    head: Tree,
    manifests: Manifests,
    policy: Policy,
    *,
    namespace: str = "default",
    builder: Builder | None = None,
    declare: Declare = declare_nothing,
    own: tuple[str, ...] = (),
) -> States:
    """The states of two trees. `namespace` is what a resource without one gets.

    `builder` renders what cannot be read as it stands; without one it is not rendered. `declare`
    says which roots the resources of a tree declare, `own` by which addresses they name their own
    repository.
    """
    trees = _Trees(
        base, head, manifests, policy, Naming(policy.environments, namespace, policy.render)
    )
    rendering = Rendering(builder or NoBuilder(), manifests)
    trees.render(rendering, declare, namespace)
    before, after = trees.applied(namespace)
    environments = environments_of((before.values(), after.values()), policy.environments)
    pairings: dict[str, Pairing] = {}
    pairs = []
    for name in environments.names:
        environment = _environment(name, environments, namespace)
        default = environment.default_namespace
        if default not in pairings:
            pairings[default] = Pairing(environments, policy, *trees.sides(default, own))
        pairs.append(pairings[default].pair(environment))
    troubles = (
        *unrendered(before, after),
        *unreadable(*trees.links),
        *pointers(_by_text(before), _by_text(after)),
    )
    found = tuple(pair for pair in pairs if pair is not None)
    return States(
        environments.names,
        found,
        troubles,
        _compared(after, found),
        trees.rendered(before, after, namespace),
        {
            key: not any(_is_missing(side.get(key)) for side in (before, after))
            for key in rendering.asked
        },
        tuple(sorted(rendering.tools)),
    )


def _is_missing(held: Applied | None) -> bool:
    return held is not None and bool(held.reasons)


class _Trees:
    """Base and head: their roots and links, and what they put into a cluster."""

    def __init__(
        self, base: Tree, head: Tree, manifests: Manifests, policy: Policy, naming: Naming
    ) -> None:
        ignored = (*policy.ignore, *policy.rbac.known)
        files = (files_of(base, ignored), files_of(head, ignored))
        self._files = files
        roots = roots_of(files[0], manifests, naming)
        after = roots_of(files[1], manifests, naming, roots)
        self._roots: tuple[Roots, Roots] = (roots, after)
        self._definitions = [body for side in files for body in definitions(side, manifests)]
        self._scopes = scopes_of(self._definitions)
        self._manifests = manifests
        self._readers: dict[str, Reader] = {}
        # What base says that the clusters have beside it: never head, which could say anything.
        self._known = {
            path: file
            for path, file in sorted(base.items())
            if file.mode in REGULAR and path_matches(path, policy.rbac.known)
        }
        known = policy.rbac.known
        self._house = (_house(base, known), _house(head, known))
        self.links = (dict(links_of(files[0], manifests)), dict(links_of(files[1], manifests)))

    def render(self, rendering: Rendering, declare: Declare, namespace: str) -> None:
        """Render what the change affects, until that declares and alters no other root."""
        reader = self._reader(namespace)
        inferred = found = self._roots
        for _ in range(_DEEPEST):
            sides = []
            read = [reader.applied(held) for held in found]
            known_by = [[one for it in held.values() for one in it.resources] for held in read]
            both = [one for held in known_by for one in held]
            for roots, applied, resources, files in zip(
                inferred, read, known_by, self._files, strict=True
            ):
                named = declare(resources, files.tree, both)
                declared = with_declared(roots, named, files, self._manifests)
                sides.append(altered(declared.roots, applied, declared.owners))
            known, found = found, rendering.rendered(*sides)
            if found == known:
                break
        self._roots = found
        brought = [
            one.body
            for held in found
            for it in reader.applied(held).values()
            for one in it.resources
            if one.source.root and one.group_kind == _DEFINITION
        ]
        if brought:
            self._scopes = scopes_of((*self._definitions, *brought))
            self._readers.clear()

    def applied(self, namespace: str) -> tuple[_Applied, _Applied]:
        """The roots of both, read for an environment where this is the default namespace."""
        reader = self._reader(namespace)
        before, after = (reader.applied(roots) for roots in self._roots)
        return with_baselines(before, after), with_standing(before, after)

    def rendered(self, before: _Applied, after: _Applied, namespace: str) -> Mapping[str, Rendered]:
        """The roots that a renderer made resources of, by name."""
        reader = self._reader(namespace)
        found = {}
        for key in {**before, **after}:
            old, new = (
                held if held is not None and held.status == "rendered" else None
                for held in (before.get(key), after.get(key))
            )
            applied = new or old
            if applied is not None:
                root = applied.root
                found[root.name] = Rendered(
                    root.name,
                    old.root.build if old is not None else None,
                    new.root.build if new is not None else None,
                    partial(reader.made, root),
                    root.own_paths,
                    old.resources if old is not None else (),
                    new.resources if new is not None else (),
                )
        return MappingProxyType(found)

    def sides(self, namespace: str, own: tuple[str, ...]) -> tuple[Side, Side]:
        """Both sides, for environments where this is the default namespace."""
        reader = self._reader(namespace)
        before, after = self.applied(namespace)
        known = tuple(
            found for path, file in self._known.items() for found in reader.resources(path, file)
        )
        inputs = self._inputs
        return (
            Side(before, self.links[0], known, self._house[0], inputs[0], own),
            Side(after, self.links[1], known, self._house[1], inputs[1], own),
        )

    @cached_property
    def _inputs(self) -> tuple[tuple[Resource, ...], ...]:
        return tuple(tuple(inputs_of(files, self._manifests)) for files in self._files)

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
    side = Side(reader.applied(roots_of(files, held, Naming())), {})
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


def _house(tree: Tree, known: Names) -> Mapping[str, str]:
    """The files that may hold the repository's own rules: content ids by path.

    Nobody reads them through a symlink, whose content may be the file's.
    """
    own = {POLICY_PATH, ORGANISATION_PATH, *LOCATIONS}
    held = {
        path: file.blob
        for path, file in sorted(tree.items())
        if file.mode in REGULAR and (path in own or path_matches(path, known))
    }
    return MappingProxyType(held)


def _environment(name: str, environments: Environments, namespace: str) -> Environment:
    """An environment as the policy has it; what it leaves at its default is the caller's to say."""
    said = environments.policy(name)
    if said is None:
        return Environment(name, default_namespace=namespace)
    own = said.default_namespace
    default = namespace if own == Environment().default_namespace else own
    return Environment(name, said.kubernetes, default)


def _compared(after: _Applied, pairs: Iterable[Pair]) -> int:
    """How many resources were compared: those at head, and those that head no longer has."""
    compared = {id(found) for held in after.values() for found in held.resources}
    for pair in pairs:
        for change in pair.after.since(pair.before):
            if change.after is None:
                compared.add(id(change.before))
    return len(compared)


def _by_text(roots: _Applied) -> Mapping[str, Applied]:
    return {"\0".join(key): held for key, held in roots.items()}
