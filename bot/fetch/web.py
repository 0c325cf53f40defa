"""One bounded GET: every connection goes to an address that was checked, also after a redirect."""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from socket import socket
from types import MappingProxyType
from typing import Final
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, Retry
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.util.connection import create_connection

from bot.errors import FetchError
from bot.fetch.addresses import ParsedAddress, target_of
from bot.fetch.limits import FetchLimits

_CHUNK: Final = 1 << 16
_MOST_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_AGAIN: Final = (429, 500, 502, 503, 504)
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Got:
    """An answer: its status, its headers whatever their letters, what it holds."""

    status: int
    headers: Mapping[str, str]
    data: bytes
    host: str

    def whole(self) -> bytes:
        """What it holds. Raises FetchError where the answer is a refusal."""
        if self.status != 200:
            raise FetchError(f"'{self.host}' answered {self.status}")
        return self.data


class Web:
    """What is asked by HTTP. Not for several threads."""

    def __init__(self, means: FetchLimits) -> None:
        self._means = means
        self._session = requests.Session()
        # Neither a .netrc nor another variable has a say.
        self._session.trust_env = False
        self._session.headers = CaseInsensitiveDict(
            {"User-Agent": "fairlead", "Accept-Encoding": "identity"}
        )
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, _Checked(means))

    def get(self, url: str, *, most: int, headers: Mapping[str, str] = _NONE) -> Got:
        """The answer for a URL, of at most this many bytes.

        Raises FetchError for who may not be asked, does not answer, or answers more.
        """
        deadline = time.monotonic() + self._means.bounds.seconds
        asked = target_of(url, self._means.named)
        for _ in range(_MOST_REDIRECTS + 1):
            with self._asked(url, asked, headers) as answer:
                if answer.status_code not in _REDIRECTS:
                    return Got(
                        answer.status_code,
                        answer.headers,
                        self._read(answer, asked, most, deadline),
                        asked.authority,
                    )
                url = urljoin(url, answer.headers.get("Location", ""))
            target = target_of(url, self._means.named)
            if asked.scheme == "https" and target.scheme != "https":
                raise FetchError(
                    f"'{asked.authority}' leads to where there is no TLS", refused=True
                )
            if target.authority != asked.authority:
                # A token is for whoever gave it.
                headers = {name: it for name, it in headers.items() if name != "Authorization"}
            asked = target
        raise FetchError(f"'{asked.authority}' leads on and on")

    def _asked(
        self, url: str, place: ParsedAddress, headers: Mapping[str, str]
    ) -> requests.Response:
        means = self._means
        proxy = means.proxy(place)
        if proxy is not None:
            means.addresses(place)
        try:
            return self._session.get(
                url,
                headers=dict(headers),
                stream=True,
                allow_redirects=False,
                timeout=means.bounds.patience,
                proxies={} if proxy is None else {place.scheme: proxy},
                verify=means.certificates or True,
            )
        except requests.RequestException as error:
            raise _silent(place, error) from error

    @staticmethod
    def _read(answer: requests.Response, place: ParsedAddress, most: int, deadline: float) -> bytes:
        data = bytearray()
        try:
            # As it is sent: what is packed must not grow beyond the limit while it is unpacked.
            # And piece by piece as it comes: whoever drips it would otherwise never be late.
            while piece := answer.raw.read1(_CHUNK, decode_content=False):
                data += piece
                if len(data) > most:
                    raise _too_much(place, most)
                if time.monotonic() > deadline:
                    raise FetchError(f"'{place.authority}' takes too long", limit=True)
        except (HTTPError, OSError) as error:
            raise _silent(place, error) from error
        packed = answer.headers.get("Content-Encoding", "").lower() in {"gzip", "x-gzip"}
        return _unpacked(bytes(data), place, most) if packed else bytes(data)


class _Checked(HTTPAdapter):
    """Connects to checked addresses alone, unless the operator's proxy connects."""

    def __init__(self, means: FetchLimits) -> None:
        self._means = means
        again = Retry(
            total=2,
            redirect=0,
            backoff_factor=0.3,
            status_forcelist=_AGAIN,
            raise_on_status=False,
            # Whoever is asked must not say how long we wait.
            respect_retry_after_header=False,
        )
        super().__init__(max_retries=again)

    def init_poolmanager(self, *arguments: object, **options: object) -> None:
        """The pools, whose connections are ours."""
        super().init_poolmanager(*arguments, **options)  # type: ignore[arg-type] # as requests calls it
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = _pools(self._means)


def _pools(means: FetchLimits) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket:
            return _connected(self, ParsedAddress("http", self.host, self.port or 80, ""), means)

    class Encrypted(HTTPSConnection):
        def _new_conn(self) -> socket:
            return _connected(self, ParsedAddress("https", self.host, self.port or 443, ""), means)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}


def _connected(connection: HTTPConnection, place: ParsedAddress, means: FetchLimits) -> socket:
    """A socket to an address of the host that this connection is really for."""
    means.check(place)
    last: OSError | None = None
    for address in means.addresses(place):
        try:
            return create_connection(
                (address, place.port), connection.timeout, socket_options=connection.socket_options
            )
        except OSError as error:
            last = error
    raise NewConnectionError(connection, f"no address answers: {last}")


def _unpacked(data: bytes, place: ParsedAddress, most: int) -> bytes:
    """What was packed on the way though nobody asked for that, as far as it may be long."""
    packed = zlib.decompressobj(wbits=31)
    try:
        found = packed.decompress(data, most + 1)
    except zlib.error as error:
        raise _silent(place, error) from error
    if len(found) > most:
        raise _too_much(place, most)
    if not packed.eof:
        raise FetchError(f"'{place.authority}' did not answer to the end")
    return found


def _too_much(place: ParsedAddress, most: int) -> FetchError:
    return FetchError(f"'{place.authority}' answered more than {most:,} bytes", limit=True)


def _silent(place: ParsedAddress, error: Exception) -> FetchError:
    return FetchError(f"'{place.authority}' did not answer ({type(error).__name__})")
