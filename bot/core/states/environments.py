"""Environments by duplicates: where a repository holds the same resource for several clusters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.core.resource import ResourceKey
from bot.core.states.applied import Applied

Segments: TypeAlias = tuple[str, ...]

DEFAULT_NAME = "default"


@dataclass(frozen=True, slots=True)
class Environments:
    """The prefixes by which paths are split, and the environments that follow.

    `prefixes` holds every path at which a resource's roots part. The environments are those that
    no other lies in; a path belongs to every environment that lies in its own deepest prefix, or,
    outside of them all, to every one.
    """

    prefixes: frozenset[Segments]
    names: tuple[str, ...]

    def of(self, path: str) -> Segments:
        """The deepest prefix that a directory lies in, empty outside of them all."""
        segments = segments_of(path)
        for depth in range(len(segments), 0, -1):
            if segments[:depth] in self.prefixes:
                return segments[:depth]
        return ()

    def prefixes_of(self, name: str) -> frozenset[Segments]:
        """The prefixes whose paths belong to an environment; () is outside of them all."""
        if name == DEFAULT_NAME and not self.prefixes:
            return frozenset({()})
        segments = segments_of(name)
        return frozenset(segments[:depth] for depth in range(len(segments) + 1))


def environments_of(*trees: Iterable[Applied]) -> Environments:
    """The environments of several trees together, such as base and head.

    Duplicates are counted within one tree: a file that moved is in one place in each.
    """
    prefixes: set[Segments] = set()
    for tree in trees:
        for places in _places(tree).values():
            if len(places) > 1:
                prefixes.update(_partings(places))
    leaves = prefixes - {prefix[:depth] for prefix in prefixes for depth in range(1, len(prefix))}
    names = tuple(sorted("/".join(leaf) for leaf in leaves)) or (DEFAULT_NAME,)
    return Environments(frozenset(prefixes), names)


def segments_of(path: str) -> Segments:
    """A directory's path in its parts; the top has none."""
    return tuple(path.split("/")) if path else ()


def _places(tree: Iterable[Applied]) -> Mapping[ResourceKey, set[Segments]]:
    places: dict[ResourceKey, set[Segments]] = {}
    for applied in tree:
        path = segments_of(applied.root.path)
        for found in applied.resources:
            # What only has a prefix of a name is a new thing each time it is applied.
            if not found.name.endswith("*"):
                places.setdefault(found.key, set()).add(path)
    return places


@dataclass(slots=True)
class _Branch:
    below: dict[str, _Branch] = field(default_factory=dict)


def _partings(paths: Iterable[Segments]) -> Iterator[Segments]:
    """The paths through the first segment at which any two of these differ.

    A path and one that lies in it do not part: neither has a segment where the other has another.
    """
    top = _Branch()
    for path in paths:
        branch = top
        for segment in path:
            branch = branch.below.setdefault(segment, _Branch())
    left: list[tuple[Segments, _Branch]] = [((), top)]
    while left:
        place, branch = left.pop()
        for segment, child in branch.below.items():
            if len(branch.below) > 1:
                yield (*place, segment)
            left.append(((*place, segment), child))
