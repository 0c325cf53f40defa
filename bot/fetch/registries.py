"""An artifact of an OCI registry, asked for without an account: a chart, or Flux's own kind.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pull
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

import msgspec
from requests.utils import parse_dict_header

from bot.errors import FetchError
from bot.fetch.addresses import ParsedAddress
from bot.fetch.messages import Bounds
from bot.fetch.web import Got, Web

_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_CHART: Final = "application/vnd.cncf.helm.config.v1+json"
_CHART_LAYERS: Final = frozenset(
    {
        "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
        # Helm's own before its version 3.7.
        "application/tar+gzip",
    }
)
_LARGEST_MANIFEST: Final = 1024 * 1024
_LARGEST_TOKEN: Final = 64 * 1024
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """What a manifest says of one content."""

    media_type: str
    digest: str
    size: int = 0


class ArtifactManifest(msgspec.Struct, frozen=True):
    """What an artifact is made of."""

    config: Descriptor
    layers: list[Descriptor]


class _Token(msgspec.Struct, frozen=True):
    token: str = ""
    access_token: str = ""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A manifest that was found: by which digest it is known again, and what its archive is."""

    digest: str
    layer: Descriptor
    chart: bool


@dataclass(slots=True)
class Registry:
    """One repository of a registry, and the token that it gave everybody."""

    web: Web
    place: ParsedAddress
    bounds: Bounds
    _token: str = ""

    def artifact(self, version: str) -> Artifact:
        """What a tag or a digest names. Raises FetchError where that is nothing of ours."""
        # A tag cannot have the plus of a version: https://helm.sh/docs/topics/registries/
        data = self._get(
            f"manifests/{version.replace('+', '_')}", _LARGEST_MANIFEST, {"Accept": _MANIFEST}
        )
        digest = f"sha256:{sha256(data).hexdigest()}"
        if version.startswith("sha256:") and version != digest:
            raise FetchError("the registry answered another manifest than that of the digest")
        try:
            manifest = msgspec.json.decode(data, type=ArtifactManifest)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise FetchError("the registry answered no manifest of an artifact") from error
        chart = manifest.config.media_type == _CHART
        return Artifact(digest, _layer(manifest, chart=chart), chart)

    def archive(self, layer: Descriptor) -> bytes:
        """The content of a layer. Raises FetchError where the registry answers another."""
        data = self._get(f"blobs/{layer.digest}", self.bounds.archive, {})
        if f"sha256:{sha256(data).hexdigest()}" != layer.digest:
            raise FetchError("the registry answered another archive than that of the digest")
        return data

    def _get(self, what: str, most: int, headers: Mapping[str, str]) -> bytes:
        base = f"{self.place.scheme}://{self.place.host}:{self.place.port}"
        url = f"{base}/v2{self.place.path}/{what}"
        got = self.web.get(url, most=most, headers={**headers, **self._authorization()})
        if got.status == 401 and not self._token:
            self._token = self._asked(got)
            got = self.web.get(url, most=most, headers={**headers, **self._authorization()})
        return got.whole()

    def _authorization(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def _asked(self, refusal: Got) -> str:
        """The token that everybody gets. https://distribution.github.io/distribution/spec/auth/token/"""
        scheme, _, rest = refusal.headers.get("WWW-Authenticate", "").partition(" ")
        challenge = parse_dict_header(rest)
        realm = challenge.get("realm")
        if scheme.lower() != "bearer" or not realm:
            raise FetchError(f"'{refusal.host}' asks for an account")
        asked = {"scope": challenge.get("scope") or f"repository:{self.place.path[1:]}:pull"}
        if service := challenge.get("service"):
            asked["service"] = service
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(asked)}"
        answer = self.web.get(url, most=_LARGEST_TOKEN).whole()
        try:
            token = msgspec.json.decode(answer, type=_Token)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise FetchError(f"'{refusal.host}' asks for an account") from error
        given = token.token or token.access_token
        if not given.isascii() or not given.isprintable():
            raise FetchError(f"'{refusal.host}' gives a token that is none")
        return given


def _layer(manifest: ArtifactManifest, *, chart: bool) -> Descriptor:
    """The archive of an artifact: a chart's own, or the first as for Flux where there is one."""
    found = [
        layer
        for layer in manifest.layers
        if (layer.media_type in _CHART_LAYERS if chart else layer.media_type.endswith("tar+gzip"))
    ]
    if not found or not (chart or len(manifest.layers) == 1):
        raise FetchError("the artifact is neither a chart nor one archive")
    if not _DIGEST.fullmatch(found[0].digest):
        raise FetchError("the artifact's archive has no digest that is known here")
    return found[0]
