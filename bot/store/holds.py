"""Until when GitHub wants to be left alone by an installation.

GitHub says so once. A process that was started anew would ask again at once, and so would every
other replica; who goes on asking may be banned:
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
"""A clock that was wrong when something was recorded holds nobody longer than this."""

_LOCK: Final = 0x4641_484C
_TABLE: Final = sql.Table(
    "fairlead_holds",
    sql.MetaData(),
    sql.Column("installation", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("until", sql.Float, nullable=False),
)


@contextmanager
def _forgiving() -> Iterator[None]:
    """A database that is away for a moment fails no review: GitHub says again what it wants."""
    try:
        yield
    except sql.exc.SQLAlchemyError as error:
        log.warning("holds cannot be reached", error=type(error).__name__)


class Holds:
    """What every process of a service knows of it. Its methods may be called from any thread."""

    def __init__(self, url: str) -> None:
        self._engine = database.engine(url)
        database.prepare(self._engine, _TABLE, _LOCK)

    @classmethod
    def opened(cls, directory: Path, url: str | None) -> Self:
        """Those of a service, in the database of its audit log."""
        return cls(database.address(directory, url))

    @classmethod
    def in_memory(cls) -> Self:
        """Those of a process that is alone."""
        return cls(database.IN_MEMORY)

    def close(self) -> None:
        """The connections are given back."""
        self._engine.dispose()

    def hold(self, installation: int, until: float) -> None:
        """Records that it is held until this moment, if it is not for longer."""
        held = _TABLE.c
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        row = {"installation": installation, "until": until}
        with _forgiving(), self._engine.begin() as connection:
            shorter = (held.installation == installation) & (held.until < until)
            connection.execute(sql.delete(_TABLE).where(shorter))
            connection.execute(dialect.insert(_TABLE).values(row).on_conflict_do_nothing())

    def left(self, installation: int, now: float) -> float:
        """Seconds that it is held still; 0 where it is not."""
        wanted = sql.select(_TABLE.c.until).where(_TABLE.c.installation == installation)
        until: float | None = None
        with _forgiving(), self._engine.connect() as connection:
            until = connection.scalar(wanted)
        return 0.0 if until is None else min(LONGEST, max(0.0, until - now))
