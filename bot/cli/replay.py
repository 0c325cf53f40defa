"""`fairlead replay`: one delivery through the service's door again."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from bot.cli import output
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.settings import Settings

EPILOG: Final = """\b
Examples:
  fairlead replay 0b989ba4-242f-11e5-81e1-c7b6966d2516
  fairlead replay 0b989ba4-242f-11e5-81e1-c7b6966d2516 --dry-run
  fairlead replay payload.json --event pull_request --url http://localhost:8080/webhook"""

_SECONDS: Final = 30
_LARGEST: Final = 25 * 1024 * 1024
_GUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


@dataclass(frozen=True, slots=True)
class Replay:
    """A delivery to be sent again: its body, and GitHub's headers of it."""

    body: bytes
    headers: Mapping[str, str]


@click.command(epilog=EPILOG)
@click.argument("delivery")
@click.option("--event", help="The event, where the file holds the payload alone.")
@click.option("--dry-run", is_flag=True, help="Send nothing; say what would be done.")
@click.option(
    "--again", is_flag=True, help="Under a new id, so that what succeeded before is done again."
)
@click.option("--url", help="The running service's webhook; else /webhook at HOST and PORT.")
def replay(
    *, delivery: str, event: str | None, dry_run: bool, again: bool, url: str | None
) -> None:
    """Send DELIVERY to the running service again, signed as GitHub signs it.

    DELIVERY is the GUID of a delivery that GitHub still knows (about three days), or a file: what
    GitHub's API says of a delivery, or its payload alone with --event. The settings are those of
    the service. A delivery that led to a finished review is not done again without --again.
    """
    from bot.settings import read_settings  # noqa: PLC0415 - not for --help

    settings = read_settings()
    path = Path(delivery)
    held = _from_file(path, event) if path.is_file() else _from_github(settings, delivery)
    if again:
        held = Replay(held.body, {**held.headers, "X-GitHub-Delivery": str(uuid.uuid4())})
    if dry_run:
        output.write(_would(held), None)
    else:
        output.write(_send(settings, held, url), None)


def _from_file(path: Path, event: str | None) -> Replay:
    if path.stat().st_size > _LARGEST:
        raise UsageError(f"{path} is larger than any delivery of GitHub's")
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON") from error
    sent = found.get("request") if isinstance(found, dict) else None
    if isinstance(sent, dict) and isinstance(sent.get("payload"), dict):
        return _stored(found)
    if not isinstance(found, dict) or event is None:
        raise UsageError(f"{path} is a payload alone: say by --event what happened")
    headers = {"X-GitHub-Event": event, "X-GitHub-Delivery": str(uuid.uuid4())}
    return Replay(json.dumps(found).encode(), headers)


def _from_github(settings: Settings, guid: str) -> Replay:
    from bot.github.auth import Gateway  # noqa: PLC0415 - not for --help
    from bot.github.inspection import Inspection  # noqa: PLC0415 - not for --help
    from bot.github.signing import app_auth  # noqa: PLC0415 - not for --help

    if not _GUID.fullmatch(guid):
        raise UsageError(f"{guid!r} is neither a file nor the GUID of a delivery")
    if missing := settings.missing():
        raise UsageError(f"to ask GitHub, fairlead replay needs {', '.join(missing)}")
    Gateway(settings.app_id or "", settings.key, settings.github_api_url)
    auth = app_auth(settings.app_id or "", settings.key)
    with Inspection(auth, settings.github_api_url) as github:
        for one in github.deliveries():
            if one["guid"] == guid:
                return _stored(github.delivery(one["id"]))
    raise UsageError(
        f"{guid!r} is no file, and GitHub knows no delivery of this GUID: it keeps about three days"
    )


def _stored(found: Mapping[str, Any]) -> Replay:
    """What GitHub's API says of one delivery. Its signature is made anew: the bytes are ours."""
    kept = found["request"].get("headers")
    headers = {
        name: str(value)
        for name, value in (kept.items() if isinstance(kept, dict) else ())
        if name.lower().startswith("x-github-")
    }
    named = {"X-GitHub-Event": found.get("event"), "X-GitHub-Delivery": found.get("guid")}
    headers |= {name: str(value) for name, value in named.items() if value}
    return Replay(json.dumps(found["request"]["payload"]).encode(), headers)


def _signed(held: Replay, secret: str) -> dict[str, str]:
    digest = hmac.new(secret.encode(), held.body, hashlib.sha256).hexdigest()
    return {
        **held.headers,
        "Content-Type": "application/json",
        "X-Hub-Signature-256": f"sha256={digest}",
    }


def _send(settings: Settings, held: Replay, url: str | None) -> str:
    import requests  # noqa: PLC0415 - not for --help

    if not settings.webhook_secrets:
        raise UsageError("fairlead replay needs WEBHOOK_SECRET: the service takes nothing unsigned")
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - compared
    target = url or f"http://{host}:{settings.port}/webhook"
    headers = _signed(held, settings.webhook_secrets[0])
    try:
        answer = requests.post(
            target, data=held.body, headers=headers, timeout=_SECONDS, allow_redirects=False
        )
    except requests.RequestException as error:
        raise UsageError(
            f"{target} does not answer ({type(error).__name__}): is the service running?"
        ) from error
    said = f"{target} answered {answer.status_code}: {_message(answer.text)}"
    if answer.status_code >= 300:
        raise UsageError(said)
    return f"{said}\n"


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text[:200]


def _would(held: Replay) -> str:
    """What the door would hand to the queue: the same door, with nobody behind it."""
    from structlog.testing import capture_logs  # noqa: PLC0415 - not for --help

    from bot.app import create_app  # noqa: PLC0415 - not for --help
    from bot.metrics import Metrics  # noqa: PLC0415 - not for --help

    noted = _Noted()
    client = create_app(["replay"], noted, Metrics()).test_client()
    with capture_logs():  # what the door logs would stand among the answers
        answer = client.post("/webhook", data=held.body, headers=_signed(held, "replay"))
    lines = [f"would answer {answer.status_code}: {_message(answer.get_data(as_text=True))}"]
    lines += [f"would enqueue {_told(task)}" for task in noted.tasks]
    return "".join(f"{line}\n" for line in lines)


class _Noted:
    """A queue that does nothing."""

    def __init__(self) -> None:
        self.tasks: list[object] = []

    def submit(self, delivery: str, task: object) -> bool:
        """Notes what would be done."""
        from bot.github.tasks import Batch  # noqa: PLC0415 - not for --help

        del delivery
        self.tasks += task.tasks if isinstance(task, Batch) else (task,)
        return True

    def ready(self) -> bool:
        """Always."""
        return True


def _told(task: object) -> str:
    """A task in one line, with what it is about spelled out."""
    if not is_dataclass(task):
        return repr(task)
    return f"{type(task).__name__.lower()} {' '.join(_values(task))}"


def _values(task: object) -> Iterator[str]:
    for held in fields(task):  # type: ignore[arg-type] # who calls has looked
        value = getattr(task, held.name)
        if is_dataclass(value):
            yield from _values(value)
        else:
            yield f"{held.name}={value}"
