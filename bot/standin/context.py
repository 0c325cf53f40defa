"""The two things that every deed needs: what the stand-in knows, and whom it tells."""

from __future__ import annotations

from dataclasses import dataclass

from bot.standin.events import Events
from bot.standin.state import GitHubState


@dataclass(frozen=True, slots=True)
class Context:
    """A stand-in's state, and its events."""

    state: GitHubState
    events: Events
