"""The rule protocol: what a pair in `rules/` is to the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, Protocol, TypeAlias

from bot.core.engine.consent import FieldPaths
from bot.core.engine.page import Page
from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind, Resource
from bot.core.state import State
from bot.records import dataclass

Reach: TypeAlias = Literal["resource", "namespace", "environment"]
"""How far a change reaches: its own resource, its namespace, or the whole environment."""


class Compare(Protocol):
    """A rule about what a change does: runs once for an environment in which a subject changed."""

    def __call__(self, before: State, after: State, options: object, /) -> Iterator[Finding]:
        """The findings of this change, in any order."""


class Find(Protocol):
    """A rule about what is wrong with a resource as it stands, whether or not the change did it."""

    def __call__(self, subject: Resource, state: State, options: object, /) -> Iterator[Finding]:
        """The findings about `subject` alone, however much of the state the rule reads."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: either a `compare` or a `find`.

    `subjects` are the kinds that it judges; empty: every kind. A `find` is asked again about a
    subject when the subject changed, or when a resource of a kind in `context` changed within
    `reach` of it (a cluster-scoped resource, such as a Namespace, is in everyone's reach).
    `aliases` are the ids that the rule had before, oldest first. `consent` are the fields of the
    resource that an approval rests on besides message and facts; None is the whole resource.
    `read_page` returns the page: a review needs none.
    """

    id: str
    read_page: Callable[[], Page]
    severity: Severity
    subjects: frozenset[GroupKind]
    context: frozenset[GroupKind]
    reach: Reach
    options: type
    compare: Compare | None = None
    find: Find | None = None
    aliases: tuple[str, ...] = ()
    consent: FieldPaths | None = None
    source: Callable[[], str] | None = None

    @property
    def page(self) -> Page:
        """The page of the rule."""
        return self.read_page()

    @property
    def identity(self) -> str:
        """The id that fingerprints are made of: the rule's first, so that a rename keeps them."""
        return self.aliases[0] if self.aliases else self.id
