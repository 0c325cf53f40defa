"""The kind that a kustomization's file need not say."""

from __future__ import annotations

from typing import Final

from bot.patterns import pattern

_KIND: Final = pattern(rb"(?m)^[\"']?kind[\"']?\s*:")
_API_VERSION: Final = pattern(rb"(?m)^[\"']?apiVersion[\"']?\s*:")


def with_kind(data: bytes) -> bytes:
    """A kustomization's file with its kind and version.

    https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/ makes both fields
    optional, while a reader of resources has to refuse what has no kind. They are added at the end,
    where no line moves.
    """
    if data.lstrip().startswith(b"{"):
        return data
    added = b""
    if not _KIND.search(data):
        added += b"kind: Kustomization\n"
    if not _API_VERSION.search(data):
        added += b"apiVersion: kustomize.config.k8s.io/v1beta1\n"
    return data.rstrip() + b"\n" + added if added else data
