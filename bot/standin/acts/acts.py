"""What every group of acts has."""

from __future__ import annotations

from bot.standin.context import Context
from bot.standin.state import GitHubState


class Acts:
    """A part of what people do on a stand-in; each act is one moment for whoever looks."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def state(self) -> GitHubState:
        """What the stand-in knows."""
        return self._context.state
