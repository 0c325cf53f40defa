"""Hazards of a document, collected while it is built."""

from __future__ import annotations

from collections import Counter
from typing import Final, Literal, TypeAlias

from bot.core.manifest import Flag
from bot.records import dataclass

Sort: TypeAlias = Literal[
    "yaml11-bool",
    "yaml11-key",
    "octal",
    "octal-key",
    "duplicate-key",
    "merge-order",
    "merge-quoted",
    "merge-twice",
    "tag",
    "content-after-document-end",
]
"""The exact hazard; several sorts can share one flag."""

_KINDS: Final[dict[Sort, tuple[Flag, str]]] = {
    "yaml11-bool": (
        "yaml11-bool",
        "{at} is an unquoted yes, no, on, off, y or n: kubectl reads a boolean, kustomize a string",
    ),
    "yaml11-key": (
        "yaml11-bool",
        "the key {at} is not quoted: kubectl reads a boolean, kustomize a string",
    ),
    "octal": (
        "octal",
        "{at} begins with 0, so the cluster reads an octal number, not what people see",
    ),
    "octal-key": (
        "octal",
        "the key {at} begins with 0, so kubectl reads an octal number, not what people see",
    ),
    "duplicate-key": (
        "duplicate-key",
        "{at} is a duplicate key: kubectl takes the last, kustomize refuses the file",
    ),
    "merge-order": (
        "merge-order",
        "the merge (<<) after {at} overrides it for kubectl, but not for kustomize",
    ),
    "merge-quoted": (
        "merge-order",
        "kubectl reads a quoted << as an ordinary key; kustomize drops it",
    ),
    "merge-twice": (
        "merge-order",
        "a second merge (<<) in one mapping: kubectl applies both, kustomize refuses the file",
    ),
    "tag": ("tag", "{at} has a tag that kubectl, kustomize and people may read differently"),
    "content-after-document-end": (
        "content-after-document-end",
        "this comes after the end of its document (...), so the cluster never sees it",
    ),
}
_SHOWN: Final = 60  # characters of a name
_MOST: Final = 100  # hazards of one flag reported for each document


@dataclass(frozen=True, slots=True)
class HazardNote:
    """A hazard at `index` (characters into the document), at the field `field` if it is at one."""

    flag: Flag
    index: int
    message: str
    field: str


class Notes:
    """The hazards so far. `differs`: whether another dialect may read the document differently."""

    def __init__(self) -> None:
        self.items: list[HazardNote] = []
        self.differs = False
        self._count: Counter[Flag] = Counter()

    def add(self, sort: Sort, index: int, key: object = "") -> None:
        """Add a hazard of this sort, at the field `key` if that is a name."""
        self.differs = True
        flag, sentence = _KINDS[sort]
        self._count[flag] += 1
        if self._count[flag] > _MOST:
            return
        name = key if isinstance(key, str) else ""
        self.items.append(HazardNote(flag, index, sentence.format(at=_shown(name)), name))


def _shown(name: str) -> str:
    """The name shortened, on one line and with invisible characters escaped."""
    if not name:
        return "a value"
    return name[:_SHOWN] if name.isprintable() else ascii(name)[1:-1][:_SHOWN]
