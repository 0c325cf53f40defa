"""What lies elsewhere, brought here: a store of it, and a process of its own that asks for it."""

from bot.fetch.errand import Limits
from bot.fetch.fetching import Fetching, Session

__all__ = ["Fetching", "Limits", "Session"]
