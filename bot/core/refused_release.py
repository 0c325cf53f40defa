"""A release that its tool cannot install, as it refuses what the chart gives."""

from __future__ import annotations

from bot.core.resource import Node
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class RefusedRelease:
    """The field that names the chart, and the reason why its output is refused."""

    node: Node
    reason: str
