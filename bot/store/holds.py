"""Rate-limit holds: until when GitHub asked an installation to wait.

GitHub says so once. Without a record, a restarted process and every other replica would continue to
send requests, and GitHub may ban an App that does:
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import sqlalchemy as sql
import structlog
from sqlalchemy.dialects import postgresql, sqlite

from bot.store import database

log = structlog.get_logger()

LONGEST: Final = 3600.0
"""No hold lasts longer than these seconds, whatever the clock said when it was recorded."""

_LOCK: Final = 0x4641_484C
_TABLE: Final = sql.Table(
    "fairlead_holds",
    sql.MetaData(),
    sql.Column("installation", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("until", sql.Float, nullable=False),
)


@contextmanager
def _best_effort() -> Iterator[None]:
    """An unavailable database fails no review: GitHub repeats its limit at the next request."""
    try:
        yield
    except sql.exc.SQLAlchemyError as error:
        log.warning("holds cannot be reached", error=type(error).__name__)


class Holds:
    """The holds, shared by every process of a service. Any thread may call its methods."""

    def __init__(self, url: str) -> None:
        self._engine = database.engine(url)
        database.prepare(self._engine, _TABLE, _LOCK)

    @classmethod
    def opened(cls, directory: Path, url: str | None) -> Self:
        """The holds of a service, in the database of its audit log."""
        return cls(database.address(directory, url))

    @classmethod
    def in_memory(cls) -> Self:
        """The holds of a single process."""
        return cls(database.IN_MEMORY)

    def close(self) -> None:
        """Close the connections to the database."""
        self._engine.dispose()

    def hold(self, installation: int, until: float) -> None:
        """Hold an installation until this Unix time, unless a longer hold is recorded."""
        columns = _TABLE.c
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        row = {"installation": installation, "until": until}
        with _best_effort(), self._engine.begin() as connection:
            shorter = (columns.installation == installation) & (columns.until < until)
            connection.execute(sql.delete(_TABLE).where(shorter))
            connection.execute(dialect.insert(_TABLE).values(row).on_conflict_do_nothing())

    def remaining(self, installation: int, moment: float) -> float:
        """Seconds for which the hold lasts after the Unix time `moment`; 0 without a hold."""
        query = sql.select(_TABLE.c.until).where(_TABLE.c.installation == installation)
        until: float | None = None
        with _best_effort(), self._engine.connect() as connection:
            until = connection.scalar(query)
        return 0.0 if until is None else min(LONGEST, max(0.0, until - moment))
