"""What renderers made of a root at base and at head, to find the lines that cause it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from functools import partial
from types import MappingProxyType
from typing import Protocol

from bot.core.rendering import Build, BuildResult, Declared
from bot.core.resource import Node, Resource
from bot.core.states.placements.applied import Applied
from bot.core.states.placements.root_reader import RootReader
from bot.core.states.rendered.renditions import Rendition, volatile_nodes
from bot.core.states.rendered.reverted_build import PutBack
from bot.core.states.roots.fetched_files import Remote
from bot.core.states.roots.root import UPGRADE, Root
from bot.records import dataclass


class Read(Protocol):
    """What a build comes to, as resources."""

    def __call__(
        self, built: BuildResult, declared: Declared | None = None, /
    ) -> tuple[Resource, ...]:
        """The resources as this declaration transforms them; None stands for the root's own."""


@dataclass(frozen=True, slots=True)
class RenderedPair:
    """One rendered root: its builds at base and at head, None where a side has none.

    `name` is the root name that the sources of its resources carry. `read` turns another build of
    the root into resources, finished as another declaration says; it raises UnbuildableError for
    output that cannot be read. `own_paths` map paths of the build to paths of the tree where they
    differ. `old` and `new` are its resources at base and at head; `volatile` are the fields of
    `new` that change on every build and were not in base. `declared_before` and `declared_after`
    are its declarations, None where the root is inferred. `shared` are the files of head that
    another root is made of as well. `remotes` are its fetched sources at base and at head, and
    `again` builds it with other texts or versions; None where it has none.
    """

    name: str
    before: Build | None
    after: Build | None
    read: Read = lambda built, declared=None: ()  # noqa: ARG005 - of nothing, nothing
    own_paths: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    old: tuple[Resource, ...] = ()
    new: tuple[Resource, ...] = ()
    volatile: tuple[Node, ...] = ()
    declared_before: Declared | None = None
    declared_after: Declared | None = None
    shared: frozenset[str] = frozenset()
    remotes: tuple[tuple[Remote, ...], tuple[Remote, ...]] = ((), ())
    again: PutBack | None = None


def rendered_of(
    old: Applied | None,
    new: Applied | None,
    reader: RootReader,
    shared: frozenset[str],
    again: PutBack | None,
) -> Iterator[RenderedPair]:
    """A rendered root, and the same root as an upgrade where that differs.

    `shared` are its files that other roots of head are made of as well, `again` builds it anew.
    """
    applied = new or old
    if applied is None:
        return
    pair_of = partial(_rendered, old=old, new=new, reader=reader)
    install = replace(pair_of(applied.root), shared=shared, again=again)
    yield install
    if any(
        current_applied is not None and current_applied.upgrade is not None
        for current_applied in (old, new)
    ):
        upgrade = pair_of(replace(applied.root, label=UPGRADE))
        yield replace(upgrade, shared=shared, again=again)


def _rendered(
    root: Root, *, old: Applied | None, new: Applied | None, reader: RootReader
) -> RenderedPair:
    before, after = (_rendition(root, applied) for applied in (old, new))
    was, other_root = (applied.root if applied is not None else None for applied in (old, new))
    return RenderedPair(
        root.name,
        _build(root, was),
        _build(root, other_root),
        partial(reader.built_resources, root),
        {**(was.own_paths if was is not None else {}), **root.own_paths},
        before.resources,
        after.resources,
        tuple(volatile_nodes(after)),
        was.declared if was is not None else None,
        other_root.declared if other_root is not None else None,
        remotes=(_remotes(was), _remotes(other_root)),
    )


def _remotes(root: Root | None) -> tuple[Remote, ...]:
    return root.remotes if root is not None else ()


def _rendition(root: Root, applied: Applied | None) -> Rendition:
    if applied is None:
        return Rendition()
    return applied.as_upgrade if root.label else applied.rendition


def _build(root: Root, other_root: Root | None) -> Build | None:
    build = other_root.build if other_root is not None else None
    if build is None or build.release is None or not root.label:
        return build
    return replace(build, release=replace(build.release, upgrade=True))
