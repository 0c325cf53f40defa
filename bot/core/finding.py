"""A finding: what a rule reports, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Literal, TypeAlias

from bot.core.resource import Node
from bot.core.values import EMPTY, Value
from bot.records import dataclass

Side: TypeAlias = Literal["LEFT", "RIGHT"]
"""GitHub's words for the two sides of a diff: LEFT is base, RIGHT is head."""


class Severity(StrEnum):
    """How bad a finding is; the policy decides whether it blocks."""

    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for a notice, higher for worse."""
        return list(Severity).index(self)

    def lower(self) -> Severity:
        """Return the next lower severity; a notice stays a notice."""
        return list(Severity)[max(0, self.rank - 1)]


@dataclass(frozen=True, slots=True)
class Table:
    """A small table that a comment shows. Cells are text, which the template escapes."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def filled(self) -> Table:
        """The table without columns in which every cell is empty."""
        kept = [at for at in range(len(self.columns)) if any(row[at] for row in self.rows)]
        rows = tuple(tuple(row[at] for at in kept) for row in self.rows)
        return Table(tuple(self.columns[at] for at in kept), rows)


@dataclass(frozen=True, slots=True)
class Steps:
    """An ordered list, such as the path from a grant to control of the cluster."""

    title: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """Edges (from, to, label) that show who newly reaches whom."""

    edges: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class FileLine:
    """A line of a file, for findings about text instead of a resource. `line` is 1-based."""

    path: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """Another node that a finding refers to, and how it is related."""

    node: Node
    message: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A certain fix: the value that the node should have. None removes the field."""

    node: Node
    value: Value


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule reports, at a node or a line.

    The node belongs to a resource at head. Where head removed the resource or the field and the
    removal is the cause, it is the node at base, with side LEFT. A finding about text stands at a
    FileLine.
    `message` is one sentence that a tired reviewer understands alone; it must not contain a value
    of a Secret. `key` distinguishes findings of one rule at one node and stays when lines move.
    `facts` are for machines (docs/rules). `severity` None is the rule's own. `governance` marks a
    finding about the repository's policy or owners, which belongs to no environment.
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
