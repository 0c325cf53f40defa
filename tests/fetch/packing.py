"""Archives, honest and otherwise, and what is served with them."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from tests.fetch.servers import Answer, Asked, Server


def archive(files: Mapping[str, bytes], *members: tarfile.TarInfo) -> bytes:
    """A `.tar.gz` of these files, and of these members without content."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for member in members:
            tar.addfile(member)
    return gzip.compress(held.getvalue(), mtime=0)


CHART = archive(
    {
        "app/Chart.yaml": b"apiVersion: v2\nname: app\nversion: 1.2.3\n",
        "app/templates/a.yaml": b"kind: ConfigMap\n",
    }
)
CHART_DIGEST = sha256(CHART).hexdigest()


def digest(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


def blob_id(data: bytes) -> str:
    """The id that git gives a content."""
    from hashlib import sha1  # noqa: PLC0415

    return sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


class Registry:
    """An OCI registry at `/v2/` of a server, which gives everybody a token."""

    def __init__(self, server: Server) -> None:
        self.realm = f"{server.url}/token"
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, bytes] = {}
        self.token = "everybody"
        server.routes["/v2/"] = self.answer
        server.routes["/token"] = lambda _: Answer(200, json.dumps({"token": self.token}).encode())

    def push(
        self, tag: str, layer: bytes, *, layer_type: str, config_type: str, **manifest: Any
    ) -> str:
        """Put an artifact of one layer there; the digest of its manifest."""
        self.blobs[digest(layer)] = layer
        data = json.dumps(
            {
                "schemaVersion": 2,
                "config": {"mediaType": config_type, "digest": digest(b"{}"), "size": 2},
                "layers": [{"mediaType": layer_type, "digest": digest(layer), "size": len(layer)}],
                **manifest,
            }
        ).encode()
        self.manifests[tag] = self.manifests[digest(data)] = data
        return digest(data)

    def push_chart(self, tag: str, layer: bytes = CHART) -> str:
        return self.push(
            tag,
            layer,
            layer_type="application/vnd.cncf.helm.chart.content.v1.tar+gzip",
            config_type="application/vnd.cncf.helm.config.v1+json",
        )

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            challenge = f'Bearer realm="{self.realm}",service="here",scope="repository:x:pull"'
            return Answer(401, b"{}", {"WWW-Authenticate": challenge})
        kind, name = asked.path.split("/")[-2:]
        held = (self.manifests if kind == "manifests" else self.blobs).get(name)
        return Answer(404) if held is None else Answer(200, held)
