"""A bounded HTTP GET that connects only to checked IP addresses, also after a redirect."""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import urljoin

import requests
from requests.exceptions import SSLError
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

from bot.errors import FetchError
from bot.fetch.accounts import FetchAccount
from bot.fetch.addresses import AllowedHosts, ParsedAddress, parse_redirect
from bot.fetch.checked_adapter import RETRIED, CheckedAdapter
from bot.fetch.limits import FetchLimits
from bot.records import dataclass

_CHUNK: Final = 1 << 16
_MAX_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LARGEST_KNOWN_ERROR: Final = 504
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class WebResponse:
    """A response: status, headers (case-insensitive), body, and the host that sent it."""

    status: int
    headers: Mapping[str, str]
    data: bytes
    host: str

    def content(self, account: FetchAccount | None = None) -> bytes:
        """The body. Raises FetchError where the status is not 200.

        `account` is the one with which the request was made.
        """
        if self.status in {401, 403}:
            raise refused_account(self.host, account, f"it answered {self.status}")
        if self.status != 200:
            passing = self.status in RETRIED or self.status > _LARGEST_KNOWN_ERROR
            raise FetchError(f"'{self.host}' answered {self.status}", passing=passing)
        return self.data


def refused_account(host: str, account: FetchAccount | None, reason: str) -> FetchError:
    """The error for a host that requires an account, or refuses the operator's."""
    if account is not None:
        return FetchError(f"'{host}' refused the account in Fairlead's settings ({reason})")
    return FetchError(
        f"'{host}' requires an account, and Fairlead's settings grant none to this repository "
        f"({reason})"
    )


class WebClient:
    """An HTTP client for fetching. Not for several threads."""

    def __init__(self, limits: FetchLimits) -> None:
        self._limits = limits
        self._session = requests.Session()
        # Ignores .netrc and environment variables.
        self._session.trust_env = False
        self._session.headers = CaseInsensitiveDict(
            {"User-Agent": "fairlead", "Accept-Encoding": "identity"}
        )
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, CheckedAdapter(limits))

    @property
    def hosts(self) -> AllowedHosts:
        """The operator's hosts."""
        return self._limits.hosts

    def fetch(self, url: str, *, most: int) -> bytes:
        """The content of a URL, requested with the account where it is for that address.

        Raises FetchError as `get` does, and for any status but 200.
        """
        account = self._limits.account_at(parse_redirect(url, self._limits.hosts))
        headers = {} if account is None else {"Authorization": account.authorization}
        return self.get(url, most=most, headers=headers).content(account)

    def get(self, url: str, *, most: int, headers: Mapping[str, str] = _NO_HEADERS) -> WebResponse:
        """The response for a URL, with a body of at most `most` bytes.

        Follows a few redirects; none of them gets an `Authorization` header on another host, or on
        addresses that the account is not for. Raises FetchError for a host that may not be
        contacted, does not answer, or sends more.
        """
        deadline = time.monotonic() + self._limits.bounds.seconds
        address = parse_redirect(url, self._limits.hosts)
        for _ in range(_MAX_REDIRECTS + 1):
            with self._request(url, address, headers) as response:
                if response.status_code not in _REDIRECTS:
                    return WebResponse(
                        response.status_code,
                        response.headers,
                        self._read(response, address, most, deadline),
                        address.authority,
                    )
                url = urljoin(url, response.headers.get("Location", ""))
            target = parse_redirect(url, self._limits.hosts)
            if address.scheme == "https" and target.scheme != "https":
                raise FetchError(
                    f"'{address.authority}' redirects to an address without TLS", refused=True
                )
            if not self._keeps_authorization(address, target):
                headers = {
                    name: value for name, value in headers.items() if name != "Authorization"
                }
            address = target
        raise FetchError(f"'{address.authority}' redirects more than {_MAX_REDIRECTS} times")

    def _keeps_authorization(self, address: ParsedAddress, target: ParsedAddress) -> bool:
        """Whether a redirect's target may get the header: on the same host, and covered."""
        is_same_host = (target.scheme, target.authority) == (address.scheme, address.authority)
        account = self._limits.account
        # A registry's API is at `/v2/`; what it authorizes depends on the repository's name there.
        is_registry = address.path.startswith("/v2/") and target.path.startswith("/v2/")
        is_covered = account is None or is_registry or account.covers(target)
        return is_same_host and is_covered

    def _request(
        self, url: str, address: ParsedAddress, headers: Mapping[str, str]
    ) -> requests.Response:
        limits = self._limits
        proxy = limits.proxy(address)
        if proxy is not None:
            limits.addresses(address)
        try:
            return self._session.get(
                url,
                headers=dict(headers),
                stream=True,
                allow_redirects=False,
                timeout=limits.bounds.patience,
                proxies={} if proxy is None else {address.scheme: proxy},
                verify=limits.certificates or True,
            )
        except requests.RequestException as error:
            raise _no_answer(address, error) from error

    @staticmethod
    def _read(
        response: requests.Response, address: ParsedAddress, most: int, deadline: float
    ) -> bytes:
        data = bytearray()
        try:
            # Undecoded, so that compressed content cannot exceed the limit while it is unpacked;
            # and piece by piece, so that a server that sends slowly meets the deadline.
            while piece := response.raw.read1(_CHUNK, decode_content=False):
                data += piece
                if len(data) > most:
                    raise _too_large(address, most)
                if time.monotonic() > deadline:
                    raise FetchError(
                        f"'{address.authority}' takes too long", limit=True, passing=True
                    )
        except (HTTPError, OSError) as error:
            raise _no_answer(address, error) from error
        is_packed = response.headers.get("Content-Encoding", "").lower() in {"gzip", "x-gzip"}
        return _decompressed(bytes(data), address, most) if is_packed else bytes(data)


def _decompressed(data: bytes, address: ParsedAddress, most: int) -> bytes:
    """The content of a body that the server compressed without being asked to."""
    decoder = zlib.decompressobj(wbits=31)
    try:
        content = decoder.decompress(data, most + 1)
    except zlib.error as error:
        raise _no_answer(address, error) from error
    if len(content) > most:
        raise _too_large(address, most)
    if not decoder.eof:
        raise FetchError(f"'{address.authority}' sent an incomplete answer", passing=True)
    return content


def _too_large(address: ParsedAddress, most: int) -> FetchError:
    return FetchError(f"'{address.authority}' sent more than {most:,} bytes", limit=True)


def _no_answer(address: ParsedAddress, error: Exception) -> FetchError:
    # A certificate that is not trusted is not trusted in half an hour either.
    return FetchError(
        f"'{address.authority}' did not answer ({type(error).__name__})",
        passing=not isinstance(error, SSLError),
    )
