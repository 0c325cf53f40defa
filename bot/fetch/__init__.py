"""What lies elsewhere, brought here: a store of it, and a process of its own that asks for it."""

from bot.fetch.fetching import Fetching, Session
from bot.fetch.run import SessionLimits

__all__ = ["Fetching", "Session", "SessionLimits"]
