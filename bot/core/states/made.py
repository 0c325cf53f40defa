"""What renderers made of a root at base and at head, for whoever asks which line made it so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType

from bot.core.rendering import Build, Built
from bot.core.resource import Node, Resource
from bot.core.states.applied import Applied, Reader
from bot.core.states.renditions import Rendition, volatile_nodes
from bot.core.states.roots import UPGRADE, Root


@dataclass(frozen=True, slots=True)
class Rendered:
    """One root that was rendered: what was built at base and at head, None where there is none.

    `name` is what the sources of its resources name as their root. `read` gives the resources of
    what comes of another build of it; raises UnbuildableError for what cannot be read. `own_paths`
    are the tree's own paths of files that it finds elsewhere, `old` and `new` what was made of it,
    `volatile` the places of `new` that are something else in each build and were not at base.
    """

    name: str
    before: Build | None
    after: Build | None
    read: Callable[[Built], tuple[Resource, ...]] = lambda built: ()  # noqa: ARG005 - of nothing, nothing
    own_paths: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    old: tuple[Resource, ...] = ()
    new: tuple[Resource, ...] = ()
    volatile: tuple[Node, ...] = ()


def rendered_of(old: Applied | None, new: Applied | None, reader: Reader) -> Iterator[Rendered]:
    """A root that was rendered, and once more as it is upgraded where that is another thing."""
    applied = new or old
    if applied is None:
        return
    yield _rendered(applied.root, old, new, reader)
    if any(held is not None and held.upgrade is not None for held in (old, new)):
        yield _rendered(replace(applied.root, label=UPGRADE), old, new, reader)


def _rendered(root: Root, old: Applied | None, new: Applied | None, reader: Reader) -> Rendered:
    before, after = (_rendition(root, held) for held in (old, new))
    return Rendered(
        root.name,
        _build(root, old),
        _build(root, new),
        partial(reader.made, root),
        root.own_paths,
        before.resources,
        after.resources,
        tuple(volatile_nodes(after)),
    )


def _rendition(root: Root, held: Applied | None) -> Rendition:
    if held is None:
        return Rendition()
    return held.as_upgrade if root.label else held.rendition


def _build(root: Root, held: Applied | None) -> Build | None:
    build = held.root.build if held is not None else None
    if build is None or build.release is None or not root.label:
        return build
    return replace(build, release=replace(build.release, upgrade=True))
