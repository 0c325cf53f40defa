"""A change of how something that base applies is built, or where it goes."""

from __future__ import annotations

from bot.core.finding import FileLine
from bot.core.resource import Node
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class PlacementChange:
    """A root of base that something which only head has builds in another way.

    `node` is the field or line that does it, `place` the root's directory, `root` the key of head's
    root in which what base applied by itself is now contained; None for what concerns all of them.
    `alters` says that the node alters what the root gives; else it only names the root. `unbuilt`
    says that head's content cannot be built any more in the way in which base builds it.
    """

    node: Node | FileLine
    place: str
    root: tuple[str, str, str] | None
    unbuilt: bool = False
    alters: bool = True
