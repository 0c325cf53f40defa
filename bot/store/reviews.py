"""The last reviews of each pull request, for the pages that checks link to."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sql

from bot.store import database

MOST_OF_A_PULL: Final = 20
"""Heads of one pull request that are kept, the newest."""

MOST_OF_A_REPOSITORY: Final = 500
"""Reviews of one repository that are kept, the newest."""

LARGEST: Final = 4 * 1024 * 1024
"""Bytes of a document before it is compressed; a larger one is not stored."""

_LOCK: Final = 0x4641_5256
_TABLE: Final = sql.Table(
    "fairlead_reviews",
    sql.MetaData(),
    sql.Column("repository", sql.BigInteger, primary_key=True),
    sql.Column("pull", sql.BigInteger, primary_key=True),
    sql.Column("head", sql.Text, primary_key=True),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("at", sql.Text, nullable=False),
    sql.Column("verdict", sql.Text, nullable=False),
    sql.Column("title", sql.Text, nullable=False),
    sql.Column("document", sql.LargeBinary, nullable=False),
    sql.Index("fairlead_reviews_name", "name", "pull"),
)


@dataclass(frozen=True, slots=True)
class StoredReview:
    """A review as its page needs it. `at` is in UTC, `document` is JSON."""

    repository: int
    name: str
    pull: int
    head: str
    at: str
    verdict: str
    title: str
    document: bytes = b""


class Reviews:
    """The table of reviews. Safe to use from several threads."""

    def __init__(self, url: str = database.IN_MEMORY) -> None:
        """`url` as `database.address` returns it; without one, the table ends with its process."""
        self._engine = database.engine(url)
        database.prepare(self._engine, _TABLE, _LOCK)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def put(self, review: StoredReview) -> bool:
        """Store a review in place of an earlier one of the same head; False if it is too large."""
        if len(review.document) > LARGEST:
            return False
        row = {name: getattr(review, name) for name in StoredReview.__slots__}
        row["document"] = zlib.compress(review.document, 6)
        with self._engine.begin() as connection:
            connection.execute(sql.delete(_TABLE).where(*_key(review)))
            connection.execute(sql.insert(_TABLE).values(row))
            _trim(connection, review)
        return True

    def get(self, name: str, pull: int, head: str) -> StoredReview | None:
        """The review of a head of a pull request, None where there is none."""
        query = sql.select(_TABLE).where(
            sql.func.lower(_TABLE.c.name) == name.lower(),
            _TABLE.c.pull == pull,
            _TABLE.c.head == head,
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        return StoredReview(**{**row, "document": zlib.decompress(row["document"])})

    def history(self, repository: int, pull: int) -> Sequence[StoredReview]:
        """The reviews of a pull request without their documents, newest first."""
        return self._listed(_TABLE.c.repository == repository, _TABLE.c.pull == pull)

    def recent(self, most: int = 100) -> Sequence[StoredReview]:
        """The newest reviews of all repositories without their documents, newest first."""
        return self._listed(most=most)

    def forget(self, repository: int) -> None:
        """Delete every review of a repository."""
        with self._engine.begin() as connection:
            connection.execute(sql.delete(_TABLE).where(_TABLE.c.repository == repository))

    def _listed(
        self, *conditions: sql.ColumnElement[bool], most: int = MOST_OF_A_PULL
    ) -> Sequence[StoredReview]:
        columns = [column for column in _TABLE.c if column.name != "document"]
        query = sql.select(*columns).where(*conditions).order_by(_TABLE.c.at.desc()).limit(most)
        with self._engine.connect() as connection:
            return [StoredReview(**row) for row in connection.execute(query).mappings()]


def _key(review: StoredReview) -> tuple[sql.ColumnElement[bool], ...]:
    return (
        _TABLE.c.repository == review.repository,
        _TABLE.c.pull == review.pull,
        _TABLE.c.head == review.head,
    )


def _trim(connection: sql.Connection, review: StoredReview) -> None:
    """Delete the oldest reviews beyond what is kept of a pull request and of a repository."""
    repository = _TABLE.c.repository == review.repository
    for condition, most in (
        (sql.and_(repository, _TABLE.c.pull == review.pull), MOST_OF_A_PULL),
        (repository, MOST_OF_A_REPOSITORY),
    ):
        newest = sql.select(_TABLE.c.at).where(condition).order_by(_TABLE.c.at.desc()).limit(most)
        oldest = connection.execute(newest).scalars().all()[-1]
        connection.execute(sql.delete(_TABLE).where(condition, _TABLE.c.at < oldest))
