"""Connects only to IP addresses that have been checked, with few retries."""

from __future__ import annotations

from socket import socket
from typing import Final

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, Retry
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError
from urllib3.util.connection import create_connection

from bot.fetch.addresses import ParsedAddress
from bot.fetch.limits import FetchLimits

RETRIED: Final = (429, 500, 502, 503, 504)


class CheckedAdapter(HTTPAdapter):
    """Connects only to checked IP addresses, unless the operator's proxy connects."""

    def __init__(self, limits: FetchLimits) -> None:
        self._limits = limits
        retry = Retry(
            total=2,
            redirect=0,
            backoff_factor=0.3,
            status_forcelist=RETRIED,
            raise_on_status=False,
            # The server does not decide how long we wait.
            respect_retry_after_header=False,
        )
        super().__init__(max_retries=retry)

    def init_poolmanager(self, *arguments: object, **options: object) -> None:
        """Create the pools with connection classes that check the address."""
        super().init_poolmanager(*arguments, **options)  # type: ignore[arg-type] # as requests calls it
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = _pools(self._limits)


def _pools(limits: FetchLimits) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket:
            return _connect(self, ParsedAddress("http", self.host, self.port or 80, ""), limits)

    class Encrypted(HTTPSConnection):
        def _new_conn(self) -> socket:
            return _connect(self, ParsedAddress("https", self.host, self.port or 443, ""), limits)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}


def _connect(connection: HTTPConnection, address: ParsedAddress, limits: FetchLimits) -> socket:
    """A socket to a checked IP address of the host that the connection is for."""
    limits.check(address)
    last: OSError | None = None
    for candidate in limits.addresses(address):
        try:
            return create_connection(
                (candidate, address.port),
                connection.timeout,
                socket_options=connection.socket_options,
            )
        except OSError as error:
            last = error
    raise NewConnectionError(connection, f"no address answers: {last}")
