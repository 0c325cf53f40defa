"""What is odd about a document, as it is met while building."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from bot.core.manifest import Flag

_SENTENCES: Final[dict[str, str]] = {
    "yaml11-bool": "{at} is an unquoted yes, no, on, off, y or n:"
    " a boolean for kubectl, a string for kustomize",
    "yaml11-key": "a key is an unquoted yes, no, on, off, y or n:"
    ' for kubectl it is "true" or "false", for kustomize the word',
    "octal": "{at} begins with a 0 and is octal for the cluster: another number than people read",
    "octal-key": "a key begins with a 0 and is octal for kubectl: another key than people read",
    "duplicate-key": "{at} stands twice in a mapping: kubectl takes the last, kustomize refuses it",
    "merge-order": "a merge (<<) stands after {at}, which it overrides for kubectl"
    " but not for kustomize or other readers",
    "merge-quoted": "a quoted << is an ordinary key for kubectl and is lost for kustomize",
    "merge-twice": "two merges (<<) in one mapping: kubectl takes both, kustomize refuses them",
    "tag": "{at} has a tag that readers understand differently",
    "content-after-document-end": "what follows the end of the document (...) does not exist"
    " for the cluster",
}
_FLAGS: Final[dict[str, Flag]] = {
    "yaml11-key": "yaml11-bool",
    "octal-key": "octal",
    "merge-quoted": "merge-order",
    "merge-twice": "merge-order",
}
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Note:
    """A hazard at a place (in characters) of a document."""

    flag: Flag
    index: int
    message: str


@dataclass(slots=True)
class Notes:
    """The hazards met so far; `differs` once another dialect may read something else."""

    held: list[Note] = field(default_factory=list)
    differs: bool = False

    def add(self, sort: str, index: int, key: str = "") -> None:
        """A hazard of this sort, at the field `key` where it has one."""
        self.differs = True
        flag = _FLAGS.get(sort, sort)
        shown = key if key.isprintable() else ascii(key)[1:-1]
        at = f"`{shown[:_SHOWN]}`" if shown else "a value"
        self.held.append(Note(flag, index, _SENTENCES[sort].format(at=at)))  # type: ignore[arg-type]  # a sort that is no flag is in _FLAGS
