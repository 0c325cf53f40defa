"""Manifests for which Argo CD refuses the whole directory that holds them."""

from __future__ import annotations

import msgspec

from bot.core.identity import identity_of
from bot.core.manifest import Manifest


class _Names(msgspec.Struct, frozen=True):
    name: object = None
    generateName: object = None  # noqa: N815 - Kubernetes' name


class _Object(msgspec.Struct, frozen=True):
    """What Argo CD needs of an object."""

    apiVersion: object = None  # noqa: N815 - Kubernetes' name
    kind: object = None
    metadata: _Names | None = None

    @property
    def is_nameless(self) -> bool:
        """Whether it has everything but a name."""
        names = self.metadata or _Names()
        return bool(self.kind and self.apiVersion) and not (names.name or names.generateName)


_object = msgspec.json.Decoder(_Object).decode


def refusal_of(path: str, manifest: Manifest) -> str:
    """Why Argo CD applies nothing of a plain directory that holds this file; empty if it does.

    A file of which no document is an object is passed over. One with both is an error, and so is a
    sync of which one object has no name, as that is tried out in full before it begins:
    https://github.com/argoproj/argo-cd/blob/master/reposerver/repository/repository.go
    (getObjsFromYAMLOrJSON) and
    https://github.com/argoproj/argo-cd/blob/master/gitops-engine/pkg/sync/sync_context.go (Sync)
    """
    if manifest.skipped:
        return ""
    documents = [entry.encoded for entry in manifest.kubectl.objects if not entry.item]
    others = [_outline(text) for text in documents if identity_of(text) is None]
    if any(other.is_nameless for other in others):
        return f"{path!r} has an object without a name, for which Argo CD refuses every sync"
    lacking = sum(not (isinstance(other.kind, str) and other.kind) for other in others)
    if not 0 < lacking < len(documents):
        return ""
    return f"{path!r} has a document without a kind beside others, which Argo CD refuses"


def _outline(encoded: bytes) -> _Object:
    try:
        return _object(encoded)
    except msgspec.MsgspecError:
        return _Object()
