"""The organisation's policy file, from its `.github` repository."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from bot.core.policy.model import ORGANISATION_PATH, ORGANISATION_REPOSITORY
from bot.errors import PolicyError
from bot.github.api import read_if_there
from bot.github.auth import Gateway
from bot.github.connection import GitHubConnection

SECONDS: Final = 300.0
"""Seconds for which a file is cached: an edit is in force after that at the latest."""

_READ: Final = {"repositories": [ORGANISATION_REPOSITORY], "permissions": {"contents": "read"}}


@dataclass(slots=True)
class Organisations:
    """A cache of organisations' policy files, shared by all threads."""

    seconds: float = SECONDS
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _cache: dict[int, tuple[float, str | None]] = field(default_factory=dict)

    def text(self, gateway: Gateway, connection: GitHubConnection) -> str | None:
        """The file's text, None where there is none or the App cannot read its repository.

        Raises PolicyError for a file that is not text.
        """
        with self._lock:
            read, cached = self._cache.get(connection.installation, (0.0, None))
            if connection.installation in self._cache and self.clock() < read + self.seconds:
                return cached
        fresh = read_organisation(gateway, connection.installation, _owner(connection))
        with self._lock:
            self._cache[connection.installation] = (self.clock(), fresh)
        return fresh

    def forget(self, installation: int) -> None:
        """Drops an organisation's file from the cache, since it changed."""
        with self._lock:
            self._cache.pop(installation, None)


def where(connection: GitHubConnection) -> str:
    """The file's place as people write it."""
    return place_of(_owner(connection))


def place_of(owner: str) -> str:
    """The place of this organisation's file as people write it."""
    return f"{owner}/{ORGANISATION_REPOSITORY}/{ORGANISATION_PATH}"


def _owner(connection: GitHubConnection) -> str:
    return connection.full_name.partition("/")[0]


def read_organisation(gateway: Gateway, installation: int, owner: str) -> str | None:
    """The file's current text, None where there is none that the App may read.

    Raises PolicyError for a file that is not text.
    """
    path = f"/repos/{owner}/{ORGANISATION_REPOSITORY}/contents/{ORGANISATION_PATH}"
    with gateway.narrowed(installation, _READ) as requester:
        if requester is None:
            return None
        answer = read_if_there(requester, path)
    if answer is None:
        return None
    # GitHub answers a list for a directory, and no content for a file above one megabyte.
    content = answer if isinstance(answer, dict) else {}
    try:
        if content.get("encoding") == "base64":
            return base64.b64decode(content["content"]).decode("utf-8-sig")
        cause = None
    except ValueError as error:
        cause = error
    message = "the file is not a UTF-8 text file of less than one megabyte"
    raise PolicyError(message, where=place_of(owner)) from cause
