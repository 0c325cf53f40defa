"""Manifests for which Argo CD refuses the whole directory that holds them."""

from __future__ import annotations

import msgspec

from bot.core.identity import identity_of
from bot.core.manifest import Manifest


class _Kind(msgspec.Struct, frozen=True):
    kind: object = None


_kind = msgspec.json.Decoder(_Kind).decode


def refusal_of(path: str, manifest: Manifest) -> str:
    """Why Argo CD applies nothing of a plain directory that holds this file; empty if it does.

    A file of which no document is an object is passed over. One with both is an error:
    https://github.com/argoproj/argo-cd/blob/master/reposerver/repository/repository.go
    (getObjsFromYAMLOrJSON)
    """
    documents = [entry.encoded for entry in manifest.kubectl.objects if not entry.item]
    if len(documents) < 2 or manifest.skipped:
        return ""
    lacking = sum(identity_of(text) is None and not _has_kind(text) for text in documents)
    if not 0 < lacking < len(documents):
        return ""
    return f"{path!r} has a document without a kind beside others, which Argo CD refuses"


def _has_kind(encoded: bytes) -> bool:
    try:
        kind = _kind(encoded).kind
    except msgspec.MsgspecError:
        return False
    return isinstance(kind, str) and bool(kind)
