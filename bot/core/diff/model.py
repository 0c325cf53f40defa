"""The difference between base and head as values: groups of resources that change alike."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from bot.core.resource import ResourceKey
from bot.records import dataclass

ChangeKind: TypeAlias = Literal["added", "changed", "removed"]

MOST_GROUPS: Final = 5_000
MOST_PLACES: Final = 20_000
MOST_FIELDS: Final = 60
"""Fields that are listed of one group."""

LONGEST_VALUE: Final = 240
"""Characters of a value that are kept."""

MOST_UNREAD: Final = 200
"""Files that could not be read to their end and are named."""

LARGEST_DIFFERENCE: Final = 4 * 1024 * 1024
"""Characters of all paths and values together."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A changed field. `before` and `after` are JSON text; None where the field is absent.

    A long value is cut, and a value that people must not see is replaced by `(hidden)`.
    """

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ChangedResource:
    """A resource, and the environments in which it changes this way."""

    key: ResourceKey
    environments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DifferenceGroup:
    """Resources that change alike: added or removed resources of one kind, or equal changes.

    `fields` is empty for added and removed resources. `omitted` counts the fields that are not
    listed; it is at least 1 where a resource was too large to be compared field by field.
    """

    change: ChangeKind
    resources: tuple[ChangedResource, ...]
    fields: tuple[FieldChange, ...] = ()
    omitted: int = 0


@dataclass(frozen=True, slots=True)
class UnreadFile:
    """A changed file that could not be read to its end at base or at head, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What changes in the cluster, worst first.

    `omitted` counts the changed resources that no group lists, because there are too many. What
    `unread` files contain beyond the error is not compared.
    """

    groups: tuple[DifferenceGroup, ...] = ()
    omitted: int = 0
    unread: tuple[UnreadFile, ...] = ()

    def count(self, change: ChangeKind) -> int:
        """How many resources change so; one in several environments counts once."""
        return sum(len(group.resources) for group in self.groups if group.change == change)
