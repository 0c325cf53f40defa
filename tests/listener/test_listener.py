"""The listener under silent, slow and numerous clients, over real sockets."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection

import pytest
import requests
from flask import Flask, request

from bot.errors import UsageError
from bot.listener import Listener, ListenerLimits
from tests.patience import PATIENCE

# Longer than a busy machine takes between a connection and the request on it.
_HEADER = 2.0


@contextmanager
def listening(limits: ListenerLimits) -> Iterator[int]:
    """The port of a listener with an application that returns the size of a request's body."""
    app = Flask("test")

    @app.post("/")
    def size() -> str:
        return str(len(request.get_data()))

    listener = Listener(app, ("127.0.0.1", 0), limits)
    ended = threading.Event()
    thread = threading.Thread(target=listener.run, args=(ended.is_set,))
    thread.start()
    try:
        yield listener.port
    finally:
        ended.set()
        thread.join()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def closed_by_server(connection: socket.socket) -> bool:
    """Waits until the server closes the connection without an answer."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_silent_connections_beyond_the_limit_do_not_close_the_door() -> None:
    with listening(ListenerLimits(connections=20, header=3600)) as port, ExitStack() as stack:
        silent = [stack.enter_context(connect(port)) for _ in range(130)]
        answer = requests.post(f"http://127.0.0.1:{port}/", data=b"abc", timeout=PATIENCE)
        assert (answer.status_code, answer.text) == (200, "3")
        readable, _, _ = select.select(silent, [], [], PATIENCE)
        assert silent[0] in readable, "the oldest silent connection makes room"


def test_a_connection_that_sends_nothing_is_closed() -> None:
    with listening(ListenerLimits(header=0.2)) as port, connect(port) as connection:
        assert closed_by_server(connection)


def test_headers_that_never_end_are_cut_off_however_they_trickle() -> None:
    with listening(ListenerLimits(header=0.5)) as port, connect(port) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\n")
        connection.settimeout(0.05)
        sent = 0
        while sent < 1000:
            try:
                connection.sendall(b"a")
                if connection.recv(1) == b"":
                    break
            except TimeoutError:
                sent += 1
            except ConnectionError:
                break
        assert sent < 1000


def test_a_body_that_never_ends_is_cut_off() -> None:
    limits = ListenerLimits(header=3600, request=0.5)
    with listening(limits) as port, connect(port) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        assert closed_by_server(connection)


def test_unfinished_bodies_may_not_fill_the_memory() -> None:
    limits = ListenerLimits(header=3600, request=3600, buffered=1000)
    with listening(limits) as port, connect(port) as first, connect(port) as second:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n"
        first.sendall(head + b"x" * 900)
        second.sendall(head + b"x" * 900)
        assert closed_by_server(first), "the older one is closed"
        second.sendall(b"x" * 1100)
        assert second.recv(12) == b"HTTP/1.1 200"


def test_a_kept_connection_serves_again_after_the_header_limit() -> None:
    """Proxies keep connections: only a request under way is limited, an idle one is not."""
    with listening(ListenerLimits(header=_HEADER, idle=3600)) as port:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        connection.connect()
        kept = connection.sock
        for _ in range(2):
            connection.request("POST", "/", b"x")
            assert connection.getresponse().read() == b"1"
            with connect(port) as silent:
                assert closed_by_server(silent), "by now the header limit has passed"
        assert connection.sock is kept
        connection.close()


def test_an_idle_connection_is_closed_in_the_end() -> None:
    with listening(ListenerLimits(idle=0.2)) as port:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        connection.request("POST", "/", b"x")
        kept = connection.sock
        assert connection.getresponse().read() == b"1"
        assert closed_by_server(kept)
        connection.close()


def test_a_port_that_is_taken_is_named() -> None:
    with listening(ListenerLimits()) as port:
        with pytest.raises(UsageError) as caught:
            Listener(Flask("other"), ("127.0.0.1", port), ListenerLimits(), variable="ADMIN_PORT")
        assert str(caught.value) == (
            f"ADMIN_PORT {port} on 127.0.0.1 cannot be listened on: Address already in use; "
            "set ADMIN_PORT to a free port"
        )
