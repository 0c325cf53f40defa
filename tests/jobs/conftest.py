"""What the tests of the queue may ask for."""

from __future__ import annotations

from tests.postgres import postgres

__all__ = ["postgres"]
