"""`fairlead replay`: send one webhook delivery to the service again."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from bot.cli.output import terminal
from bot.errors import UsageError
from bot.records import dataclass

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
    """A delivery to send again: its body and GitHub's headers."""

    body: bytes
    headers: Mapping[str, str]


@click.command(epilog=EPILOG)
@click.argument("delivery")
@click.option(
    "--event", metavar="NAME", help="Event name, required if the file contains only the payload."
)
@click.option("--dry-run", is_flag=True, help="Send nothing; show what the service would enqueue.")
@click.option(
    "--again",
    is_flag=True,
    help="Use a new delivery id, so that a finished delivery is processed again.",
)
@click.option(
    "--url",
    metavar="URL",
    help="Webhook address of the running service. Default: /webhook at HOST and PORT.",
)
def replay(
    *, delivery: str, event: str | None, dry_run: bool, again: bool, url: str | None
) -> None:
    """Send DELIVERY to the running service again, signed as GitHub signs it.

    DELIVERY is the GUID of a delivery that GitHub still stores (about three days), or a file: a
    delivery as GitHub's API returns it, or only its payload with --event. The settings are those
    of the service. A delivery whose review finished is processed again only with --again.
    """
    from bot.settings import read_settings  # noqa: PLC0415 - not for --help

    settings = read_settings()
    path = Path(delivery)
    request = _from_file(path, event) if path.is_file() else _from_github(settings, delivery)
    if again:
        request = Replay(request.body, {**request.headers, "X-GitHub-Delivery": str(uuid.uuid4())})
    if dry_run:
        terminal.write(_would(request), None)
    else:
        terminal.write(_send(settings, request, url), None)


def _from_file(path: Path, event: str | None) -> Replay:
    if path.stat().st_size > _LARGEST:
        raise UsageError(f"{path} is larger than GitHub's limit of 25 MiB for a delivery")
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON") from error
    sent = document.get("request") if isinstance(document, dict) else None
    if isinstance(sent, dict) and isinstance(sent.get("payload"), dict):
        return _stored(document)
    if not isinstance(document, dict) or event is None:
        raise UsageError(f"{path} contains only a payload: name its event by --event")
    headers = {"X-GitHub-Event": event, "X-GitHub-Delivery": str(uuid.uuid4())}
    return Replay(json.dumps(document).encode(), headers)


def _from_github(settings: Settings, guid: str) -> Replay:
    from bot.github.app.inspection import Inspection  # noqa: PLC0415 - not for --help
    from bot.github.auth import Gateway  # noqa: PLC0415 - not for --help
    from bot.github.signing import app_auth  # noqa: PLC0415 - not for --help

    if not _GUID.fullmatch(guid):
        raise UsageError(f"{guid!r} is neither a file nor the GUID of a delivery")
    if missing := settings.missing():
        raise UsageError(f"to fetch a delivery from GitHub, set {', '.join(missing)}")
    Gateway(settings.app_id or "", settings.key, settings.github_api_url)
    auth = app_auth(settings.app_id or "", settings.key)
    with Inspection(auth, settings.github_api_url) as github:
        for item in github.deliveries():
            if item["guid"] == guid:
                return _stored(github.delivery(item["id"]))
    raise UsageError(
        f"{guid!r} is not a file, and GitHub stores no delivery of this GUID (it keeps three days)"
    )


def _stored(delivery: Mapping[str, Any]) -> Replay:
    """A delivery as GitHub's API returns it. It is signed again, since its JSON is re-encoded."""
    kept = delivery["request"].get("headers")
    headers = {
        name: str(value)
        for name, value in (kept.items() if isinstance(kept, dict) else ())
        if name.lower().startswith("x-github-")
    }
    named = {"X-GitHub-Event": delivery.get("event"), "X-GitHub-Delivery": delivery.get("guid")}
    headers |= {name: str(value) for name, value in named.items() if value}
    return Replay(json.dumps(delivery["request"]["payload"]).encode(), headers)


def _signed(request: Replay, secret: str) -> dict[str, str]:
    digest = hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
    return {
        **request.headers,
        "Content-Type": "application/json",
        "X-Hub-Signature-256": f"sha256={digest}",
    }


def _send(settings: Settings, request: Replay, url: str | None) -> str:
    import requests  # noqa: PLC0415 - not for --help

    if not settings.webhook_secrets:
        raise UsageError("set WEBHOOK_SECRET: the service refuses unsigned deliveries")
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - compared
    target = url or f"http://{host}:{settings.port}/webhook"
    headers = _signed(request, settings.webhook_secrets[0])
    try:
        answer = requests.post(
            target, data=request.body, headers=headers, timeout=_SECONDS, allow_redirects=False
        )
    except requests.RequestException as error:
        raise UsageError(
            f"{target} does not answer ({type(error).__name__}): check that the service is running"
        ) from error
    message = f"{target} answered {answer.status_code}: {_message(answer.text)}"
    if answer.status_code >= 300:
        raise UsageError(message)
    return f"{message}\n"


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text[:200]


def _would(request: Replay) -> str:
    """The service's answer and the tasks it would enqueue, by its own code with an inert queue."""
    from structlog.testing import capture_logs  # noqa: PLC0415 - not for --help

    from bot.app import create_app  # noqa: PLC0415 - not for --help
    from bot.metrics import Metrics  # noqa: PLC0415 - not for --help

    noted = _Noted()
    client = create_app(["replay"], noted, Metrics()).test_client()
    with capture_logs():  # keep the log out of the output
        answer = client.post("/webhook", data=request.body, headers=_signed(request, "replay"))
    lines = [f"would answer {answer.status_code}: {_message(answer.get_data(as_text=True))}"]
    lines += [f"would enqueue {_described(task)}" for task in noted.tasks]
    return "".join(f"{line}\n" for line in lines)


class _Noted:
    """A queue that only records tasks."""

    def __init__(self) -> None:
        self.tasks: list[object] = []

    def submit(self, delivery: str, task: object) -> bool:
        """Record the tasks."""
        from bot.github.tasks import Batch  # noqa: PLC0415 - not for --help

        del delivery
        self.tasks += task.tasks if isinstance(task, Batch) else (task,)
        return True

    def ready(self) -> bool:
        """Whether the queue takes tasks: always."""
        return True


def _described(task: object) -> str:
    """A task and its fields in one line."""
    if not is_dataclass(task):
        return repr(task)
    return f"{type(task).__name__.lower()} {' '.join(_values(task))}"


def _values(task: object) -> Iterator[str]:
    for attribute in fields(task):  # type: ignore[arg-type] # the caller has checked it
        value = getattr(task, attribute.name)
        if is_dataclass(value):
            yield from _values(value)
        else:
            yield f"{attribute.name}={value}"
