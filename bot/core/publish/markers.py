"""The hidden line by which a comment on GitHub is recognised as that of a finding."""

from __future__ import annotations

from typing import Final

from bot.patterns import pattern

_MARKER: Final = pattern(r"<!-- fairlead:v1 finding=([0-9a-z-]{1,64}) -->")
_UNSAFE_MARK: Final = pattern(r"[^0-9a-z-]")


def marker(fingerprint: str) -> str:
    """The hidden line that identifies the comment on this finding."""
    return f"<!-- fairlead:v1 finding={marked_fingerprint(fingerprint)} -->"


def marked_fingerprint(fingerprint: str) -> str:
    """The fingerprint as a comment's marker carries it, and as `fingerprint_of` reads it back."""
    return _UNSAFE_MARK.sub("", fingerprint)[:64]


def fingerprint_of(body: str) -> str | None:
    """The fingerprint in a comment's marker, None where the first line is not a marker."""
    match = _MARKER.match(body)
    return match[1] if match else None
