"""What a review says of what was fetched from elsewhere."""

from __future__ import annotations

from typing import Final

from bot.core.engine.review import Fetched, Summary
from bot.core.fetching import FetchResult, SourceReference

_MOST: Final = 10
_SHORT: Final = 12
_DIGEST: Final = "sha256:"


def fetched_of(reference: SourceReference, found: FetchResult) -> Fetched:
    """What a review says of a reference that was asked for."""
    place = reference.address.partition("://")[2]
    return Fetched(
        "/".join(part for part in (place, reference.name) if part),
        reference.version.removeprefix("refs/tags/"),
        found.digest,
        found.message if found.status != "fetched" else "",
    )


def fetched(held: Summary) -> str:
    """The line that says what was fetched, and what was not; empty where nothing was asked for."""
    came = [_words(it) for it in held.fetched if not it.message]
    missing = [f"{_words(it)} ({it.message})" for it in held.fetched if it.message]
    parts = (("Fetched", came), ("Not fetched:", missing))
    return "; ".join(f"{word} {_listed(texts)}" for word, texts in parts if texts)


def _listed(texts: list[str]) -> str:
    more = f" and {len(texts) - _MOST} more" if len(texts) > _MOST else ""
    return ", ".join(texts[:_MOST]) + more


def _words(held: Fetched) -> str:
    """A version with what it stood for: a tag may be moved later."""
    if held.digest and held.version == held.digest:
        return f"{held.source} {_short(held.digest)}"
    at = f" at {_short(held.digest)}" if held.digest else ""
    return f"{held.source} {held.version}".strip() + at


def _short(digest: str) -> str:
    return digest.removeprefix(_DIGEST)[:_SHORT]
