"""Overlaps: a new declaration of a directory that another one applies, to the same objects."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.rendering import Declared
from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.core.states.placements.delivery import altering_fields
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Overlap:
    """A field with which `owner` alters what it applies from a directory of `other`."""

    field: Node
    place: str
    owner: Resource
    other: Resource


def overlaps(before: State, after: State) -> Iterator[Overlap]:
    """Yield the declarations that only head has, and that alter objects which another one applies.

    The same directory may be applied under other names, to another namespace or cluster: only
    where both apply an object of the same key, one of the two decides what it is.
    """
    of_base = {_identity(declared) for declared in before.declarations}
    reported: set[object] = set()
    for declarations in after.applied_by.values():
        if len(declarations) < 2:
            continue
        for declared in declarations:
            identity = _identity(declared)
            if identity in of_base or identity in reported:
                continue
            field = next(altering_fields(declared.node.resource), None)
            for other in declarations:
                same = other.path == declared.path and _identity(other) in of_base
                if field is not None and same:
                    reported.add(identity)
                    owner, theirs = declared.node.resource, other.node.resource
                    yield Overlap(field, declared.path or ".", owner, theirs)
                    break


def _identity(declared: Declared) -> object:
    return (declared.node.resource.key, declared.name, declared.path)
