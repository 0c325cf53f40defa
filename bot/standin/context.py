"""The two parts that every action needs: the state of the stand-in, and its events."""

from __future__ import annotations

from dataclasses import dataclass

from bot.standin.events import Events
from bot.standin.state import GitHubState


@dataclass(frozen=True, slots=True)
class Context:
    """A stand-in's state, and its events."""

    state: GitHubState
    events: Events
