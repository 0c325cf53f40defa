"""The database that the audit log's tests may want."""

from __future__ import annotations

from tests.postgres import postgres

__all__ = ["postgres"]
