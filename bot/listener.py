"""HTTP listeners: waitress with limits on the time and the number of connections.

Waitress alone accepts 100 connections and closes one that stays silent after two minutes, so 100
silent clients would close the service for everybody. Here a request must be complete within a
limit, and where too many connections are open, the one that has been idle for longest is closed
in favour of a new one.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from waitress import wasyncore  # type: ignore[import-untyped]  # it has no types
from waitress.adjustments import Adjustments  # type: ignore[import-untyped]  # it has no types
from waitress.channel import HTTPChannel  # type: ignore[import-untyped]  # it has no types
from waitress.server import TcpWSGIServer  # type: ignore[import-untyped]  # it has no types
from waitress.task import ThreadedTaskDispatcher  # type: ignore[import-untyped]  # it has no types

from bot.errors import UsageError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

MEBIBYTE: Final = 1024 * 1024

_OTHER_FILES: Final = 256
"""File descriptors that the rest of the process may use beside connections."""

_MOST_FILES: Final = 4096
"""The soft limit of file descriptors is raised to this, if the hard limit allows it."""


@dataclass(frozen=True, slots=True)
class ListenerLimits:
    """The limits of a listener; times in seconds.

    A request's headers must be complete `header` after its first byte (the first request of a
    connection: after the connection was opened), the request `request` after it. Between two
    requests a connection may be idle for `idle`: more than the 60 seconds of common proxies, which
    would otherwise reuse a connection that is being closed. `buffered` is the number of bytes that
    unfinished requests may occupy together.
    """

    connections: int = 1000
    header: float = 10.0
    request: float = 60.0
    idle: float = 75.0
    buffered: int = 256 * MEBIBYTE
    body: int = MEBIBYTE
    threads: int = 8


class _Channel(HTTPChannel):  # type: ignore[misc]  # the library has no types
    """A connection that knows since when it owes the rest of a request."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.waiting_since = time.monotonic()
        self.served = False
        super().__init__(*arguments, **options)

    def received(self, data: bytes) -> bool:
        if self.request is None and self.served:
            self.waiting_since = time.monotonic()
        received: bool = super().received(data)
        if self.request is None:
            self.served = True
            self.waiting_since = time.monotonic()
        return received

    def service(self) -> None:
        super().service()
        self.waiting_since = time.monotonic()

    @property
    def busy(self) -> bool:
        """Whether a complete request is being answered."""
        return bool(self.requests)

    @property
    def buffered(self) -> int:
        """The number of body bytes that are kept of an unfinished request."""
        return self.request.body_bytes_received if self.request is not None else 0

    def deadline(self, limits: ListenerLimits) -> float:
        """The moment, by the monotonic clock, at which the connection is closed."""
        if self.request is not None:
            seconds = limits.request if self.request.headers_finished else limits.header
        else:
            seconds = limits.idle if self.served else limits.header
        return self.waiting_since + seconds


class _Server(TcpWSGIServer):  # type: ignore[misc]  # the library has no types
    """A listening socket that closes connections which exceed a limit."""

    channel_class = _Channel
    limits = ListenerLimits()

    def readable(self) -> bool:
        if len(self.active_channels) >= self.limits.connections:
            # A few more than necessary: the next connections need no search.
            self._close_idle(1 + self.limits.connections // 20)
        readable: bool = super().readable()
        return readable

    def maintenance(self, now: float) -> None:
        """Called by waitress every second."""
        del now
        moment = time.monotonic()
        waiting = [channel for channel in self._channels() if not channel.busy]
        for channel in waiting:
            if channel.deadline(self.limits) < moment:
                channel.will_close = True
        excess = sum(channel.buffered for channel in waiting) - self.limits.buffered
        for channel in sorted(waiting, key=lambda channel: channel.waiting_since):
            if excess <= 0:
                break
            if channel.buffered:
                excess -= channel.buffered
                channel.will_close = True

    def _close_idle(self, count: int) -> None:
        """Close the connections that have been waiting for longest, unless some are closing."""
        channels = self._channels()
        if any(channel.will_close for channel in channels):
            return
        idle = [channel for channel in channels if not channel.busy]
        for channel in sorted(idle, key=lambda channel: channel.waiting_since)[:count]:
            channel.will_close = True

    def _channels(self) -> Iterable[_Channel]:
        return list(self.active_channels.values())


class Listener:
    """A listening HTTP server; `run` serves until KeyboardInterrupt.

    Raises UsageError if the address cannot be used; `variable` names the setting of the port.
    """

    def __init__(
        self,
        application: WSGIApplication,
        address: tuple[str, int],
        limits: ListenerLimits,
        *,
        variable: str = "PORT",
    ) -> None:
        host, port = address
        connections = min(limits.connections, _file_descriptors() - _OTHER_FILES)
        adjustments = Adjustments(
            host=host,
            port=port,
            ident=None,
            threads=limits.threads,
            # Waitress counts its own sockets, too; `_Server` keeps below the limit.
            connection_limit=connections + 16,
            cleanup_interval=1,
            asyncore_use_poll=True,
            # Waitress buffers a body before the application sees it: in a file above this.
            inbuf_overflow=64 * 1024,
            max_request_header_size=32 * 1024,
            max_request_body_size=limits.body,
        )
        self._map: dict[int, Any] = {}
        self._dispatcher = ThreadedTaskDispatcher()
        server_class = type("_LimitedServer", (_Server,), {"limits": limits})
        try:
            self._servers = [
                server_class(
                    application,
                    self._map,
                    dispatcher=self._dispatcher,
                    adj=adjustments,
                    sockinfo=sockinfo,
                )
                for sockinfo in adjustments.listen
            ]
        except OSError as error:
            wasyncore.close_all(self._map)
            raise UsageError(
                f"{variable} {port} on {host} cannot be listened on: {error.strerror}; "
                f"set {variable} to a free port"
            ) from error
        self._dispatcher.set_thread_count(limits.threads)
        self._poll = adjustments.asyncore_use_poll

    @property
    def port(self) -> int:
        """The port, also where the system chose it."""
        return int(self._servers[0].effective_port)

    def run(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Serve until KeyboardInterrupt or until `stopped`; answers under way are completed."""
        try:
            while not stopped():
                wasyncore.loop(timeout=1, use_poll=self._poll, map=self._map, count=1)
        except KeyboardInterrupt:
            pass
        finally:
            self._dispatcher.shutdown()
            wasyncore.close_all(self._map)


def _file_descriptors() -> int:
    """The number of file descriptors that this process may open, after raising its soft limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return most if soft == resource.RLIM_INFINITY else soft
