"""The App's credentials where the set-up page put them: a file that its owner alone may read."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from bot.errors import UsageError

FILE: Final = "app.json"
"""Its name in the data directory."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an App signs and is known by."""

    app_id: str
    private_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)


def store(directory: Path, credentials: Credentials) -> Path:
    """Writes them once, in one step, for the owner alone; the file. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / FILE
    partial = directory / f".{FILE}.{os.getpid()}"
    partial.unlink(missing_ok=True)
    # Made with its mode: there is no moment at which others may read it.
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(credentials))
        file.flush()
        os.fsync(file.fileno())
    try:
        # Unlike a rename, a link never takes the place of a file that is there.
        os.link(partial, target)
    finally:
        partial.unlink()
    return target


def read_credentials(directory: Path) -> Credentials | None:
    """What is stored there, None where nothing is. Raises UsageError for what cannot be used."""
    path = directory / FILE
    try:
        data = path.read_bytes()
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    # Of the group nothing is asked: a volume's fsGroup opens every file to the pod's own group.
    if mode & 0o007:
        raise UsageError(
            f"{str(path)!r} holds the App's key and everybody may read it: chmod 600 it"
        )
    try:
        return msgspec.json.decode(data, type=Credentials)
    except msgspec.MsgspecError:
        # What the decoder says could show a part of the file.
        raise UsageError(
            f"{str(path)!r} is not what the set-up page wrote: remove it and set up again, or give "
            "APP_ID, PRIVATE_KEY and WEBHOOK_SECRET"
        ) from None
