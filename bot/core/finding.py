"""What a rule says: a finding, and the place it stands at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias

from bot.core.resource import Node
from bot.core.values import EMPTY, Value

Side: TypeAlias = Literal["LEFT", "RIGHT"]
"""GitHub's words for the two sides of a diff: LEFT is base, RIGHT is head."""


class Severity(StrEnum):
    """How bad a finding is; what follows from it is the policy's to say."""

    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for a notice, more for worse."""
        return list(Severity).index(self)

    def lower(self) -> Severity:
        """One step lower; a notice stays a notice."""
        return list(Severity)[max(0, self.rank - 1)]


@dataclass(frozen=True, slots=True)
class Table:
    """A small table for people, as a comment shows it. Cells are text: the template escapes."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps in their order, such as the way from a grant to the whole cluster."""

    title: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """Who newly reaches whom: edges of (from, to, label)."""

    edges: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class FileLine:
    """A line of a file, for what concerns the text rather than a resource. `line` is 1-based."""

    path: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that a finding speaks of, and what it has to do with it."""

    node: Node
    message: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A certain fix: the value that should stand at a place instead. None removes the field."""

    node: Node
    value: Value


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found, at a place.

    The place is a node of a resource at head; of a resource that head no longer has, or of a field
    that head no longer has and whose removal is the cause, it is the node at base with side LEFT.
    What concerns the text rather than a resource stands at a spot of the file.
    `message` is one sentence that a tired reviewer understands alone; it must not hold a value of
    a Secret. `key` tells apart findings of one rule at one place, and stays when lines move.
    `facts` are for machines (DESIGN 6); `severity` None means the rule's own. `house`: it is about
    the repository's own rules, which hold for every environment and are in none.
    """

    node: Node | FileLine
    message: str
    severity: Severity | None = None
    key: str = ""
    facts: Mapping[str, Value] = field(default_factory=lambda: EMPTY)
    side: Side = "RIGHT"
    related: tuple[Related, ...] = ()
    details: tuple[Table | Steps | Graph, ...] = ()
    fix: Fix | None = None
    governance: bool = False
