"""The engine: runs each rule on the subjects that a change can affect, and keeps new findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import TypeAlias

from bot.core.engine.rule import Rule
from bot.core.finding import FileLine, Finding, Severity
from bot.core.resource import ListStep, Resource, ResourceKey, route_text
from bot.core.state import Change, State, changes, moved
from bot.core.values import Value, mapping, sequence
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding of a rule in an environment, with its fingerprint."""

    rule: Rule
    environment: str
    finding: Finding
    fingerprint: str


@dataclass(frozen=True, slots=True)
class RuleFailed:
    """A rule that raised an exception, so its findings are not known.

    `error` is the type of the exception; its text may contain hostile content and is dropped.
    """

    rule: str
    environment: str
    error: str


RuleOptions: TypeAlias = Mapping[str, object]


def judge(
    before: State, after: State, rules: Iterable[Rule], options: RuleOptions
) -> Iterator[Judged | RuleFailed]:
    """The new findings of these rules between two states of one environment.

    `options` maps rule ids to the rules' options. A rule that crashes does not stop the others.
    """
    differing = tuple(changes(before, after))
    for rule in rules:
        try:
            findings = tuple(_findings(rule, before, after, differing, options[rule.id]))
        except Exception as error:  # noqa: BLE001 - one rule's crash is a problem, not the end
            yield RuleFailed(rule.id, after.environment.name, type(error).__name__)
            continue
        yield from _numbered(
            Judged(rule, after.environment.name, finding, fingerprint(rule.identity, finding))
            for finding in findings
        )


def fingerprint(rule: str, finding: Finding) -> str:
    """The identity of a finding across pushes: rule, resource, field path and key, no lines."""
    place = finding.node
    if isinstance(place, FileLine):
        parts: tuple[str, ...] = (rule, "file", place.path, finding.key)
    else:
        key = place.resource.key
        name = (key.group, key.kind, key.namespace or "", key.name)
        parts = (rule, *name, route_text(place.route), finding.key)
    return blake2b("\0".join(parts).encode(), digest_size=10).hexdigest()


def _numbered(findings: Iterable[Judged]) -> Iterator[Judged]:
    """The findings, with an ordinal added to a fingerprint that several of them share."""
    seen: Counter[str] = Counter()
    for judged in findings:
        seen[judged.fingerprint] += 1
        ordinal = seen[judged.fingerprint]
        identity = judged.fingerprint if ordinal == 1 else f"{judged.fingerprint}-{ordinal}"
        yield Judged(judged.rule, judged.environment, judged.finding, identity)


def _findings(
    rule: Rule, before: State, after: State, differing: tuple[Change, ...], options: object
) -> Iterator[Finding]:
    """The findings of a compare rule, or those of a find rule that base does not have.

    A compare rule runs once if a subject of its kinds changed; a find rule about each resource that
    the change may affect, at base and at head.
    """
    if rule.compare is not None:
        touched = any(change.key.group_kind in rule.subjects for change in differing)
        if touched or not rule.subjects:
            yield from rule.compare(before, after, options)
    if rule.find is None:
        return
    origins = moved(before, after)
    for key in _affected(rule, after, differing):
        old, new = before.get(key) or origins.get(key), after.get(key)
        if new is not None:
            earlier = tuple(rule.find(old, before, options)) if old is not None else ()
            if key in origins:
                earlier = tuple(
                    _relocated(finding, new) for finding in earlier if _is_mild(rule, finding)
                )
            yield from _new(rule, earlier, tuple(rule.find(new, after, options)))


def _is_mild(rule: Rule, finding: Finding) -> bool:
    """Whether a finding is not repeated for a resource that only moved to another namespace."""
    return (finding.severity or rule.severity) != Severity.ERROR


def _relocated(finding: Finding, resource: Resource) -> Finding:
    """A finding about a resource of base, as it would be about the same one at head."""
    if isinstance(finding.node, FileLine) or finding.node.resource.name != resource.name:
        return finding
    return replace(finding, node=replace(finding.node, resource=resource))


def _new(rule: Rule, before: tuple[Finding, ...], after: tuple[Finding, ...]) -> Iterator[Finding]:
    """What was found beyond what is known.

    Where findings share a fingerprint (items of a list without merge key), those at an unchanged
    item are the known ones, whatever their order.
    """
    unmatched_before: dict[str, list[Value]] = {}
    for finding in before:
        unmatched_before.setdefault(fingerprint(rule.identity, finding), []).append(
            _content(finding)
        )
    unmatched = []
    for finding in after:
        same = unmatched_before.get(fingerprint(rule.identity, finding), [])
        if _content(finding) in same:
            same.remove(_content(finding))
        else:
            unmatched.append(finding)
    for finding in unmatched:
        same = unmatched_before.get(fingerprint(rule.identity, finding), [])
        if same:
            same.pop()
        else:
            yield finding


def _content(finding: Finding) -> Value:
    """What tells a finding from others of its fingerprint: its item of a list without merge key."""
    if isinstance(finding.node, FileLine):
        return None
    value: Value = finding.node.resource.body
    for step in finding.node.route:
        if isinstance(step, ListStep):
            value = sequence(value)[step.index]
            if not step.key:
                return value
        else:
            value = mapping(value).get(step)
    return finding.node.value


def _affected(rule: Rule, after: State, differing: tuple[Change, ...]) -> tuple[ResourceKey, ...]:
    keys = {change.key for change in differing if _judges(rule, change.key)}
    if rule.reach != "resource":
        causes = tuple(change.key for change in differing if change.key.group_kind in rule.context)
        keys.update(resource.key for resource in _reached(rule, after, causes))
    return tuple(sorted(keys, key=lambda key: key.sort_key))


def _reached(rule: Rule, after: State, causes: tuple[ResourceKey, ...]) -> Iterator[Resource]:
    kinds = tuple(rule.subjects) or tuple(after.kinds)
    spaces = {cause.namespace for cause in causes}
    if spaces and (rule.reach == "environment" or None in spaces):
        yield from after.of(*kinds)
        return
    for space in spaces:
        yield from after.of(*kinds, namespace=space)


def _judges(rule: Rule, key: ResourceKey) -> bool:
    return not rule.subjects or key.group_kind in rule.subjects
