"""Signing in with GitHub: the App's own OAuth flow, with state and PKCE, and a short session.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import requests
from cryptography.fernet import Fernet, InvalidToken

SESSION_SECONDS: Final = 3600
LOGIN_SECONDS: Final = 600
_SECONDS: Final = 10
_LONGEST_PATH: Final = 1000


@dataclass(frozen=True, slots=True)
class OAuthApp:
    """The App as an OAuth client. `web` is GitHub's address, `api` that of its REST API."""

    client_id: str
    client_secret: str = field(repr=False)
    web: str
    api: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is looking: a login, and the user access token that GitHub gave for them."""

    login: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """A login that was begun: what the browser keeps, and where on GitHub it goes."""

    cookie: str = field(repr=False)
    location: str


class SignIn:
    """Begins and ends logins, and reads sessions.

    Sessions and pending logins are kept by the browser in encrypted cookies, so that any replica
    can read them; the key is derived from the App's client secret.
    """

    def __init__(
        self, app: OAuthApp, callback: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._app = app
        self._callback = callback
        self._clock = clock
        digest = hashlib.sha256(b"fairlead session\0" + app.client_secret.encode()).digest()
        self._box = Fernet(base64.urlsafe_b64encode(digest))

    def begin(self, back: str) -> PendingLogin:
        """A new login that leads back to the path `back`."""
        state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        query = {
            "client_id": self._app.client_id,
            "redirect_uri": self._callback,
            "state": state,
            "code_challenge": challenge.decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        cookie = self._seal({"state": state, "verifier": verifier, "back": safe_path(back)})
        return PendingLogin(cookie, f"{self._app.web}/login/oauth/authorize?{urlencode(query)}")

    def end(self, cookie: str, state: str, code: str) -> tuple[str, str] | None:
        """The session's cookie and the path to go to; None where the login is not valid."""
        pending = self._open(cookie, LOGIN_SECONDS)
        if pending is None or not code:
            return None
        if not secrets.compare_digest(
            str(pending["state"]).encode(), state.encode("utf-8", "replace")
        ):
            return None
        token = self._exchanged(code, pending["verifier"])
        login = self._login(token) if token else None
        if token is None or login is None:
            return None
        return self._seal({"login": login, "token": token}), str(pending["back"])

    def session(self, cookie: str) -> SignedIn | None:
        """Who this session's cookie belongs to, None where it is missing, wrong or too old."""
        data = self._open(cookie, SESSION_SECONDS)
        return None if data is None else SignedIn(str(data["login"]), str(data["token"]))

    def may_read(self, who: SignedIn, repository: int, name: str) -> bool:
        """Whether this person can read the repository of this id now, by GitHub's answer."""
        answer = self._get(f"/repos/{name}", who.token)
        return answer is not None and answer.get("id") == repository

    def _exchanged(self, code: str, verifier: str) -> str | None:
        body = {
            "client_id": self._app.client_id,
            "client_secret": self._app.client_secret,
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": verifier,
        }
        try:
            answer = requests.post(
                f"{self._app.web}/login/oauth/access_token",
                data=body,
                headers={"Accept": "application/json"},
                timeout=_SECONDS,
                allow_redirects=False,
            )
            # GitHub answers a wrong code with 200 and an error in the body.
            token = answer.json().get("access_token") if answer.ok else None
        except (requests.RequestException, ValueError, AttributeError):
            return None
        return token if isinstance(token, str) and token else None

    def _login(self, token: str) -> str | None:
        answer = self._get("/user", token)
        login = None if answer is None else answer.get("login")
        return login if isinstance(login, str) else None

    def _get(self, path: str, token: str) -> Mapping[str, Any] | None:
        try:
            answer = requests.get(
                f"{self._app.api}{path}",
                headers={
                    "Authorization": f"Bearer {token}",
                    "Accept": "application/vnd.github+json",
                    "X-GitHub-Api-Version": "2022-11-28",
                },
                timeout=_SECONDS,
                allow_redirects=False,
            )
            body = answer.json() if answer.status_code == 200 else None
        except (requests.RequestException, ValueError):
            return None
        return body if isinstance(body, dict) else None

    def _seal(self, data: Mapping[str, str]) -> str:
        return self._box.encrypt_at_time(json.dumps(data).encode(), int(self._clock())).decode()

    def _open(self, cookie: str, seconds: int) -> Mapping[str, Any] | None:
        try:
            data = self._box.decrypt_at_time(cookie.encode(), seconds, int(self._clock()))
        except (InvalidToken, UnicodeEncodeError):
            return None
        loaded: Mapping[str, Any] = json.loads(data)
        return loaded


def safe_path(path: str) -> str:
    """The path, `/` for anything that could lead to another site."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if plain and "\\" not in path and len(path) <= _LONGEST_PATH else "/"
