"""Git's smart HTTP, served by git's own `http-backend` for tokens that may read."""

from __future__ import annotations

import base64
import binascii
import subprocess

from flask import Blueprint, Response, request

from bot.standin import auth
from bot.standin.calls import state
from bot.standin.errors import HttpRefusal
from bot.standin.git.repository import ENVIRONMENT
from bot.standin.repositories import StandInRepository

smart_http = Blueprint("smart_http", __name__)
_SERVICE = "git-upload-pack"


@smart_http.get("/<owner>/<name>.git/info/refs")
def advertise(owner: str, name: str) -> Response:
    """What the repository offers; for reading alone, pushes go through the Python API."""
    if request.args.get("service") != _SERVICE:
        return _plain(403, "Only the smart protocol, and only for reading, is served here.")
    return _serve(owner, name, "info/refs")


@smart_http.post(f"/<owner>/<name>.git/{_SERVICE}")
def upload_pack(owner: str, name: str) -> Response:
    """The objects that the client asks for."""
    return _serve(owner, name, _SERVICE)


def _serve(owner: str, name: str, service: str) -> Response:
    try:
        repository = _readable(owner, name)
    except HttpRefusal as refusal:
        return _plain(
            refusal.status,
            "Repository not found." if refusal.status == 404 else str(refusal),
        )
    environment = ENVIRONMENT | {
        "GIT_PROJECT_ROOT": str(repository.git.path.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{repository.git.path.name}/{service}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query_string.decode(),
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(request.get_data())),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_USER": "x-access-token",
    }
    done = subprocess.run(
        ["git", "http-backend"],  # noqa: S607 - git is found by PATH
        input=request.get_data(),
        capture_output=True,
        env=environment,
        check=False,
    )
    return _answer(done.stdout)


def _answer(output: bytes) -> Response:
    """The CGI answer as a Flask response."""
    head, _, content = output.partition(b"\r\n\r\n")
    answer = Response(content)
    for line in head.decode().split("\r\n"):
        key, _, value = line.partition(": ")
        if key == "Status":
            answer.status = value
        elif key:
            answer.headers[key] = value
    return answer


def _readable(owner: str, name: str) -> StandInRepository:
    repository = state().repository(owner, name)
    credential = _password()
    if credential is None and repository is not None and not repository.private:
        return repository
    token = auth.token_of(state(), credential)
    return auth.authorise(token, repository, {"contents": "read"})


def _password() -> str | None:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return None


def _plain(status: int, message: str) -> Response:
    answer = Response(message, status, mimetype="text/plain")
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="GitHub"'
    return answer
