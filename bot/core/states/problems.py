"""Problems: parts of a change that the review could not look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from bot.core.engine.review import ProblemKind, ProblemSubject
from bot.core.finding import Side
from bot.core.resource import ResourceSource, Route
from bot.core.states.placements.applied import Applied
from bot.core.states.roots.reasons import Reason
from bot.core.states.roots.root import RootKey
from bot.records import dataclass

_KINDS: Final[Mapping[str, str]] = {"kustomization": "kustomization", "chart": "Helm chart"}

_MOST_LISTED: Final = 5
_OURS: Final = frozenset({"limit", "unavailable"})


@dataclass(frozen=True, slots=True)
class Trouble:
    """A problem before its line is looked up: a place in a file, and a sentence.

    `subject` is what an approval of the problem is bound to; without one it cannot be accepted.
    """

    kind: ProblemKind
    new: bool
    path: str
    side: Side
    message: str
    source: ResourceSource | None = None
    route: Route = ()
    subject: ProblemSubject | None = None


def unrendered(
    base: Mapping[RootKey, Applied], head: Mapping[RootKey, Applied]
) -> Iterator[Trouble]:
    """Roots that were not read on one of the two sides and whose files differ between them.

    Roots that are not rendered for one and the same reason are one problem.
    """
    groups: dict[tuple[str, bool], list[_Unrendered]] = {}
    for place in sorted({*base, *head}):
        before, after = base.get(place), head.get(place)
        if before is after or (before and after and before.root.inputs == after.root.inputs):
            continue
        subject = _root_subject(before, after)
        if after is not None and after.reasons:
            root = _not_rendered(before, after, subject)
            groups.setdefault((root.reason.identity, root.new), []).append(root)
        elif after is not None and after.upgrade_reasons:
            yield replace(_not_upgraded(before, after), subject=subject)
        elif before is not None and before.reasons:
            yield replace(_was_not_rendered(before, after), subject=subject)
    for roots in groups.values():
        yield _of_group(roots)


@dataclass(frozen=True, slots=True)
class _Unrendered:
    """A root of head that is not rendered, and the reason for it."""

    root: Applied
    reason: Reason
    new: bool
    subject: ProblemSubject


def _of_group(roots: list[_Unrendered]) -> Trouble:
    """One problem for the roots that are not rendered for the same reason."""
    first, reason = roots[0], roots[0].reason
    if len(roots) == 1:
        message = f"{_name(first.root)} is not rendered: {reason.message}; {_advice(first.root)}"
        trouble = _trouble(first.root, reason, new=first.new, side="RIGHT", message=message)
        return replace(trouble, subject=first.subject)
    message = (
        f"{_name(first.root)}, like {_listed([each.root for each in roots[1:]])}, is not rendered: "
        f"{reason.message}; compare their output for base and head by hand"
    )
    inputs = tuple(each for root in roots for each in (root.subject.name, *root.subject.inputs))
    subject = ProblemSubject(f"unrendered {reason.path} {reason.identity}", inputs)
    trouble = _trouble(first.root, reason, new=first.new, side="RIGHT", message=message)
    return replace(trouble, subject=subject)


def not_reached(roots: Sequence[Applied], limit: int) -> Iterator[Trouble]:
    """The roots that a change refers to, or that refer to it, and that are over the limit."""
    if not roots:
        return
    first, others = roots[0], f" and {_listed(roots[1:])}" if len(roots) > 1 else ""
    message = (
        f"{_name(first)}{others} may hold what this change refers to and "
        f"{'are' if others else 'is'} not built: beside what it changes, a review builds at "
        f"most {limit} further roots"
    )
    inputs = tuple(part for each in roots for part in _root_subject(each, None).inputs)
    subject = ProblemSubject("reached roots", inputs)
    reason = first.reasons[0]
    trouble = _trouble(first, reason, new=True, side="RIGHT", message=message)
    yield replace(trouble, subject=subject)


def _listed(roots: Sequence[Applied]) -> str:
    """Further roots beside a first one, in a few words."""
    places = [_place(each) for each in roots]
    more = f" and {len(places) - _MOST_LISTED} more" if len(places) > _MOST_LISTED else ""
    return f"{len(places)} more ({', '.join(places[:_MOST_LISTED])}{more})"


def _root_subject(before: Applied | None, after: Applied | None) -> ProblemSubject:
    """A root at base and at head, with every file, value and version that it is built from."""
    sides = [side for side in (before, after) if side is not None]
    inputs = (blake2b(repr(side.root.inputs).encode(), digest_size=16) for side in sides)
    return ProblemSubject(sides[0].root.name, tuple(digest.hexdigest() for digest in inputs))


def _not_rendered(before: Applied | None, after: Applied, subject: ProblemSubject) -> _Unrendered:
    """New unless base could not be reviewed either, for no other reason and of the same sources.

    What is missing here, or was spent, is no property of base or head: it is always new.
    """
    known_causes = {reason.identity for reason in before.reasons} if before is not None else set()
    reason = next(
        (
            current_reason
            for current_reason in after.reasons
            if current_reason.identity not in known_causes
        ),
        after.reasons[0],
    )
    same = before is not None and _sources(before) == _sources(after)
    new = reason.identity not in known_causes or not same or after.status in _OURS
    return _Unrendered(after, reason, new, subject)


def _sources(applied: Applied) -> tuple[object, ...]:
    """The versions of the remote sources that a root uses, fetched or not."""
    declared = applied.root.declared
    references = {remote.reference for remote in applied.root.remotes}
    charts = [source for reason in applied.root.reasons for source in reason.sources]
    return (declared.source if declared is not None else "", references, charts)


def _not_upgraded(before: Applied | None, after: Applied) -> Trouble:
    """The problem that an upgrade is not known. New unless it was not known at base either."""
    reason = after.upgrade_reasons[0]
    known_messages = (
        {current_reason.message for current_reason in before.upgrade_reasons}
        if before is not None
        else set()
    )
    result = after.root.reruns.upgrade if after.root.reruns is not None else None
    new = reason.message not in known_messages or (result is not None and result.status in _OURS)
    advice = f"compare the output of 'helm template --is-upgrade {after.root.path or '.'}'"
    message = f"{_name(after)} is not rendered {reason.message}; {advice} for base and head by hand"
    return _trouble(after, reason, new=new, side="RIGHT", message=message)


def _was_not_rendered(before: Applied, after: Applied | None) -> Trouble:
    reason = before.reasons[0]
    change = (
        "is gone, and what it contained"
        if after is None
        else "was changed, and what it contained before"
    )
    message = f"{_name(before)} {change} is not known: {reason.message}; {_advice(before)}"
    new = before.status in _OURS
    return _trouble(before, reason, new=new, side="LEFT", message=message)


def _trouble(applied: Applied, reason: Reason, *, new: bool, side: Side, message: str) -> Trouble:
    """The problem at its reason; at the declaration where that wrote the file of the reason."""
    declared = applied.root.declared
    if declared is not None and reason.path in applied.root.laid:
        source, route = declared.node.resource.source, declared.node.route
        return Trouble("unrendered", new, source.path, side, message, source, route)
    return Trouble("unrendered", new, reason.path, side, message, reason.source, reason.route)


def _name(applied: Applied) -> str:
    if applied.root.title and applied.root.kind == "directory":
        return f"The {applied.root.title}"
    kind = _KINDS.get(applied.root.kind, "directory")
    return f"The {kind} {applied.root.title or applied.root.path or '.'}"


def _place(applied: Applied) -> str:
    return applied.root.title or applied.root.path or "."


def _advice(applied: Applied) -> str:
    if applied.root.title or applied.root.kind == "directory":
        return "compare its output for base and head by hand"
    place = applied.root.path or "."
    command = (
        f"helm template {place}" if applied.root.kind == "chart" else f"kustomize build {place}"
    )
    return f"compare the output of '{command}' for base and head by hand"
