"""Environments: the policy's own, else by duplicates.

A repository holds the same resource for several clusters; those must never be joined.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TypeAlias

from bot.core.globs import path_matches
from bot.core.policy.model import EnvironmentPolicy
from bot.core.resource import ResourceKey
from bot.core.states.directories import Directories
from bot.core.states.placements.applied import Applied
from bot.core.states.roots.naming import puts
from bot.core.states.roots.root import Root, RootKey
from bot.records import cached_property, dataclass

Segments: TypeAlias = tuple[str, ...]

DEFAULT_NAME = "default"


@dataclass(frozen=True, slots=True)
class Environments:
    """The environments of two trees, and what belongs to which.

    Those of the policy hold the paths that it names. Among the other paths, `prefixes` are those
    through the first segment at which the roots of one resource part, and the clusters that roots
    are declared for; each that no other lies in is an environment, and a path belongs to all that
    lie in its own deepest prefix. What lies in none belongs to every environment, the policy's
    among them.
    """

    names: tuple[str, ...]
    named: tuple[EnvironmentPolicy, ...] = ()
    prefixes: frozenset[Segments] = frozenset()
    _homes: dict[str, frozenset[str]] = field(default_factory=dict, repr=False, compare=False)
    _splits: dict[str, frozenset[str]] = field(default_factory=dict, repr=False, compare=False)
    _all: frozenset[str] = field(default=frozenset(), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_all", frozenset(self.names))

    def home(self, path: str) -> frozenset[str]:
        """The environments that a file's path belongs to."""
        if path not in self._homes:
            self._homes[path] = self._home(path)
        return self._homes[path]

    def homes(self, root: Root) -> frozenset[str]:
        """The environments that a root belongs to."""
        if not self.named:
            return self._split(root.place)
        named = frozenset(
            environment.name for environment in self.named if _names(environment, root)
        )
        return named or self._split(root.place)

    def is_named(self, root: Root) -> bool:
        """Whether the policy itself says which environments a root belongs to."""
        return any(_names(environment, root) for environment in self.named)

    @property
    def unnamed(self) -> frozenset[str]:
        """The environments that are inferred, and not named by the policy."""
        return self._all - {environment.name for environment in self.named}

    def is_shared(self, root: Root) -> bool:
        """Whether a root belongs to all environments because it lies in none of them."""
        return len(self.names) > 1 and not self.is_named(root) and not self._deepest(root.place)

    def policy(self, name: str) -> EnvironmentPolicy | None:
        """What the policy says of an environment, None where it does not name it."""
        return next((environment for environment in self.named if environment.name == name), None)

    def _home(self, path: str) -> frozenset[str]:
        named = frozenset(
            environment.name for environment in self.named if path_matches(path, environment.paths)
        )
        return named or self._split(path)

    def _split(self, path: str) -> frozenset[str]:
        if path not in self._splits:
            self._splits[path] = self._by_prefix(path)
        return self._splits[path]

    def _by_prefix(self, path: str) -> frozenset[str]:
        deepest = self._deepest(path)
        if not deepest:
            return self._all
        size, named = len(deepest), {environment.name for environment in self.named}
        return frozenset(
            name for name in self.names if name not in named and segments_of(name)[:size] == deepest
        )

    def _deepest(self, path: str) -> Segments:
        segments = segments_of(path)
        for depth in range(len(segments), 0, -1):
            if segments[:depth] in self.prefixes:
                return segments[:depth]
        return ()


@dataclass(frozen=True)
class PlacedResources:
    """Where the roots of one tree put each resource, and the clusters that they are declared for.

    Roots and their resources under the policy's own environments are left out.
    """

    clusters: frozenset[Segments]
    places: Mapping[ResourceKey, set[Segments]]

    @cached_property
    def several(self) -> Mapping[ResourceKey, set[Segments]]:
        """The resources that are in more than one place."""
        return {key: paths for key, paths in self.places.items() if len(paths) > 1}


def placed_resources(
    roots: Mapping[RootKey, Applied],
    named: tuple[EnvironmentPolicy, ...] = (),
    like: tuple[Mapping[RootKey, Applied], PlacedResources] | None = None,
) -> PlacedResources:
    """Where the roots of a tree put resources; `like` are other roots, and where those do."""
    if like is not None and _puts_alike(like[0], roots):
        return like[1]
    tree = [applied for applied in roots.values() if not applied.root.unlisted]
    clusters = frozenset(
        segments_of(applied.root.cluster)
        for applied in tree
        if applied.root.cluster and not any(_names(name, applied.root) for name in named)
    )
    return PlacedResources(clusters, _places(tree, named))


def environments_of(
    trees: Iterable[PlacedResources],
    named: tuple[EnvironmentPolicy, ...] = (),
    *,
    finest: bool = False,
) -> Environments:
    """The environments of several trees together, such as base and head.

    Duplicates are counted within one tree: a file that moved is in one place in each. Only
    directories that mostly hold the same resources are divided; with `finest`, all that hold some
    resource in common are.
    """
    prefixes: set[Segments] = set()
    clusters: set[Segments] = set()
    for tree in {id(tree): tree for tree in trees}.values():
        clusters.update(tree.clusters)
        # What lies in one directory alone is in no two siblings: mostly, nothing is left.
        if tree.several:
            directories = Directories.of(tree.several if finest else tree.places)
            prefixes.update(directories.parted() if finest else directories.alike())
    # One cluster for everything needs no name of its own.
    if prefixes or len(clusters) > 1:
        prefixes |= clusters
    inner = {prefix[:depth] for prefix in prefixes for depth in range(1, len(prefix))}
    names = {"/".join(leaf) for leaf in prefixes - inner} | {
        environment.name for environment in named
    }
    return Environments(tuple(sorted(names)) or (DEFAULT_NAME,), named, frozenset(prefixes))


def _puts_alike(old: Mapping[RootKey, Applied], new: Mapping[RootKey, Applied]) -> bool:
    """Whether two sides have the same roots in the same places, with resources of the same keys."""
    return old.keys() == new.keys() and all(
        before is new[key] or _placement(before) == _placement(new[key])
        for key, before in old.items()
    )


def _placement(applied: Applied) -> object:
    root = applied.root
    keys = [resource.key for resource in applied.resources]
    return (root.unlisted, root.place, root.home, root.title, root.cluster, root.owner, keys)


def segments_of(path: str) -> Segments:
    """A directory's path in its parts; the top has none."""
    return tuple(path.split("/")) if path else ()


def _names(environment: EnvironmentPolicy, root: Root) -> bool:
    """Whether the policy puts a root into an environment. A declared cluster is no path."""
    path = root.home if root.title else root.path
    return puts(environment, path, root.place if root.is_variant else path)


def _places(
    tree: Iterable[Applied], named: tuple[EnvironmentPolicy, ...]
) -> Mapping[ResourceKey, set[Segments]]:
    places: dict[ResourceKey, set[Segments]] = {}
    # The sources of one Application are applied together: what two of them hold is one object.
    owned: set[tuple[ResourceKey, object]] = set()
    for applied in tree:
        if any(_names(environment, applied.root) for environment in named):
            continue
        path, owner = segments_of(applied.root.place), applied.root.owner
        for resource in applied.resources:
            # What only has a prefix of a name is a new thing each time it is applied.
            key = resource.key
            if key.name.endswith("*"):
                continue
            if owner is not None:
                if (key, owner) in owned:
                    continue
                owned.add((key, owner))
            places.setdefault(key, set()).add(path)
    return places
