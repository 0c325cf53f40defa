"""Why is a root not read as it stands?"""

from __future__ import annotations

import re

from bot.core.resource import ResourceSource, Route
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a root cannot be read as it stands: a field of a file, and a sentence about it.

    `refuses` says that no renderer is given the root either, `spent` that a budget of ours is why.
    `cause` tells it from other reasons where the sentence would say more than that. `sources` are
    the versions of remote sources that are the reason.
    """

    path: str
    message: str
    source: ResourceSource | None = None
    route: Route = ()
    refuses: bool = True
    spent: bool = False
    cause: str = ""
    sources: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """What makes it the same reason at base and at head."""
        return self.cause or self.message


def without_credentials(address: str) -> str:
    """An address without user and password, and short enough for a sentence."""
    shown = re.sub(r"(?<=://)[^/@]*@", "", address.partition("\n")[0])
    return shown if len(shown) <= 200 else f"{shown[:200]}..."
