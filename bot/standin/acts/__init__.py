"""Actions of people on a stand-in, grouped by their target; `bot.standin.stand_in` joins them."""

from __future__ import annotations

from bot.standin.context import Context
from bot.standin.state import GitHubState


class Acts:
    """A group of actions of people on a stand-in; each action is atomic for every reader."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def state(self) -> GitHubState:
        """What the stand-in knows."""
        return self._context.state
