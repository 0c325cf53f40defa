"""Which unchanged roots must be built to know what a change does.

An unchanged root is usually not built. Its resources still matter where they refer to changed ones,
or changed ones to them: a binding to a role that the root defines, a policy that selects its pods,
the removal of an account that its pods run as.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from bot.core.resource import Resource, ResourceKey
from bot.core.scopes import Scopes
from bot.core.states.placements.applied import Applied, ManyApplied
from bot.core.states.reached.interests import Interest, Label, interest_of
from bot.core.states.reached.written import Written, WrittenRoots
from bot.core.states.roots.root import RootKey
from bot.core.tree import File
from bot.records import dataclass

MOST_REACHED: Final = 60
"""How many unchanged roots are built at most."""

_Name: TypeAlias = tuple[str, str | None, str]  # kind, namespace and name
_NAMED, _NAMING, _SELECTED, _UNCONCERNED = range(4)


@dataclass(frozen=True, slots=True)
class Reached:
    """The roots to build beside the affected ones, and those over the limit, by key."""

    keys: tuple[RootKey, ...] = ()
    over: tuple[RootKey, ...] = ()


@dataclass(frozen=True, slots=True)
class _Changed:
    """The interest of a changed resource, and its own root: files, and keys at head and at both."""

    interest: Interest
    files: Mapping[str, File]
    beside: frozenset[_Name]
    always_beside: frozenset[_Name]

    def is_copied_by(self, texts: Written) -> bool:
        """Whether a root is built of the same files: it has pods and accounts of its own."""
        files = texts.root.files
        return any(files.get(path) == file for path, file in self.files.items())


def reached(
    before: ManyApplied, after: ManyApplied, written: WrittenRoots, scopes: Scopes
) -> Reached:
    """Return the roots that the changed resources refer to or select, or that do so to them.

    References by name come first, then labels. What a resource refers to is not looked for
    elsewhere where its own root held it before as well: a change cannot hide a role behind another.
    """
    unbuilt = [
        applied.root
        for key, applied in after.items()
        if key in before and _is_unbuilt(before[key], applied)
    ]
    changed = tuple(_changed(before, after)) if unbuilt else ()
    if not changed:
        return Reached()
    interests = _Interests.of(changed, scopes)
    ranks = ((interests.rank(written.of(root)), root.key) for root in unbuilt)
    keys = tuple(key for _, key in sorted(each for each in ranks if each[0] < _UNCONCERNED))
    return Reached(keys[:MOST_REACHED], keys[MOST_REACHED:])


def _is_unbuilt(old: Applied, applied: Applied) -> bool:
    """Whether a root would have to be built to be read, and nothing of it changes."""
    root = applied.root
    return (
        bool(applied.reasons)
        and root.built is None
        and not root.refusals
        and not root.unlisted
        and old.root.inputs == root.inputs
    )


def _changed(before: ManyApplied, after: ManyApplied) -> Iterator[_Changed]:
    """What differs between the roots of two sides, wherever in them it is."""
    differing = [key for key in {**before, **after} if before.get(key) is not after.get(key)]
    applied = [[side[key] for key in differing if key in side] for side in (before, after)]
    # What nothing applies is judged as it stands.
    sides = [[each for each in side if not each.root.unlisted] for side in applied]
    old, new = (_by_key(side) for side in sides)
    names: dict[RootKey, tuple[frozenset[_Name], frozenset[_Name]]] = {}
    for key in {**old, **new}:
        pair = old.get(key), new.get(key)
        first, last = ((each[1] if each is not None else None) for each in pair)
        if first is not None and last is not None and first.encoded == last.encoded:
            continue
        interest = interest_of(first, last)
        if not interest.is_empty:
            root = next(each[0] for each in reversed(pair) if each is not None).root
            if root.key not in names:
                names[root.key] = _names(before.get(root.key)), _names(after.get(root.key))
            old_names, new_names = names[root.key]
            yield _Changed(interest, root.files, new_names or old_names, old_names & new_names)


def _names(applied: Applied | None) -> frozenset[_Name]:
    every = applied.every if applied is not None else ()
    return frozenset((each.key.kind, each.namespace, each.name) for each in every)


def _by_key(roots: list[Applied]) -> Mapping[ResourceKey, tuple[Applied, Resource]]:
    return {resource.key: (applied, resource) for applied in roots for resource in applied.every}


@dataclass(frozen=True, slots=True)
class _Interests:
    """The interests of all that changed, by the name or label that they are about."""

    scopes: Scopes
    names: Mapping[str, list[_Changed]]
    offers: Mapping[str, list[_Changed]]
    selects: Mapping[str, list[tuple[Label, _Changed]]]
    bears: Mapping[str, list[tuple[Label, _Changed]]]
    selects_all: tuple[_Changed, ...]

    @classmethod
    def of(cls, changed: Iterable[_Changed], scopes: Scopes) -> _Interests:
        names, offers = defaultdict(list), defaultdict(list)
        selects, bears = defaultdict(list), defaultdict(list)
        for each in changed:
            for name in each.interest.names:
                names[name].append(each)
            for name in each.interest.offers:
                offers[name].append(each)
            for label in each.interest.selects:
                selects[label[1]].append((label, each))
            for label in each.interest.bears:
                bears[label[1]].append((label, each))
        everything = tuple(each for each in changed if each.interest.selects_all)
        return cls(scopes, names, offers, selects, bears, everything)

    def rank(self, texts: Written) -> int:
        """How closely what changed and a root concern each other: the lower, the closer."""
        if any(self._is_named(texts)):
            return _NAMED
        if any(self._is_naming(texts)):
            return _NAMING
        return _SELECTED if any(self._is_selected(texts)) else _UNCONCERNED

    def _is_named(self, texts: Written) -> Iterator[bool]:
        """Whether something that changed refers to what the root gives."""
        for name in texts.named_among(self.names.keys()):
            candidates = texts.gives(name)
            for changed in self.names[name]:
                near = _is_near(changed, texts)
                beside = changed.beside if changed.is_copied_by(texts) else changed.always_beside
                yield near and not candidates
                for each in candidates:
                    is_global = self.scopes.is_cluster_scoped(each.group_kind)
                    spaces = (None,) if is_global else changed.interest.spaces
                    is_beside = any((each.kind, space, name) in beside for space in spaces)
                    yield (near or is_global) and not is_beside

    def _is_naming(self, texts: Written) -> Iterator[bool]:
        """Whether the root refers to something that changed, and holds no such thing itself."""
        for name in texts.mentioned_among(self.offers.keys()):
            kinds = {each.kind for each in texts.gives(name)}
            for changed in self.offers[name]:
                yield changed.interest.key.kind not in kinds and _is_near(changed, texts)

    def _is_selected(self, texts: Written) -> Iterator[bool]:
        """Whether something that changed selects what the root gives, or the other way round."""
        pairs = [
            *((self.selects[value], texts.bears) for value in self.selects.keys() & texts.words),
            *((self.bears[value], texts.selects) for value in self.bears.keys() & texts.words),
        ]
        for labels, has in pairs:
            for label, changed in labels:
                yield has(label) and _is_neighbour(changed, texts)
        if texts.has_pods:
            yield from (_is_neighbour(changed, texts) for changed in self.selects_all)


def _is_near(changed: _Changed, texts: Written) -> bool:
    """Whether a root may hold something where a changed resource looks for it."""
    interest = changed.interest
    return interest.key.namespace is None or texts.may_lie_in(interest.spaces)


def _is_neighbour(changed: _Changed, texts: Written) -> bool:
    return _is_near(changed, texts) and not changed.is_copied_by(texts)
