"""Roots declared by GitOps objects, and the inferred roots that they replace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from bot.core.rendering import Declared, Release
from bot.core.resource import ResourceKey
from bot.core.states.roots.declared_tree import DeclaredTree
from bot.core.states.roots.inferred import Roots
from bot.core.states.roots.naming import Naming
from bot.core.states.roots.replaced import is_replaced, replacing
from bot.core.states.roots.root import Root, keyed
from bot.records import dataclass

# An ApplicationSet of many generators can declare more than anybody runs.
_MOST: Final = 5_000


@dataclass(frozen=True, slots=True)
class DeclaredRoots:
    """The roots of a tree with declarations applied, and the objects that declared any."""

    roots: Roots
    owners: frozenset[ResourceKey]


def with_declared(
    tree: DeclaredTree, declared: Sequence[Declared], naming: Naming | None = None
) -> DeclaredRoots:
    """The roots of a tree: the declared ones, and those inferred of which nothing was declared.

    Where the policy names roots (`naming`), only declarations that are reached from these replace
    an inferred root; the others add to it.
    """
    inferred = tree.inferred
    declared_roots: dict[object, Root] = {}
    owners: set[ResourceKey] = set()
    for declaration in _within_limit(declared):
        owners.add(declaration.node.resource.key)
        root = tree.root(declaration)
        if root is not None:
            declared_roots[root.key] = root
    if not declared_roots:
        return DeclaredRoots(inferred, frozenset(owners))
    reached = replacing(declared_roots.values(), naming)
    kept: list[Root] = []
    replaced: list[Root] = []
    for root in inferred.roots.values():
        (replaced if is_replaced(root, reached) else kept).append(root)
    aside = _left_out(replaced, list(declared_roots.values()))
    roots = Roots(keyed((*kept, *aside, *declared_roots.values())), inferred.kustomizations)
    return DeclaredRoots(roots, frozenset(owners))


def _within_limit(declared: Sequence[Declared]) -> Iterator[Declared]:
    """The declarations up to the limit, and one that stands for all that are over it."""
    yield from declared[:_MOST]
    over = declared[_MOST:]
    if over:
        digest = blake2b(digest_size=16)
        for declaration in over:
            resource = declaration.node.resource
            digest.update(f"{resource.key}\0{declaration.name}\0".encode() + resource.encoded)
        yield replace(
            over[0],
            release=Release("", "", values=(digest.hexdigest(),)),
            hindrances=(f"at most {_MOST:,} roots are read, and the others are not reviewed",),
            name="over the limit",
            chart=None,
            remote="declared roots over the limit",
        )


def _left_out(replaced: Iterable[Root], declared: Sequence[Root]) -> Iterator[Root]:
    """The files of replaced directories that every declaration leaves out: nothing applies them."""
    left_out: set[str] = set()
    taken: set[str] = set()
    for root in declared:
        aside = frozenset(root.declared.left_out if root.declared is not None else ())
        left_out |= aside
        taken |= root.own_files.keys() - aside
    for root in replaced:
        files = {
            path: file
            for path, file in root.own_files.items()
            if root.kind == "directory" and path in left_out and path not in taken
        }
        if files:
            yield Root(root.path, "directory", files, place=root.place, unlisted=True)
