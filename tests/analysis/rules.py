"""Rules that are made for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from bot.core.engine.page import Page
from bot.core.engine.rule import Rule
from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind, Resource
from bot.core.state import State, changes

CONFIG_MAP = GroupKind("", "ConfigMap")


@dataclass(frozen=True, slots=True)
class NoOptions:
    """No options."""


def find_rule(rule: str, function: Callable[[Resource, State, object], Iterator[Finding]]) -> Rule:
    """A rule about ConfigMaps."""
    return Rule(
        id=rule,
        read_page=lambda: Page(rule, "", {}, ""),
        severity=Severity.ERROR,
        subjects=frozenset({CONFIG_MAP}),
        context=frozenset({CONFIG_MAP}),
        reach="resource",
        options=NoOptions,
        find=function,
    )


def every_value(subject: Resource, state: State, options: object) -> Iterator[Finding]:
    """One finding for each field of `data`."""
    del state, options
    for name, node in subject.at("data").fields():
        yield Finding(node, f"{subject.key} has {name}")


def crashing(subject: Resource, state: State, options: object) -> Iterator[Finding]:
    """No finding, but a crash."""
    del subject, state, options
    raise LookupError("a value of the manifest")
    yield  # what makes this a generator


def lost_values(before: State, after: State, options: object) -> Iterator[Finding]:
    """One finding for each field of `data` that is gone."""
    del options
    for change in changes(before, after, CONFIG_MAP):
        kept = change.after.at("data").mapping if change.after is not None else {}
        if change.before is not None:
            for name, node in change.before.at("data").fields():
                if name not in kept:
                    yield Finding(node, f"{change.key} lost {name}", side="LEFT")


def compare_rule(rule: str, function: Callable[[State, State, object], Iterator[Finding]]) -> Rule:
    """A rule about what a change does."""
    return replace(find_rule(rule, every_value), compare=function, find=None)
