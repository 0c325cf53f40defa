"""Why is an entry of a kustomization not taken in, as a sentence?"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.core.fetching import FetchResult
from bot.core.states.roots.kustomizations.references import KustomizationPath
from bot.core.states.roots.reasons import without_credentials
from bot.errors import UnbuildableError

ABSENT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "resource": "which is neither a file nor a kustomization here",
        "config": "which is neither a file nor a kustomization here",
        "directory": "which is no kustomization here",
        "file": "which is no file here",
    }
)
"""By what an entry takes: how a sentence about it ends where nothing of that sort is there."""


def not_taken(reference: KustomizationPath, error: UnbuildableError) -> str:
    """Why an entry is not taken in; the error ends the sentence."""
    if reference.text is None:
        return f"its field {reference.field!r} holds what is no path"
    return f"{_named(reference)}, {error}"


def not_fetched(reference: KustomizationPath, answer: FetchResult | None) -> str:
    """Why an exact version that an entry names is not here."""
    detail = f": {answer.message}" if answer is not None and answer.message else ""
    return f"{_named(reference)}, which is outside this repository{detail}"


def _named(reference: KustomizationPath) -> str:
    shown = without_credentials(reference.text or "")
    if reference.takes == "resource":
        return f"it lists {shown!r}"
    return f"its field {reference.field!r} names {shown!r}"
