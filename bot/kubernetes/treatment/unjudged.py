"""What a change contains that no rule judges: kinds that are not modelled, and unread carriers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bot.core.finding import Side
from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import Change, State, changes
from bot.core.states.carriers.nested import unread_parts
from bot.core.states.carriers.texts import Unread
from bot.core.words import first_of, plural
from bot.kubernetes.treatment.kinds_table import UNJUDGED_KINDS, UnjudgedKind
from bot.records import dataclass

_MOST_NAMES: Final = 5
_VERBS: Final = {"pods": "run", "traffic": "let through or refuse", "rights": "grant"}


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A part of a change that no rule judges: the node where it begins, and a sentence.

    `new` says that base does not hold the resource or part. `name` stays the same from push to
    push, `resources` are those that the part rests on, at base and at head.
    """

    node: Node
    message: str
    new: bool
    name: str
    resources: tuple[Resource | None, ...]
    side: Side = "RIGHT"


def unjudged(pairs: Sequence[tuple[State, State]]) -> Iterator[Unjudged]:
    """Yield what no rule judges of the environments that differ, each pair base and head.

    What several environments have in common is yielded once.
    """
    groups: dict[UnjudgedKind, dict[str, dict[object, Change]]] = {}
    for before, after in pairs:
        for change in changes(before, after):
            kind = UNJUDGED_KINDS.get(change.key.group_kind)
            if kind is not None:
                by_kind = groups.setdefault(kind, {}).setdefault(change.key.kind, {})
                by_kind.setdefault(_change_identity(change), change)
    for described, kinds in groups.items():
        for name, members in sorted(kinds.items()):
            yield _of_kind(described, name, list(members.values()))
    yield from unread_carriers(pairs)


def unread_carriers(pairs: Sequence[tuple[State, State]]) -> Iterator[Unjudged]:
    """Yield the parts of changed carriers that cannot be read, of each pair base and head."""
    for before, after in pairs:
        yield from _unread_carriers(before, after)


def _change_identity(change: Change) -> object:
    sides = (change.before, change.after)
    return (change.key, *(None if side is None else side.encoded for side in sides))


def _of_kind(described: UnjudgedKind, kind: str, members: list[Change]) -> Unjudged:
    """Return one problem for all changed resources of a kind."""
    first = next((change for change in members if change.after is not None), members[0])
    names = list(dict.fromkeys(str(change.key).partition("/")[2] for change in members))
    noun = kind if len(names) == 1 else plural(kind)
    message = (
        f"not judged: {len(names)} {described.product} {noun} ({first_of(names, _MOST_NAMES)}), "
        f"as no rule knows what they {_VERBS[described.effect]}; review them by hand"
    )
    return Unjudged(
        first.present.at("metadata", "name"),
        message,
        any(change.before is None for change in members),
        f"not judged {first.key.group_kind}",
        tuple(side for change in members for side in (change.before, change.after)),
        "RIGHT" if first.after is not None else "LEFT",
    )


def _unread_carriers(before: State, after: State) -> Iterator[Unjudged]:
    """Yield the unread parts of changed carriers; a part is new where base has no such part."""
    changed = {change.key for change in changes(before, after)}
    former_parts = tuple(unread_parts(before.resources, changed))
    old = {_identity(part) for part in former_parts}
    alone = [(_identity(part), part.node.value) for part in former_parts if part.is_alone]
    unread = [
        part
        for part in unread_parts(after.resources, changed)
        if not (part.is_alone and (_identity(part), part.node.value) in alone)
    ]
    parts = {_identity(part): part for part in reversed(unread)}
    for identity, part in reversed(parts.items()):
        carrier = part.node.resource
        former = before.get(carrier.key)
        if _is_same(former, carrier):
            continue
        message = f"{carrier.key} {part.why}, so what it applies is not judged"
        yield Unjudged(
            part.node,
            message,
            identity not in old,
            f"{carrier.key} {part.why}",
            (former, carrier),
        )


def _identity(part: Unread) -> tuple[ResourceKey, str]:
    return (part.node.resource.key, part.why)


def _is_same(old: Resource | None, new: Resource) -> bool:
    return old is not None and old.encoded == new.encoded
