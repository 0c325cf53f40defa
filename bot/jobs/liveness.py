"""Detection of dead replicas: each replica holds an advisory lock of PostgreSQL while it runs.

The free core of DBOS has no crash detection between replicas: the jobs of a killed replica would
stay PENDING for ever and block their pull requests. A lock that is free in two checks in a row
belonged to a dead replica, and any peer takes over its jobs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

import psycopg
import structlog
from dbos import DBOS
from sqlalchemy.exc import SQLAlchemyError

log = structlog.get_logger()

TICK: Final = 3.0
"""Seconds between two checks."""

_SPACE: Final = 0x4641
"""The first half of the lock's key; separates it from other applications' locks."""


class Liveness:
    """The lock of this replica, and a thread that checks the locks of its peers."""

    def __init__(self, url: str, executor: str, blame: Callable[[str, str], None]) -> None:
        """`blame` is called with a dead executor and an id of its crash, before its recovery."""
        self._blame = blame
        self._url = url
        self._executor = executor
        self._locked = threading.Event()
        self._stopped = threading.Event()
        self._retired = False
        self._probing = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="liveness", daemon=True)

    def start(self) -> None:
        """Return when the lock is held, which must be so before this replica starts a job."""
        self._thread.start()
        self._locked.wait()

    def retire(self) -> None:
        """Keep the lock and take over no more jobs."""
        with self._probing:
            self._retired = True

    def stop(self) -> None:
        """End the thread; closing the connection releases the lock."""
        self._stopped.set()
        self._thread.join(timeout=2 * TICK)

    def _watch(self) -> None:
        while not self._stopped.is_set():
            try:
                with psycopg.connect(
                    self._url,
                    autocommit=True,
                    keepalives_idle=10,
                    keepalives_interval=5,
                    keepalives_count=3,
                ) as connection:
                    self._keep_lock(connection)
            except psycopg.Error as error:
                log.warning("liveness connection lost", error=type(error).__name__)
                self._stopped.wait(TICK)

    def _keep_lock(self, connection: psycopg.Connection) -> None:
        connection.execute("select pg_advisory_lock(%s, hashtext(%s))", (_SPACE, self._executor))
        since = time.monotonic()
        suspects: frozenset[str] = frozenset()
        self._locked.set()
        while not self._stopped.wait(TICK):
            connection.execute("select 1")
            # Perhaps all replicas reconnect at once: wait until peers have their locks.
            if time.monotonic() - since <= 2 * TICK:
                continue
            try:
                suspects = self._take_over(connection, suspects)
            except SQLAlchemyError as error:
                # DBOS asks over connections of its own; this one keeps the lock meanwhile.
                log.warning("replicas could not be checked", error=type(error).__name__)
                suspects = frozenset()

    def _take_over(
        self, connection: psycopg.Connection, suspects: frozenset[str]
    ) -> frozenset[str]:
        """Take over the jobs of suspects without a lock; the owners that have none now."""
        with self._probing:
            if self._retired:
                return frozenset()
            free = frozenset(self._free(connection))
            if dead := sorted(free & suspects):
                log.warning("jobs of dead replicas taken over", replicas=dead)
                for executor in dead:
                    self._blame(executor, executor)
                # Private, but what DBOS itself uses; pinned below 3.5 and covered by a test.
                DBOS._recover_pending_workflows(dead)  # noqa: SLF001 - see above
            return free

    def _free(self, connection: psycopg.Connection) -> list[str]:
        """Owners of running jobs whose lock is free. The probe is shared: peers probe too."""
        running = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        owners = {row.executor_id for row in running if row.executor_id}
        return [owner for owner in owners - {self._executor} if _is_free(connection, owner)]


def _is_free(connection: psycopg.Connection, owner: str) -> bool:
    key = (_SPACE, owner)
    row = connection.execute("select pg_try_advisory_lock_shared(%s, hashtext(%s))", key).fetchone()
    if not row or not row[0]:
        return False
    connection.execute("select pg_advisory_unlock_shared(%s, hashtext(%s))", key)
    return True
