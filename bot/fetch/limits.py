"""By what the process that fetches reaches others, and within which bounds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies, select_proxy

from bot.errors import FetchError
from bot.fetch.addresses import Named, ParsedAddress
from bot.fetch.guard import Resolve, addresses_of, check_literal, resolve
from bot.fetch.messages import Bounds
from bot.git.command import SURROUNDINGS

_USUAL: Final = {"https": 443, "socks5": 1080, "socks5h": 1080}


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """The hosts that the operator named, what one item may cost, who knows names."""

    named: Named
    bounds: Bounds
    resolve: Resolve = resolve

    @property
    def surroundings(self) -> Mapping[str, str]:
        """What git is given of the environment: the operator's words on how others are reached."""
        return {name: os.environ[name] for name in SURROUNDINGS if name in os.environ}

    @property
    def certificates(self) -> str | None:
        """The file of the authorities that are trusted, where the operator names one."""
        return os.environ.get("SSL_CERT_FILE") or os.environ.get("GIT_SSL_CAINFO")

    def proxy(self, place: ParsedAddress) -> str | None:
        """The operator's proxy for this place."""
        proxies = get_environ_proxies(place.url, no_proxy=None)
        return select_proxy(place.url, proxies)

    def proxy_ports(self) -> tuple[int, ...]:
        """The ports of the operator's proxy."""
        stated = (os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy"))
        parts = (urlsplit(url if "://" in url else f"//{url}") for url in stated if url)
        return tuple(part.port or _USUAL.get(part.scheme, 80) for part in parts)

    def check(self, place: ParsedAddress) -> None:
        """Refuse a place on a port, or without TLS, that the operator does not name."""
        wrong = self.named.refusal(place)
        if wrong:
            raise FetchError(f"'{place.authority}' is not asked: {wrong}", refused=True)

    def addresses(self, place: ParsedAddress) -> tuple[str, ...]:
        """The checked addresses to connect to; none where a proxy connects.

        A proxy resolves names itself: what it may reach is the operator's to say there. Raises
        FetchError for a place that may not be asked.
        """
        if self.proxy(place) is None:
            return addresses_of(place, self.named, self.resolve)
        check_literal(place, self.named)
        return ()
