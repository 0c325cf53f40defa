"""A guard at admission: the clauses by which it refuses requests, and the fields that decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from bot.core.resource import Node, ResourceKey
from bot.kubernetes.guardrails.formulas import Formula
from bot.records import dataclass

GuardPurpose: TypeAlias = Literal[
    "action", "match", "exclude", "check", "failure", "parameters", "level", "exception", "deletion"
]
"""What a field of a guard decides."""

GuardEffect: TypeAlias = Literal["refuses", "changes"]
"""What a guard does with a request: refuse what violates it, or change the object."""


@dataclass(frozen=True, slots=True)
class GuardField:
    """A field that a clause depends on; `label` is the same at base and at head."""

    label: str
    node: Node
    purpose: GuardPurpose


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a guard that refuses by itself, such as a rule of a policy.

    `denies` is what it refuses. `words` name the clause after the guard ("its rule tag"), or are
    empty. `node` is the clause itself. `derived` says that it judges controllers whose pods the
    guard judges as well. `assumed` says that nothing in the state puts it in force.
    """

    id: str
    words: str
    denies: Formula
    fields: tuple[GuardField, ...]
    node: Node
    effect: GuardEffect = "refuses"
    derived: bool = False
    assumed: bool = False


GuardRoots: TypeAlias = Mapping[ResourceKey, Node]
"""The resources that make up a guard, each as its root."""

Reader: TypeAlias = Callable[[GuardRoots], tuple[Clause, ...]]
"""Reads the clauses of a guard out of its resources."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard of a state: the resources that make it up, and how they are read.

    `family` tells which guards may stand in for each other. `absent` is what is refused where the
    guard does not exist: nothing; of an exception or a deletion, everything that it lets through.
    """

    id: str
    family: str
    roots: GuardRoots
    read: Reader
    absent: Formula = False

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """The clauses of the guard as it stands, the assumed ones where it has no others."""
        clauses = self.read(self.roots)
        return tuple(clause for clause in clauses if not clause.assumed) or clauses

    def clauses_like(self, other: Guard) -> tuple[Clause, ...]:
        """The clauses that are in force, or assumed to be, as those of another guard are.

        A policy that lost its last binding is not in force. One that gets its first here may have
        others elsewhere.
        """
        assumed = any(clause.assumed for clause in other.clauses)
        return tuple(clause for clause in self.read(self.roots) if assumed or not clause.assumed)
