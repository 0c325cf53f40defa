"""Rate-limit holds: until when GitHub asked an installation to wait.

GitHub says so once. Without a record, a restarted process and every other replica would continue to
send requests, and GitHub may ban an App that does:
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sql
import structlog

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

    def __init__(self, url: str = database.IN_MEMORY) -> None:
        """`url` as `database.address` returns it; without one, the table ends with its process."""
        self._engine = database.engine(url)
        database.prepare(self._engine, _TABLE, _LOCK)

    def close(self) -> None:
        """Close the connections to the database."""
        self._engine.dispose()

    def hold(self, installation: int, until: float) -> None:
        """Hold an installation until this Unix time, unless a longer hold is recorded."""
        columns = _TABLE.c
        row = {"installation": installation, "until": until}
        with _best_effort(), self._engine.begin() as connection:
            shorter = (columns.installation == installation) & (columns.until < until)
            connection.execute(sql.delete(_TABLE).where(shorter))
            connection.execute(database.insert(self._engine, _TABLE).values(row))

    def remaining(self, installation: int, moment: float) -> float:
        """Seconds for which the hold lasts after the Unix time `moment`; 0 without a hold."""
        query = sql.select(_TABLE.c.until).where(_TABLE.c.installation == installation)
        until: float | None = None
        with _best_effort(), self._engine.connect() as connection:
            until = connection.scalar(query)
        return 0.0 if until is None else min(LONGEST, max(0.0, until - moment))
