"""The manifest from which GitHub creates an App, and the address that it is posted to.

https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

from bot.errors import UsageError
from bot.github.app.registration import EVENTS, PERMISSIONS

LONGEST_NAME: Final = 34
"""GitHub's limit: https://docs.github.com/apps/creating-github-apps/registering-a-github-app."""

_LOGIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})")
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_PRIVATE: Final = (".local", ".localhost", ".internal", ".lan", ".svc", ".test", ".invalid")
_HOME: Final = "https://github.com"


@dataclass(frozen=True, slots=True)
class Registration:
    """What the operator entered. With an empty `organisation` the App belongs to the user."""

    name: str
    organisation: str
    address: str


def parse_registration(
    name: str, organisation: str, address: str, *, local: bool = False
) -> Registration:
    """The checked registration. Raises UsageError. `local`: GitHub runs on this machine.

    Without a name, an App of an organisation is called `fairlead-ORGANISATION`: names are unique on
    GitHub, and `Fairlead` alone may be taken.
    """
    name, organisation, address = name.strip(), organisation.strip(), address.strip().rstrip("/")
    if not name and organisation:
        name = f"fairlead-{organisation}"[:LONGEST_NAME].rstrip("-")
    if not name:
        raise UsageError("Enter a name: it can be left empty only for an organisation's App.")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise UsageError(f"The name must have 1 to {LONGEST_NAME} characters.")
    if organisation and not _LOGIN.fullmatch(organisation):
        raise UsageError(
            "Enter the organisation as in its address on GitHub: letters, digits, hyphens."
        )
    parts = _split(address)
    if local:
        return Registration(name, organisation, address)
    if parts[0] != "https":
        raise UsageError(
            "The public address must begin with https:// and be reachable from GitHub."
        )
    if parts[1] in LOCAL or _is_private(parts[1]):
        raise UsageError("GitHub cannot reach this machine by that name: use a public address.")
    return Registration(name, organisation, address)


def _is_private(host: str) -> bool:
    """Whether a host is a private address, or a name that only a private network resolves."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host.rstrip(".") or host.rstrip(".").endswith(_PRIVATE)


def _split(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
        host = parts.hostname
        _ = parts.port  # raises ValueError for one that is not between 0 and 65535
    except ValueError:
        host = None
    if host is None or parts.username or parts.query or parts.fragment or not address.isprintable():
        raise UsageError("The public address must look like https://fairlead.example.com.")
    return parts.scheme, host


def web_address(api_url: str) -> str:
    """The address of GitHub's web pages, given that of its REST API."""
    parts = urlsplit(api_url)
    if parts.netloc.startswith("api.") and not parts.path.strip("/"):
        return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"
    return f"{parts.scheme}://{parts.netloc}"


def registration_url(registration: Registration, api_url: str, state: str) -> str:
    """The address to which the browser posts the manifest."""
    path = (
        f"organizations/{registration.organisation}/settings"
        if registration.organisation
        else "settings"
    )
    return f"{web_address(api_url)}/{path}/apps/new?state={quote(state, safe='')}"


def manifest(registration: Registration, back: str) -> dict[str, Any]:
    """The App manifest; GitHub redirects the browser to `back` afterwards."""
    return {
        "name": registration.name,
        "url": registration.address,
        "hook_attributes": {"url": f"{registration.address}/webhook", "active": True},
        "redirect_url": back,
        "callback_urls": [f"{registration.address}/login/callback"],
        "public": False,
        "default_permissions": dict(PERMISSIONS),
        "default_events": list(EVENTS),
    }
