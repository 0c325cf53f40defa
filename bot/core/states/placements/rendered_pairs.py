"""What renderers made of a root at base and at head, for whoever asks which line made it so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Protocol

from bot.core.rendering import Build, BuildResult, Declared
from bot.core.resource import Node, Resource
from bot.core.states.placements.applied import Applied, RootReader
from bot.core.states.rendered.renditions import Rendition, volatile_nodes
from bot.core.states.rendered.reverted_build import PutBack
from bot.core.states.roots.fetched_files import Remote
from bot.core.states.roots.root import UPGRADE, Root


class Read(Protocol):
    """What a build comes to, as resources."""

    def __call__(
        self, built: BuildResult, declared: Declared | None = None, /
    ) -> tuple[Resource, ...]:
        """The resources, finished as this declaration says, None for as the root's own does."""


@dataclass(frozen=True, slots=True)
class RenderedPair:
    """One root that was rendered: what was built at base and at head, None where there is none.

    `name` is what the sources of its resources name as their root. `read` gives the resources of
    what comes of another build of it, as another declaration has it finished; raises
    UnbuildableError for what cannot be read. `own_paths` are the tree's own paths of files that it
    finds elsewhere, `old` and `new` what was made of it, `volatile` the places of `new` that are
    something else in each build and were not at base. `was` and `said` are what declared it at base
    and what does at head, None where it is inferred. `shared` are those of the tree's files that
    another root of head is made of as well, be that rendered or not. `remotes` are what it is made
    of that lies elsewhere, at base and at head, and `again` builds it with other texts or versions;
    None where nothing of it lies elsewhere.
    """

    name: str
    before: Build | None
    after: Build | None
    read: Read = lambda built, declared=None: ()  # noqa: ARG005 - of nothing, nothing
    own_paths: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    old: tuple[Resource, ...] = ()
    new: tuple[Resource, ...] = ()
    volatile: tuple[Node, ...] = ()
    was: Declared | None = None
    said: Declared | None = None
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
    """A root that was rendered, and once more as it is upgraded where that is another thing.

    `shared` are its files that other roots of head are made of as well, `again` builds it anew.
    """
    applied = new or old
    if applied is None:
        return
    made = partial(_rendered, old=old, new=new, reader=reader)
    install = replace(made(applied.root), shared=shared, again=again)
    yield install
    if any(held is not None and held.upgrade is not None for held in (old, new)):
        upgrade = made(replace(applied.root, label=UPGRADE))
        yield replace(upgrade, shared=shared, again=again)


def _rendered(
    root: Root, *, old: Applied | None, new: Applied | None, reader: RootReader
) -> RenderedPair:
    before, after = (_rendition(root, held) for held in (old, new))
    was, now = (held.root if held is not None else None for held in (old, new))
    return RenderedPair(
        root.name,
        _build(root, was),
        _build(root, now),
        partial(reader.made, root),
        {**(was.own_paths if was is not None else {}), **root.own_paths},
        before.resources,
        after.resources,
        tuple(volatile_nodes(after)),
        was.declared if was is not None else None,
        now.declared if now is not None else None,
        remotes=(_remotes(was), _remotes(now)),
    )


def _remotes(root: Root | None) -> tuple[Remote, ...]:
    return root.remotes if root is not None else ()


def _rendition(root: Root, held: Applied | None) -> Rendition:
    if held is None:
        return Rendition()
    return held.as_upgrade if root.label else held.rendition


def _build(root: Root, held: Root | None) -> Build | None:
    build = held.build if held is not None else None
    if build is None or build.release is None or not root.label:
        return build
    return replace(build, release=replace(build.release, upgrade=True))
