"""What the cluster receives of a change: the states without what no tool applies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from bot.core.resource import Resource, ResourceKey
from bot.core.state import State
from bot.core.words import first_of
from bot.kubernetes.apply.carriers.guards import (
    carried_guards,
    copies_in_words,
    limiting_kinds,
    without_guards,
)
from bot.kubernetes.apply.handled import Handlings, has_mark
from bot.kubernetes.apply.handling import Handling, Manner
from bot.kubernetes.apply.ignored_differences import with_ignored
from bot.kubernetes.gitops.owners import owners_of
from bot.kubernetes.limiting import limits_others
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Unreceived:
    """A resource of head that the cluster does not receive as it is written.

    `received` is what the cluster has instead of it, None for nothing.
    """

    resource: Resource
    handling: Handling
    received: Resource | None


@dataclass(frozen=True, slots=True)
class Received:
    """The states of base and head as the cluster receives them.

    `differences` are the resources of head that it does not receive as they are written, `unknown`
    those of base of which nobody knows whether it has them. `carried` are other guards of head that
    only a carrier holds: neither state has them.
    """

    before: State
    after: State
    differences: Mapping[ResourceKey, Unreceived]
    unknown: Mapping[ResourceKey, Unreceived]
    carried: tuple[Resource, ...]

    @property
    def note(self) -> str:
        """What is not received, in words: the first of what limits others, else the first."""
        every = tuple({**self.unknown, **self.differences}.values())
        parts: list[str] = []
        if every:
            limiting = [one for one in every if limits_others(one.resource.group_kind)]
            first = (limiting or every)[0]
            words = first.handling.words(first.resource)
            keys = [str(first.resource.key), *(str(one.resource.key) for one in every[1:])]
            parts.append(f"what no tool applies: {first_of(keys, 1)}, because of {words}")
        if self.carried:
            parts.append(copies_in_words(self.carried))
        return ", and without ".join(parts)


def received(before: State, after: State) -> Received | None:
    """Return the states that the cluster receives; None where they are those of the manifests.

    An object that does not arrive is absent where it is new, and else as base has it. What base
    itself leaves to a mark of the object is absent on both sides: nobody knows whether it was ever
    created, so that it makes up for nothing. Guards that only a carrier holds make up for nothing
    either: what the change does to themselves, the usual comparison judges.
    """
    comparison = _Comparison(Handlings(before, before), Handlings(after, before))
    # A manifest that moves as it is to an owner that applies nothing is no change of a state.
    if not after.since(before) and comparison.head.idle.keys() <= comparison.base.idle.keys():
        return None
    unknown: dict[ResourceKey, Unreceived] = {}
    differences: dict[ResourceKey, Unreceived] = {}
    for key in comparison.candidates():
        old, new = before.get(key), after.get(key)
        was = comparison.base.of(old) if old is not None else None
        if old is not None and was is not None and _is_unknown(old, was):
            unknown[key] = Unreceived(old, was, None)
            old = None
        handling = comparison.head.of(new) if new is not None else None
        if new is None or handling is None:
            continue
        left = comparison.received(_Sides(old, was, new, handling))
        if left is None or left.encoded != new.encoded:
            differences[key] = Unreceived(new, handling, left)
    carried = carried_guards(after)
    if not unknown and not differences and not carried:
        return None
    return Received(
        _with(without_guards(before, carried_guards(before)), unknown),
        _with(without_guards(after, carried), differences),
        differences,
        unknown,
        _changed_first([one for one in carried if one.key not in differences], before, after),
    )


def received_once(before: State, after: State) -> Received | None:
    """Return `received(before, after)`, computed once."""
    return after.against(before, received)


def unreceived_guards(before: State, after: State) -> Iterator[Unreceived]:
    """Yield what limits others and newly is not created, or changes and is not updated.

    What base left to a mark of the object was reported when it came, and what becomes a hook is
    reported as removed.
    """
    states = received_once(before, after)
    if states is None:
        return
    for key, difference in states.differences.items():
        manner = difference.handling.manner
        is_standing = key in states.unknown
        if not limits_others(key.group_kind) or is_standing or manner in ("passing", "replaced"):
            continue
        yield difference


def _changed_first(
    resources: Iterable[Resource], before: State, after: State
) -> tuple[Resource, ...]:
    changed = {change.key for change in after.since(before)}
    return tuple(sorted(resources, key=lambda resource: resource.key not in changed))


@dataclass(frozen=True, slots=True)
class _Sides:
    """An object at base and at head, each with how its changes reach the cluster."""

    old: Resource | None
    was: Handling | None
    new: Resource
    handling: Handling


@dataclass(frozen=True, slots=True)
class _Comparison:
    base: Handlings
    head: Handlings

    def candidates(self) -> Iterator[ResourceKey]:
        """Yield what changes, and what limits others and may not arrive or may have moved."""
        before, after = self.base.state, self.head.state
        seen = {change.key: None for change in after.since(before)}
        may_move = bool(self.head.idle or self.head.new_owners)
        for state in (before, after):
            for resource in state.of(*limiting_kinds(state)):
                if may_move or has_mark(resource):
                    seen.setdefault(resource.key)
        yield from seen

    def received(self, sides: _Sides) -> Resource | None:
        """Return what the cluster has of a resource of head that does not simply arrive."""
        manner, new = sides.handling.manner, sides.new
        is_there = sides.old is not None and self._is_shared(sides.old, new)
        there = sides.old if is_there else None
        was = sides.was.manner if sides.was is not None else None
        if manner == "partly":
            return new if there is None else _merged(there, new, sides.handling)
        received_by_manner: Mapping[Manner, Resource | None] = {
            "passing": None,
            "deselected": None,
            "replaced": new if there is None or was == "replaced" else None,
            "installed": there if was == "installed" else None,
            "created": there or new,
            "updated": new if there is not None else None,
        }
        return received_by_manner.get(manner, there)

    def _is_shared(self, old: Resource, new: Resource) -> bool:
        """Whether one owner applies both, or nobody knows who does."""
        if (old.source.nesting is None) != (new.source.nesting is None):
            return False
        mine, theirs = owners_of(new, self.head.state), owners_of(old, self.base.state)
        identities = {owner.identity for owner in theirs}
        return mine == theirs or any(owner.identity in identities for owner in mine)


def _is_unknown(resource: Resource, handling: Handling) -> bool:
    """Whether nobody knows if the cluster has an object of base, or it has it only in passing."""
    by_own_mark = handling.field.resource.key == resource.key
    return handling.manner == "passing" or (handling.manner == "unmanaged" and by_own_mark)


def _merged(old: Resource, new: Resource, handling: Handling) -> Resource:
    """Head's object with the fields that are never updated; one of the two where it equals it."""
    merged = with_ignored(old, new, handling.frozen)
    return next((side for side in (new, old) if side.body == merged.body), merged)


def _with(state: State, differences: Mapping[ResourceKey, Unreceived]) -> State:
    if not differences:
        return state
    resources = (
        differences[resource.key].received if resource.key in differences else resource
        for resource in state.resources
    )
    return replace(state, resources=tuple(one for one in resources if one is not None))
