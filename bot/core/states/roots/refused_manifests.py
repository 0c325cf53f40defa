"""Manifests for which Argo CD refuses the whole directory that holds them."""

from __future__ import annotations

from typing import Final

import msgspec

from bot.core.identity import identity_of
from bot.core.manifest import Manifest

_TELLING: Final = (b'"apiVersion":', b'"kind":', b'"metadata":')
"""What a file without a kind has somewhere in it where Argo CD takes it for a manifest."""


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

    A YAML file of which no document has a kind is passed over unless it looks like a manifest. One
    with both is an error, and so is a sync of which one object has no name, as that is tried out in
    full before it begins:
    https://github.com/argoproj/argo-cd/blob/master/reposerver/repository/repository.go
    (getObjsFromYAMLOrJSON) and
    https://github.com/argoproj/argo-cd/blob/master/gitops-engine/pkg/sync/sync_context.go (Sync)
    """
    if manifest.skipped:
        return ""
    objects = manifest.kubectl.objects
    others = [_outline(entry.encoded) for entry in objects if identity_of(entry.encoded) is None]
    if any(other.is_nameless for other in others):
        return f"{path!r} has an object without a name, for which Argo CD refuses every sync"
    documents = len({entry.document for entry in objects})
    lacking = sum(not (isinstance(other.kind, str) and other.kind) for other in others)
    if 0 < lacking < documents:
        return f"{path!r} has a document without a kind beside others, which Argo CD refuses"
    if lacking and all(any(text in entry.encoded for entry in objects) for text in _TELLING):
        return f"{path!r} looks like a manifest and has no kind, so Argo CD refuses it"
    return ""


def _outline(encoded: bytes) -> _Object:
    try:
        return _object(encoded)
    except msgspec.MsgspecError:
        return _Object()
