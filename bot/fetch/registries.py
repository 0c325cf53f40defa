"""Reads an artifact from an OCI registry: a Helm chart, or a Flux artifact.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pull
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

import msgspec
from requests.utils import parse_dict_header

from bot.errors import FetchError
from bot.fetch.accounts import FetchAccount
from bot.fetch.addresses import ParsedAddress, parse_redirect
from bot.fetch.messages import Bounds
from bot.fetch.web import WebClient, WebResponse, refused_account
from bot.records import dataclass

_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_CHART: Final = "application/vnd.cncf.helm.config.v1+json"
_CHART_LAYERS: Final = frozenset(
    {
        "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
        # Helm before 3.7.
        "application/tar+gzip",
    }
)
_MAX_MANIFEST: Final = 1024 * 1024
_MAX_TOKEN: Final = 64 * 1024
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_TOKEN_SERVERS: Final = {
    "registry-1.docker.io": "auth.docker.io",
    "registry.gitlab.com": "gitlab.com",
}
"""Public registries whose token server is another host."""


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """A content that an artifact's manifest lists."""

    media_type: str
    digest: str
    size: int = 0


class ArtifactManifest(msgspec.Struct, frozen=True):
    """The manifest of an artifact: its configuration and its layers."""

    config: Descriptor
    layers: list[Descriptor]


class _TokenResponse(msgspec.Struct, frozen=True):
    token: str = ""
    access_token: str = ""


@dataclass(frozen=True, slots=True)
class Artifact:
    """An artifact's digest, the layer that holds its archive, and whether it is a Helm chart."""

    digest: str
    layer: Descriptor
    chart: bool


@dataclass(slots=True)
class Registry:
    """One repository of a registry, read with an account or with the token for anybody."""

    web: WebClient
    address: ParsedAddress
    bounds: Bounds
    account: FetchAccount | None = None
    _authorization: str = ""

    def artifact(self, version: str) -> Artifact:
        """The artifact of a tag or digest. Raises FetchError for neither chart nor archive."""
        # A tag cannot contain the plus of a version: https://helm.sh/docs/topics/registries/
        data = self._get(
            f"manifests/{version.replace('+', '_')}", _MAX_MANIFEST, {"Accept": _MANIFEST}
        )
        digest = f"sha256:{sha256(data).hexdigest()}"
        if version.startswith("sha256:") and version != digest:
            raise FetchError("the registry sent a manifest that does not have the digest")
        try:
            manifest = msgspec.json.decode(data, type=ArtifactManifest)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise FetchError("the registry sent an invalid manifest") from error
        chart = manifest.config.media_type == _CHART
        return Artifact(digest, _layer(manifest, chart=chart), chart)

    def archive(self, layer: Descriptor) -> bytes:
        """The content of a layer. Raises FetchError where it does not have the layer's digest."""
        data = self._get(f"blobs/{layer.digest}", self.bounds.archive, {})
        if f"sha256:{sha256(data).hexdigest()}" != layer.digest:
            raise FetchError("the registry sent an archive that does not have the digest")
        return data

    def _get(self, resource: str, most: int, headers: Mapping[str, str]) -> bytes:
        base = f"{self.address.scheme}://{self.address.host}:{self.address.port}"
        url = f"{base}/v2{self.address.path}/{resource}"
        response = self.web.get(url, most=most, headers={**headers, **self._headers()})
        if response.status == 401 and not self._authorization:
            self._authorization = self._answer_challenge(response)
            response = self.web.get(url, most=most, headers={**headers, **self._headers()})
        return response.content(self.account)

    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": self._authorization} if self._authorization else {}

    def _answer_challenge(self, refusal: WebResponse) -> str:
        """The `Authorization` header that a registry's challenge asks for.

        Raises FetchError where that needs an account and there is none for this repository.
        """
        scheme, _, rest = refusal.headers.get("WWW-Authenticate", "").partition(" ")
        challenge = parse_dict_header(rest)
        if self.account is not None and (self.account.is_token or scheme.lower() == "basic"):
            return self.account.authorization
        if scheme.lower() != "bearer" or not challenge.get("realm"):
            raise refused_account(refusal.host, self.account, "it answered 401")
        return f"Bearer {self._request_token(refusal, challenge)}"

    def _request_token(self, refusal: WebResponse, challenge: Mapping[str, str | None]) -> str:
        """The registry's token. https://distribution.github.io/distribution/spec/auth/token/"""
        realm = challenge["realm"] or ""
        query = {"scope": challenge.get("scope") or f"repository:{self.address.path[1:]}:pull"}
        if service := challenge.get("service"):
            query["service"] = service
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(query)}"
        headers = self._token_headers(realm, refusal.host)
        body = self.web.get(url, most=_MAX_TOKEN, headers=headers).content(self.account)
        try:
            response = msgspec.json.decode(body, type=_TokenResponse)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            reason = "its token server sent no token"
            raise refused_account(refusal.host, self.account, reason) from error
        token = response.token or response.access_token
        if not token.isascii() or not token.isprintable():
            raise FetchError(f"'{refusal.host}' sent an invalid token")
        return token

    def _token_headers(self, realm: str, registry: str) -> Mapping[str, str]:
        """The account for the token server, if that is the registry's own or the operator's choice.

        Raises FetchError for any other host, which a registry could name to collect accounts.
        """
        account = self.account
        if account is None:
            return {}
        server = parse_redirect(realm, self.web.hosts).authority
        expected = account.realm or _TOKEN_SERVERS.get(account.host, account.host)
        if server != expected:
            raise FetchError(
                f"'{registry}' names the token server '{server}'; to send the account there, set "
                f'"realm": "{server}" beside it in FAIRLEAD_FETCH_AUTH'
            )
        return {"Authorization": account.authorization}


def _layer(manifest: ArtifactManifest, *, chart: bool) -> Descriptor:
    """The layer with the archive: the chart's, or the only layer of a Flux artifact."""
    archives = [
        layer
        for layer in manifest.layers
        if (layer.media_type in _CHART_LAYERS if chart else layer.media_type.endswith("tar+gzip"))
    ]
    if not archives or not (chart or len(manifest.layers) == 1):
        raise FetchError("the artifact is neither a chart nor a single archive")
    if not _DIGEST.fullmatch(archives[0].digest):
        raise FetchError("the digest of the artifact's archive is not a sha256 digest")
    return archives[0]
