"""What `fairlead doctor` looks at of the webhook: its settings, and what became of deliveries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final
from urllib.parse import urlsplit

from bot.cli.diagnosis import Diagnosis, ok, problem, warning
from bot.github.inspection import Inspection

_MOST_DELIVERIES: Final = 200
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def webhook(github: Inspection, page: str) -> Iterator[Diagnosis]:
    """What is wrong with the webhook's settings, which `page` shows to the App's owner."""
    held = github.webhook()
    address = urlsplit(str(held.get("url") or ""))
    if not address.hostname:
        said = "the App has no webhook address: it hears of nothing"
        yield problem("webhook", said, f"set https://ADDRESS/webhook at {page}")
        return
    # What may stand before the host or behind the path of somebody's proxy is a secret.
    shown = f"{address.scheme}://{address.hostname}{address.path}"
    found = False
    for wrong, said, advice in _faults(held, address.scheme, address.hostname):
        if wrong:
            found = True
            yield problem("webhook", f"{shown}: {said}", f"{advice} at {page}")
    if not found:
        yield ok("webhook", f"{shown}, signed JSON")


def _faults(held: Mapping[str, Any], scheme: str, host: str) -> Iterator[tuple[bool, str, str]]:
    """Each thing that may be wrong: whether it is, what is said of it, what is to be done."""
    plain = scheme != "https" and host not in _LOCAL
    yield plain, "what is sent can be read on its way", "begin the address with https://"
    # GitHub's default is a form, which the service refuses.
    form = held.get("content_type") != "json"
    yield form, "deliveries come as a form and are refused", "choose application/json"
    unsigned = not held.get("secret")
    yield unsigned, "deliveries are not signed and are refused", "set the value of WEBHOOK_SECRET"
    unsure = str(held.get("insecure_ssl", "0")) != "0"
    yield unsure, "GitHub does not check whose certificate it is", "enable SSL verification"


def deliveries(github: Inspection) -> Iterator[Diagnosis]:
    """Deliveries of which no attempt came through, by GUID: an attempt may have been repeated."""
    attempts: dict[str, list[dict[str, Any]]] = {}
    for one in islice(github.deliveries(), _MOST_DELIVERIES):
        attempts.setdefault(one["guid"], []).append(one)
    if not attempts:
        yield warning(
            "deliveries", "GitHub has sent nothing yet", "open a pull request, or check the address"
        )
        return
    lost = [held[0] for held in attempts.values() if not any(_came(one) for one in held)]
    if not lost:
        yield ok("deliveries", f"the last {len(attempts)} came through")
        return
    newest = lost[0]
    said = (
        f"{len(lost)} of the last {len(attempts)} failed, the newest a {newest['event']} at "
        f"{newest['delivered_at']}: {newest['status']} ({newest['status_code']})"
    )
    # Where the newest came through, it was an outage that is over.
    kind = problem if newest is next(iter(attempts.values()))[0] else warning
    yield kind("deliveries", said, _advice(newest))


def _came(attempt: Mapping[str, Any]) -> bool:
    return 200 <= int(attempt["status_code"]) < 300


def _advice(attempt: Mapping[str, Any]) -> str:
    status = int(attempt["status_code"])
    if status == 401:
        return "WEBHOOK_SECRET is another than the App's: compare them"
    if status in {404, 405}:
        return "the App's webhook address must end with /webhook"
    if status == 0 or status >= 500:
        return "is the webhook address reached from GitHub? see the log of the service"
    return "see Recent Deliveries on the App's page"
