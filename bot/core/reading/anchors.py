"""Anchors and what their aliases cost."""

from __future__ import annotations

from typing import Any, Final

from bot.core.reading.limits import FileLimits
from bot.errors import ReadingError
from bot.records import dataclass

# go-yaml's own bound (allowedAliasRatio in decode.go), so that what it refuses is refused here.
_RATIO_LOW: Final = 400_000
_RATIO_HIGH: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class YamlAnchor:
    """What an anchor stands for. `key` is its text as a mapping key, None where it cannot be one.

    `nodes` and `size` (in characters) are what an alias adds, `depth` how many levels.
    """

    value: Any
    key: str | None
    nodes: int
    size: int
    depth: int = 0


@dataclass(frozen=True, slots=True)
class OpenAnchor:
    """The anchor of a collection that is being read.

    `nodes`, `size` and `depth` are those of the document where the collection begins; `before` is
    how deep the document was until then.
    """

    name: str
    nodes: int
    size: int
    depth: int
    before: int


class Anchors:
    """The anchors of a document, by name; a name may be given again."""

    __slots__ = ("_aliased", "_by_name", "_count", "_deepest", "_expanded", "_limits")

    def __init__(self, limits: FileLimits) -> None:
        self._by_name: dict[str, YamlAnchor | OpenAnchor] = {}
        self._limits = limits
        self._count = 0
        self._aliased = 0
        self._expanded = 0
        self._deepest = 0

    @property
    def added(self) -> int:
        """How many nodes the aliases so far stand for."""
        return self._aliased

    def open(self, name: str, nodes: int, index: int, depth: int) -> OpenAnchor:
        """A collection begins that has this name."""
        size = index - self._expanded
        anchor = OpenAnchor(name, nodes + self._aliased, size, depth, self._deepest)
        self._by_name[name] = anchor
        self._deepest = depth
        return anchor

    def reach(self, depth: int) -> None:
        """Something stands so deep, within what is open."""
        self._deepest = max(self._deepest, depth)

    def close(self, anchor: OpenAnchor, value: Any, nodes: int, index: int) -> None:
        """The collection ends. Its name may have been given again within it."""
        if self._by_name[anchor.name] is anchor:
            self._by_name[anchor.name] = YamlAnchor(
                value,
                None,
                nodes + self._aliased - anchor.nodes + 1,
                index + self._expanded - anchor.size,
                self._deepest - anchor.depth,
            )
        self._deepest = max(self._deepest, anchor.before)

    def scalar(self, name: str, value: Any, key: str | None, size: int) -> None:
        """A scalar that has this name."""
        self._by_name[name] = YamlAnchor(value, key, 1, size)

    def alias(self, name: str, nodes: int, index: int, depth: int) -> YamlAnchor:
        """What an alias stands for. Raises ReadingError where it is nothing, or too much."""
        anchor = self._by_name.get(name)
        if anchor is None:
            raise ReadingError("an alias refers to an anchor that does not exist", index)
        if isinstance(anchor, OpenAnchor):
            raise ReadingError("an anchor's value contains itself", index)
        self._count += 1
        self._aliased += anchor.nodes
        self.spend(anchor.size, index)
        self.reach(depth + anchor.depth)
        if depth + anchor.depth > self._limits.depth:
            raise ReadingError(f"nested deeper than {self._limits.depth}", index, limit=True)
        if self._count > self._limits.aliases:
            raise ReadingError(f"more than {self._limits.aliases} aliases", index, limit=True)
        decoded = nodes + self._aliased
        if self._aliased > 100 and decoded > 1000 and self._aliased / decoded > _ratio(decoded):
            raise ReadingError("document contains excessive aliasing", index)
        return anchor

    def spend(self, size: int, index: int) -> None:
        """Count so many characters as added by aliases or merges."""
        self._expanded += size
        if self._expanded > self._limits.expansion:
            raise ReadingError("aliases and merges add too much text", index, limit=True)


def _ratio(decoded: int) -> float:
    over = min(max(decoded - _RATIO_LOW, 0), _RATIO_HIGH - _RATIO_LOW)
    return 0.99 - 0.89 * (over / (_RATIO_HIGH - _RATIO_LOW))
