"""A line of a manifest that may be shown to people."""

from __future__ import annotations

from typing import Final

from bot.core.manifest import Manifest

_SECRET: Final = (b'"Secret"', b'"secretGenerator"', b'"stringData"')
LONGEST_LINE: Final = 300


def shown_line(data: bytes, manifest: Manifest, number: int) -> str | None:
    """The line (from 1) of a file, None where it must not be shown.

    Nothing is shown of a file that holds a Secret, or that could not be read to its end, so that
    nobody knows what it holds.
    """
    for reading in (manifest.kubectl, manifest.kustomize):
        if reading.error is not None:
            return None
        if any(word in held.encoded for held in reading.objects for word in _SECRET):
            return None
    # Only "\n" and "\r\n" end a line for git and for people's editors.
    rows = data.decode("utf-8", "replace").split("\n")
    if not 1 <= number <= len(rows):
        return None
    return rows[number - 1].rstrip("\r")[:LONGEST_LINE]
