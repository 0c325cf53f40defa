"""Servers on loopback that fetchers ask: files, charts, a registry, git's own `http-backend`."""

from __future__ import annotations

import os
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Asked:
    """A request: its method, path, query, headers (in small letters) and body."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """An answer. `pieces` are sent one after the other, where there are any, instead of `body`."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: Callable[[], Iterator[bytes]] | None = None


Route: TypeAlias = Callable[[Asked], Answer]


class Server:
    """One HTTP server. `routes` are by path; the longest path that begins what is asked answers."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.routes: dict[str, Route] = {}
        self.asked: list[Asked] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.answer(self)

            do_POST = do_HEAD = do_CONNECT = do_GET  # noqa: N815 - the library's names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
            self.host = f"localhost:{self.port}"
            self.url = f"https://{self.host}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = {name.lower(): text for name, text in handler.headers.items()}
        if headers.get("transfer-encoding") == "chunked":
            body = _unchunked(handler)
        path = handler.path if handler.command == "CONNECT" else parts.path
        asked = Asked(handler.command, path, parts.query, headers, body)
        self.asked.append(asked)
        found = [path for path in self.routes if asked.path.startswith(path)]
        answer = self.routes[max(found, key=len)](asked) if found else Answer(404)
        try:
            _send(handler, answer)
        except OSError:
            handler.close_connection = True

    def files(self, files: Mapping[str, bytes]) -> None:
        """Serve these files by their paths."""
        for path, data in files.items():
            self.routes[path] = _constant(Answer(200, data))

    def git(self, root: Path) -> None:
        """Serve the repositories below a directory, at `/git/`."""
        self.routes["/git/"] = lambda asked: _git(root, asked)

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server that answers until the block ends; as `localhost` where it has a certificate."""
    server = Server(tls)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _constant(answer: Answer) -> Route:
    return lambda _: answer


def _send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    handler.send_response(answer.status)
    for name, text in answer.headers.items():
        handler.send_header(name, text)
    if answer.pieces is None:
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body if handler.command != "HEAD" else b"")
        return
    handler.send_header("Connection", "close")
    handler.end_headers()
    for piece in answer.pieces():
        handler.wfile.write(piece)
    handler.close_connection = True


def _unchunked(handler: BaseHTTPRequestHandler) -> bytes:
    pieces = []
    while size := int(handler.rfile.readline().strip() or b"0", 16):
        pieces.append(handler.rfile.read(size))
        handler.rfile.readline()
    handler.rfile.readline()
    return b"".join(pieces)


def _git(root: Path, asked: Asked) -> Answer:
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "http-backend"],
        input=asked.body,
        capture_output=True,
        check=False,
        env={
            "PATH": os.defpath,
            "HOME": "/nonexistent",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "uploadpack.allowAnySHA1InWant",
            "GIT_CONFIG_VALUE_0": "true",
            "GIT_PROJECT_ROOT": str(root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": asked.path.removeprefix("/git"),
            "REQUEST_METHOD": asked.method,
            "QUERY_STRING": asked.query,
            "CONTENT_TYPE": asked.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(asked.body)),
            "HTTP_CONTENT_ENCODING": asked.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": asked.headers.get("git-protocol", ""),
            "REMOTE_ADDR": "127.0.0.1",
        },
    )
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
    status = int(headers.pop("Status", "200").split()[0])
    return Answer(status, content, headers)
