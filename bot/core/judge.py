"""The engine: which rules are asked about which subjects, and what of their answers is new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import cast

from bot.core.finding import Finding, Spot
from bot.core.resource import Resource, ResourceKey, route_text
from bot.core.rule import Compare, Find, Rule
from bot.core.state import Change, State, changes


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding of a rule in an environment, with its fingerprint."""

    rule: Rule
    environment: str
    finding: Finding
    fingerprint: str


@dataclass(frozen=True, slots=True)
class RuleFailed:
    """A rule that crashed: what it would have said is not known. `error` is the exception's type."""

    rule: str
    environment: str
    error: str


Options = Mapping[str, object]


def judge(
    before: State, after: State, rules: Iterable[Rule], options: Options
) -> Iterator[Judged | RuleFailed]:
    """What these rules newly find between two states of one environment.

    `options` holds each rule's options by rule id. A rule that crashes does not stop the others.
    """
    differing = tuple(changes(before, after))
    for rule in rules:
        ask = _compare if rule.shape == "compare" else _find
        try:
            found = tuple(ask(rule, before, after, differing, options[rule.id]))
        except Exception as error:  # noqa: BLE001 - one rule's crash is a problem, not the end
            yield RuleFailed(rule.id, after.environment.name, type(error).__name__)
            continue
        yield from _numbered(
            Judged(rule, after.environment.name, finding, fingerprint(rule.id, finding))
            for finding in found
        )


def fingerprint(rule: str, finding: Finding) -> str:
    """What stays of a finding when lines and environments change: rule, resource, route, key."""
    place = finding.node
    if isinstance(place, Spot):
        parts: tuple[str, ...] = (rule, "file", place.path, finding.key)
    else:
        key = place.resource.key
        name = (key.group, key.kind, key.namespace or "", key.name)
        parts = (rule, *name, route_text(place.route), finding.key)
    return blake2b("\0".join(parts).encode(), digest_size=10).hexdigest()


def _numbered(found: Iterable[Judged]) -> Iterator[Judged]:
    """The same, with findings that are alike in all but their place in a list told apart."""
    seen: Counter[str] = Counter()
    for judged in found:
        seen[judged.fingerprint] += 1
        ordinal = seen[judged.fingerprint]
        mark = judged.fingerprint if ordinal == 1 else f"{judged.fingerprint}-{ordinal}"
        yield Judged(judged.rule, judged.environment, judged.finding, mark)


def _compare(
    rule: Rule, before: State, after: State, differing: tuple[Change, ...], options: object
) -> Iterator[Finding]:
    """A compare rule is called once, when a subject changed (or, judging the text, a file)."""
    touched = any(change.key.group_kind in rule.subjects for change in differing)
    if touched or not rule.subjects:
        yield from cast("Compare", rule.function)(before, after, options)


def _find(
    rule: Rule, before: State, after: State, differing: tuple[Change, ...], options: object
) -> Iterator[Finding]:
    """A find rule is asked about what the change can affect; base's own findings are taken away."""
    function = cast("Find", rule.function)
    for key in _affected(rule, before, after, differing):
        old, new = before.get(key), after.get(key)
        if new is None:
            continue
        known = Counter(
            fingerprint(rule.id, finding)
            for finding in (function(old, before, options) if old is not None else ())
        )
        for finding in function(new, after, options):
            mark = fingerprint(rule.id, finding)
            if known[mark] > 0:
                known[mark] -= 1
            else:
                yield finding


def _affected(
    rule: Rule, before: State, after: State, differing: tuple[Change, ...]
) -> tuple[ResourceKey, ...]:
    keys = {change.key for change in differing if _judges(rule, change.key)}
    if rule.reach != "resource":
        keys |= _reached(rule, before, after, differing)
    return tuple(sorted(keys, key=lambda key: key.sort_key))


def _reached(
    rule: Rule, before: State, after: State, differing: tuple[Change, ...]
) -> set[ResourceKey]:
    causes = tuple(change.key for change in differing if change.key.group_kind in rule.context)
    if not causes:
        return set()
    everywhere = rule.reach == "environment" or any(cause.namespace is None for cause in causes)
    kinds = tuple(rule.subjects) or tuple(after.kinds)
    held: Callable[[str | None], tuple[Resource, ...]] = lambda space: after.of(  # noqa: E731
        *kinds, namespace=space
    )
    if everywhere:
        return {found.key for found in held(None)}
    spaces = {cause.namespace for cause in causes}
    return {found.key for space in spaces for found in held(space)}


def _judges(rule: Rule, key: ResourceKey) -> bool:
    return not rule.subjects or key.group_kind in rule.subjects
