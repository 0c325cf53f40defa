"""The manifest that an App is made from, and where it is posted to.

https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

from bot.errors import UsageError
from bot.github.registration import EVENTS, PERMISSIONS

LONGEST_NAME: Final = 34
"""GitHub's limit: https://docs.github.com/apps/creating-github-apps/registering-a-github-app."""

_LOGIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})")
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_HOME: Final = "https://github.com"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator chose. `organisation` empty: the App belongs to the person."""

    name: str
    organisation: str
    address: str


def checked(name: str, organisation: str, address: str, *, local: bool = False) -> Wish:
    """The wish, if it can be granted. Raises UsageError. `local`: GitHub is on this machine."""
    name, organisation, address = name.strip(), organisation.strip(), address.strip().rstrip("/")
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise UsageError(f"The name must have 1 to {LONGEST_NAME} characters.")
    if organisation and not _LOGIN.fullmatch(organisation):
        raise UsageError("The organisation is written as in its address: letters, digits, hyphens.")
    parts = _split(address)
    if local:
        return Wish(name, organisation, address)
    if parts[0] != "https":
        raise UsageError("The public address must begin with https://, and GitHub must reach it.")
    if parts[1] in LOCAL:
        raise UsageError("GitHub cannot reach this machine by that name: use a public address.")
    return Wish(name, organisation, address)


def _split(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        host = None
    if host is None or parts.username or parts.query or parts.fragment or not address.isprintable():
        raise UsageError("The public address must look like https://fairlead.example.com.")
    return parts.scheme, host


def web_address(api_url: str) -> str:
    """Where people see the GitHub whose REST API this is."""
    parts = urlsplit(api_url)
    if parts.netloc.startswith("api.") and not parts.path.strip("/"):
        return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"
    return f"{parts.scheme}://{parts.netloc}"


def target(wish: Wish, api_url: str, state: str) -> str:
    """Where the manifest is posted."""
    place = f"organizations/{wish.organisation}/settings" if wish.organisation else "settings"
    return f"{web_address(api_url)}/{place}/apps/new?state={quote(state, safe='')}"


def manifest(wish: Wish, back: str) -> dict[str, Any]:
    """The App that is asked for; `back` is where GitHub leads the browser afterwards."""
    return {
        "name": wish.name,
        "url": wish.address,
        "hook_attributes": {"url": f"{wish.address}/webhook", "active": True},
        "redirect_url": back,
        "public": False,
        "default_permissions": dict(PERMISSIONS),
        "default_events": list(EVENTS),
    }
