"""Anchors and what their aliases cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from bot.core.reading.limits import Limits
from bot.errors import Refused

# go-yaml's own bound (allowedAliasRatio in decode.go), so that what it refuses is refused here.
_RATIO_LOW: Final = 400_000
_RATIO_HIGH: Final = 4_000_000


@dataclass(slots=True)
class Anchor:
    """What an anchor stands for. `key` is its text as a mapping key, None where it cannot be one.

    `nodes` and `size` (in characters) are what an alias adds; `open` while it is being built.
    """

    value: Any
    key: str | None
    nodes: int
    size: int
    open: bool = False


class Anchors:
    """The anchors of a document, by name; a name may be given again."""

    __slots__ = ("_aliased", "_by_name", "_count", "_expanded", "_limits")

    def __init__(self, limits: Limits) -> None:
        self._by_name: dict[str, Anchor] = {}
        self._limits = limits
        self._count = 0
        self._aliased = 0
        self._expanded = 0

    @property
    def added(self) -> int:
        """How many nodes the aliases so far stand for."""
        return self._aliased

    @property
    def expanded(self) -> int:
        """How many characters the aliases so far stand for."""
        return self._expanded

    def open(self, name: str, nodes: int, index: int) -> Anchor:
        """A collection begins that has this name."""
        anchor = Anchor(None, None, nodes + self._aliased, index - self._expanded, open=True)
        self._by_name[name] = anchor
        return anchor

    def close(self, anchor: Anchor, value: Any, nodes: int, index: int) -> None:
        """The collection ends."""
        anchor.value = value
        anchor.nodes = nodes + self._aliased - anchor.nodes + 1
        anchor.size = index + self._expanded - anchor.size
        anchor.open = False

    def scalar(self, name: str, value: Any, key: str | None, size: int) -> None:
        """A scalar that has this name."""
        self._by_name[name] = Anchor(value, key, 1, size)

    def alias(self, name: str, nodes: int, index: int) -> Anchor:
        """What an alias stands for. Raises Refused where it is nothing, or too much."""
        anchor = self._by_name.get(name)
        if anchor is None:
            raise Refused("an alias names an anchor that is not there", index)
        if anchor.open:
            raise Refused("an anchor's value contains itself", index)
        self._count += 1
        self._aliased += anchor.nodes
        self.spend(anchor.size, index)
        if self._count > self._limits.aliases:
            raise Refused(f"more than {self._limits.aliases} aliases", index, limit=True)
        decoded = nodes + self._aliased
        if self._aliased > 100 and decoded > 1000 and self._aliased / decoded > _ratio(decoded):
            raise Refused("document contains excessive aliasing", index)
        return anchor

    def spend(self, size: int, index: int) -> None:
        """Count so many characters as added by aliases or merges."""
        self._expanded += size
        if self._expanded > self._limits.expansion:
            raise Refused("aliases and merges add too much text", index, limit=True)


def _ratio(decoded: int) -> float:
    over = min(max(decoded - _RATIO_LOW, 0), _RATIO_HIGH - _RATIO_LOW)
    return 0.99 - 0.89 * (over / (_RATIO_HIGH - _RATIO_LOW))
