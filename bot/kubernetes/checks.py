"""Issues: what is wrong in a state, compared between base and head and placed at its cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from bot.core.finding import Finding, Fix, Related, Severity
from bot.core.resource import Node, Resource
from bot.core.state import State, changes
from bot.core.values import EMPTY, Value
from bot.kubernetes.causes import ChangedPosition, changed_position


@dataclass(frozen=True)
class Violation:
    """Something that is wrong with `subject` as the state stands.

    `identity` is what stays of it when lines and the order of things change. `places` are those
    that may have brought it about, the most telling first. `fix` holds at its own place alone.
    """

    code: str
    subject: Resource
    identity: tuple[str, ...]
    message: str
    places: tuple[Node, ...]
    severity: Severity | None = None
    facts: Mapping[str, Value] = field(default_factory=lambda: EMPTY)
    fix: Fix | None = None
    related: tuple[Related, ...] = ()

    @property
    def key(self) -> str:
        """What tells it apart from other issues, in one line."""
        return " ".join((str(self.subject.key), self.code, *self.identity))


@dataclass(frozen=True, slots=True)
class ReachedNamespaces:
    """The namespaces that a change reaches, those of changed Namespace objects among them."""

    namespaces: frozenset[str]

    def __contains__(self, namespace: str | None) -> bool:
        return namespace is None or namespace in self.namespaces


Check: TypeAlias = Callable[[State, ReachedNamespaces], Iterable[Violation]]
"""The issues of a state that a change within this reach can have touched."""


def reach_of(before: State, after: State) -> ReachedNamespaces:
    """The namespaces in which something differs."""
    return ReachedNamespaces(
        frozenset(change.key.namespace or change.key.name for change in changes(before, after))
    )


def new_issues(before: State, after: State, ask: Check) -> Iterator[Violation]:
    """The issues of head that base has not."""
    reach = reach_of(before, after)
    known = Counter(issue.key for issue in ask(before, reach))
    for issue in ask(after, reach):
        if known[issue.key] > 0:
            known[issue.key] -= 1
        else:
            yield issue


def new_findings(before: State, after: State, ask: Check) -> Iterator[Finding]:
    """The same as findings, each at the place whose change brought it about."""
    for issue in new_issues(before, after, ask):
        yield finding_of(before, issue)


def finding_of(before: State, issue: Violation) -> Finding:
    """The finding of an issue that head has and base has not."""
    return finding_at(issue, changed_position(before, issue.places))


def finding_at(issue: Violation, place: ChangedPosition) -> Finding:
    """The finding of an issue, at this place."""
    fix = issue.fix if issue.fix is not None and issue.fix.node == place.node else None
    facts = {"code": issue.code, "object": str(issue.subject.key), **issue.facts}
    return Finding(
        place.node,
        issue.message,
        severity=issue.severity,
        key=issue.key,
        facts=MappingProxyType(facts),
        side=place.side,
        related=tuple(related for related in issue.related if related.node != place.node),
        fix=fix,
    )
