"""What the fetching process may contact and spend: hosts, addresses, proxy and limits."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies, select_proxy

from bot.errors import FetchError
from bot.fetch.accounts import FetchAccount
from bot.fetch.addresses import AllowedHosts, ParsedAddress
from bot.fetch.guard import Resolve, addresses_of, check_literal, resolve
from bot.fetch.messages import Bounds
from bot.git.command import SURROUNDINGS
from bot.records import dataclass

_PROXY_PORTS: Final = {"https": 443, "socks5": 1080, "socks5h": 1080}


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """The operator's hosts, the limits of one item, the name resolver, and the account to use."""

    hosts: AllowedHosts
    bounds: Bounds
    resolve: Resolve = resolve
    account: FetchAccount | None = None

    @property
    def surroundings(self) -> Mapping[str, str]:
        """The operator's environment variables for proxies and certificates, which git gets."""
        return {name: os.environ[name] for name in SURROUNDINGS if name in os.environ}

    @property
    def certificates(self) -> str | None:
        """The file of trusted certificate authorities, where the operator sets one."""
        return os.environ.get("SSL_CERT_FILE") or os.environ.get("GIT_SSL_CAINFO")

    def account_at(self, address: ParsedAddress) -> FetchAccount | None:
        """The account, where it is for this address."""
        covers = self.account is not None and self.account.covers(address)
        return self.account if covers else None

    def proxy(self, address: ParsedAddress) -> str | None:
        """The operator's proxy for an address; None where the connection is direct."""
        proxies = get_environ_proxies(address.url, no_proxy=None)
        return select_proxy(address.url, proxies)

    def proxy_ports(self) -> tuple[int, ...]:
        """The ports of the operator's proxy."""
        urls = (os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy"))
        parts = (urlsplit(url if "://" in url else f"//{url}") for url in urls if url)
        return tuple(part.port or _PROXY_PORTS.get(part.scheme, 80) for part in parts)

    def check(self, address: ParsedAddress) -> None:
        """Raise FetchError for a port, or a lack of TLS, that the operator has not allowed."""
        refusal = self.hosts.refusal(address)
        if refusal:
            raise FetchError(f"'{address.authority}' is not contacted: {refusal}", refused=True)

    def addresses(self, address: ParsedAddress) -> tuple[str, ...]:
        """The IP addresses to connect to, all checked; empty where a proxy connects.

        A proxy resolves names itself, so the operator restricts there what it may reach. Raises
        FetchError for a host that may not be contacted.
        """
        if self.proxy(address) is None:
            return addresses_of(address, self.hosts, self.resolve)
        check_literal(address, self.hosts)
        return ()
