"""The file in which the set-up page stores the App's credentials, readable by its owner only."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from bot.errors import UsageError

FILE: Final = "app.json"
"""Name of the file in the data directory."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of an App: its id, its private key and its webhook secret.

    The client's id and secret let people sign in; `url` is the address that was registered. A file
    of an earlier release has none of these.
    """

    app_id: str
    private_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    url: str = ""


def store(directory: Path, credentials: Credentials) -> Path:
    """Write the file atomically with mode 0600 and return its path. Raises OSError if it exists."""
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / FILE
    partial = directory / f".{FILE}.{os.getpid()}"
    partial.unlink(missing_ok=True)
    # Created with its final mode: others can never read it.
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(credentials))
        file.flush()
        os.fsync(file.fileno())
    try:
        # Unlike a rename, a link never replaces an existing file.
        os.link(partial, target)
    finally:
        partial.unlink()
    return target


def read_credentials(directory: Path) -> Credentials | None:
    """The stored credentials, None if there are none. Raises UsageError if they cannot be used."""
    path = directory / FILE
    try:
        data = path.read_bytes()
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    # Group permissions are not checked: fsGroup of a volume gives the pod's group access.
    if mode & 0o007:
        raise UsageError(
            f"{str(path)!r} holds the App's private key and every user can read it: "
            "run chmod 600 on it"
        )
    try:
        return msgspec.json.decode(data, type=Credentials)
    except msgspec.MsgspecError:
        # The decoder's message could contain a part of the file.
        raise UsageError(
            f"{str(path)!r} is damaged: remove it and set up again, or set APP_ID, PRIVATE_KEY and "
            "WEBHOOK_SECRET"
        ) from None
