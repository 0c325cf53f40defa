"""Boxes: product sets of atoms that are never written out, however large a rule is."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import product
from typing import Generic, NamedTuple, TypeVar

from bot.kubernetes.rbac.effect import (
    UNNAMED_VERBS,
    Scoped,
    dead_group,
    dead_name,
    dead_resource,
    dead_url,
    dead_verb,
    effective,
)
from bot.kubernetes.rbac.rules import ALL, Atom, RbacRule
from bot.records import dataclass

T = TypeVar("T", bound=Hashable)


class Target(NamedTuple):
    """A resource of a group, or a URL where `group` is None."""

    group: str | None
    resource: str


@dataclass(frozen=True, slots=True)
class Box:
    """Every verb on every target with every name. A name None stands for every object."""

    verbs: tuple[str, ...]
    targets: tuple[Target, ...]
    names: tuple[str | None, ...] = (None,)

    @property
    def size(self) -> int:
        """The number of atoms."""
        return len(self.verbs) * len(self.targets) * len(self.names)

    def atoms(self) -> Iterator[Atom]:
        """The atoms, one by one."""
        for target, name, verb in product(self.targets, self.names, self.verbs):
            yield Atom(verb, target.group, target.resource, name)


@dataclass(frozen=True, slots=True)
class _Class(Generic[T]):
    """Elements that the same owners admit and that act alike; bit n of `owners` is owner n."""

    owners: int
    elements: tuple[T, ...]


def uncovered(
    rule: RbacRule, owners: Sequence[RbacRule], scope: str, scoped: Scoped
) -> tuple[Box, ...]:
    """The part of a rule, in the scope, that no single rule among `owners` covers."""
    return () if rule in owners else merged(_uncovered(rule, owners, scope, scoped))


def merged(boxes: Iterable[Box]) -> tuple[Box, ...]:
    """The same atoms in fewer boxes: boxes that differ in one list only are joined."""
    by_verbs: dict[tuple[tuple[Target, ...], tuple[str | None, ...]], list[str]] = {}
    for box in boxes:
        by_verbs.setdefault((box.targets, box.names), []).extend(box.verbs)
    by_targets: dict[tuple[tuple[str, ...], tuple[str | None, ...]], list[Target]] = {}
    for (targets, names), verbs in by_verbs.items():
        by_targets.setdefault((tuple(dict.fromkeys(verbs)), names), []).extend(targets)
    return tuple(
        Box(verbs, tuple(dict.fromkeys(targets)), names)
        for (verbs, names), targets in by_targets.items()
    )


def _uncovered(
    rule: RbacRule, owners: Sequence[RbacRule], scope: str, scoped: Scoped
) -> Iterator[Box]:
    """The uncovered part in boxes of classes of elements that act alike.

    The elements of a class are admitted by the same owners. A box of classes is covered by the
    owners that admit all of its classes, and has an effect where its first atom has one. The cost
    therefore depends on the number of owners and elements, never on the number of atoms.
    """
    verbs = _classes(rule.verbs, owners, RbacRule.admits_verb, _manner)
    names = _classes(rule.objects, owners, RbacRule.admits_name, lambda name: _naming(name, scope))
    resources = _classes(
        (Target(group, resource) for group, resource in product(rule.groups, rule.resources)),
        owners,
        _admits_target,
        lambda target: _place(target, scoped),
    )
    urls = _classes(
        (Target(None, url) for url in rule.urls),
        owners,
        _admits_target,
        lambda target: dead_url(target.resource) is None,
    )
    nameless: tuple[_Class[str | None], ...] = (_Class(-1, (None,)),)
    for targets, objects in ((resources, names), (urls, nameless)):
        for verb, target, name in product(verbs, targets, objects):
            first = Atom(verb.elements[0], *target.elements[0], name.elements[0])
            if not verb.owners & target.owners & name.owners and effective(first, scope, scoped):
                yield Box(verb.elements, target.elements, name.elements)


def _classes(
    elements: Iterable[T],
    owners: Sequence[RbacRule],
    admits: Callable[[RbacRule, T], bool],
    manner: Callable[[T], Hashable],
) -> tuple[_Class[T], ...]:
    classes: dict[tuple[int, Hashable], list[T]] = {}
    for element in dict.fromkeys(elements):
        mask = sum(1 << place for place, owner in enumerate(owners) if admits(owner, element))
        classes.setdefault((mask, manner(element)), []).append(element)
    return tuple(_Class(mask, tuple(targets)) for (mask, _), targets in classes.items())


def _admits_target(owner: RbacRule, target: Target) -> bool:
    if target.group is None:
        return owner.admits_url(target.resource)
    return owner.admits_group(target.group) and owner.admits_resource(target.resource)


def _manner(verb: str) -> Hashable:
    """The property of a verb that decides whether a grant has an effect."""
    if verb in UNNAMED_VERBS or verb in (ALL, "bind"):
        return verb
    return dead_verb(verb) is None


def _naming(name: str | None, scope: str) -> Hashable:
    """The property of a name that decides whether a grant has an effect."""
    if name is None or name in ("", scope):
        return name
    return dead_name(name) is None


def _place(target: Target, scoped: Scoped) -> Hashable:
    """The property of a resource that decides whether a grant has an effect."""
    main = target.resource.partition("/")[0]
    if (target.group, main) in scoped:
        return target
    return dead_group(target.group or "") is None and dead_resource(target.resource) is None
