"""The part of `fairlead doctor` that checks the webhook's settings and its last deliveries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final
from urllib.parse import urlsplit

from bot.cli.diagnosis.diagnosis import Diagnosis, ok, problem, warning
from bot.github.app.inspection import Inspection

_MOST_DELIVERIES: Final = 200
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def webhook(github: Inspection, page: str) -> Iterator[Diagnosis]:
    """The faults in the webhook's settings, which the App's owner edits at `page`."""
    hook = github.webhook()
    address = urlsplit(str(hook.get("url") or ""))
    if not address.hostname:
        message = "the App has no webhook address and receives no events"
        yield problem("webhook", message, f"set https://ADDRESS/webhook at {page}")
        return
    # User information and query strings may contain a secret of somebody's proxy.
    shown = f"{address.scheme}://{address.hostname}{address.path}"
    faulty = False
    for wrong, message, advice in _faults(hook, address.scheme, address.hostname):
        if wrong:
            faulty = True
            yield problem("webhook", f"{shown}: {message}", f"{advice} at {page}")
    if not faulty:
        yield ok("webhook", f"{shown}, signed JSON")


def _faults(hook: Mapping[str, Any], scheme: str, host: str) -> Iterator[tuple[bool, str, str]]:
    """Each possible fault: whether it is present, its message, and the advice."""
    plain = scheme != "https" and host not in _LOCAL
    yield plain, "deliveries are not encrypted in transit", "use an https:// address"
    # GitHub's default is a form, which the service refuses.
    form = hook.get("content_type") != "json"
    yield form, "deliveries are sent as a form and refused", "choose application/json"
    unsigned = not hook.get("secret")
    yield unsigned, "deliveries are not signed and are refused", "set the value of WEBHOOK_SECRET"
    unsure = str(hook.get("insecure_ssl", "0")) != "0"
    yield unsure, "GitHub does not verify the certificate", "enable SSL verification"


def deliveries(github: Inspection) -> Iterator[Diagnosis]:
    """Deliveries of which every attempt failed; redeliveries share a GUID."""
    attempts: dict[str, list[dict[str, Any]]] = {}
    for attempt in islice(github.deliveries(), _MOST_DELIVERIES):
        attempts.setdefault(attempt["guid"], []).append(attempt)
    if not attempts:
        yield warning(
            "deliveries",
            "GitHub has sent no delivery yet",
            "open a pull request, or check the address",
        )
        return
    lost = [
        delivery[0]
        for delivery in attempts.values()
        if not any(_came(attempt) for attempt in delivery)
    ]
    if not lost:
        yield ok("deliveries", f"the last {len(attempts)} succeeded")
        return
    newest = lost[0]
    message = (
        f"{len(lost)} of the last {len(attempts)} failed, the newest a {newest['event']} at "
        f"{newest['delivered_at']}: {newest['status']} ({newest['status_code']})"
    )
    # If the newest delivery succeeded, the outage is over.
    kind = problem if newest is next(iter(attempts.values()))[0] else warning
    yield kind("deliveries", message, _advice(newest))


def _came(attempt: Mapping[str, Any]) -> bool:
    return 200 <= int(attempt["status_code"]) < 300


def _advice(attempt: Mapping[str, Any]) -> str:
    status = int(attempt["status_code"])
    if status == 401:
        return "WEBHOOK_SECRET differs from the App's webhook secret"
    if status in {404, 405}:
        return "the App's webhook address must end with /webhook"
    if status == 0 or status >= 500:
        return "check that GitHub can reach the webhook address, and the log of the service"
    return "see Recent Deliveries on the App's page"
