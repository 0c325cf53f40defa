"""What a review says about remote sources that it fetched or could not fetch."""

from __future__ import annotations

from typing import Final

from bot.core.engine.review import Fetched, Summary
from bot.core.fetching import FetchResult, SourceReference
from bot.core.words import first_of

_MOST: Final = 10
_SHORT: Final = 12
_DIGEST: Final = "sha256:"


def fetched_of(reference: SourceReference, result: FetchResult) -> Fetched:
    """The review's entry for a requested reference and the result of fetching it."""
    place = reference.address.partition("://")[2]
    return Fetched(
        "/".join(part for part in (place, reference.name) if part),
        reference.version.removeprefix("refs/tags/"),
        result.digest,
        result.message,
        result.passing,
    )


def fetched(summary: Summary) -> str:
    """The sentence on fetched and missing sources; empty where none was requested."""
    arrived = [
        f"{_words(source)} ({source.message})" if source.message else _words(source)
        for source in summary.fetched
        if source.digest or not source.message
    ]
    missing = [
        f"{_words(source)} ({source.message})"
        for source in summary.fetched
        if source.message and not source.digest
    ]
    parts = (("Fetched", arrived), ("Not fetched:", missing))
    return "; ".join(f"{word} {first_of(texts, _MOST)}" for word, texts in parts if texts)


def _words(source: Fetched) -> str:
    """A version with the digest that it resolved to, since a tag may move later."""
    if source.digest and source.version == source.digest:
        return f"{source.source} {_short(source.digest)}"
    at = f" at {_short(source.digest)}" if source.digest else ""
    return f"{source.source} {source.version}".strip() + at


def _short(digest: str) -> str:
    return digest.removeprefix(_DIGEST)[:_SHORT]
