"""Excerpts of manifests that may be shown to people."""

from __future__ import annotations

import re
from typing import Final

from bot.core.manifest import Manifest
from bot.patterns import pattern

_SECRET: Final = (b'"Secret"', b'"secretGenerator"', b'"stringData"')
LONGEST_LINE: Final = 300


_MAY_HIDE: Final = pattern(rb"secret|stringData|\\\\[xuU]|!!|\0", re.IGNORECASE)
_RBAC_RESOURCE: Final = pattern(
    rb"(?:^ *- |[\[,] *)([\"']?)secrets\1(?= *(?:[\],#]|\r?$))", re.MULTILINE
)
"""`secrets` as an item of a list: a role names the kind so, and no Secret is written that way."""

LARGEST_FILE: Final = 1024 * 1024


def unparsed_line(data: bytes, number: int) -> str | None:
    """Line `number` (1-based) of a file that nobody has parsed, None where it may be secret.

    For a process that must not parse the file. A file that names a Secret in any way, or could
    do so by an escape or a tag, shows nothing; the resource `secrets` in a role is no such name.
    """
    if len(data) > LARGEST_FILE or _MAY_HIDE.search(_RBAC_RESOURCE.sub(b"", data)):
        return None
    return _row(data, number)


def shown_line(data: bytes, manifest: Manifest, number: int) -> str | None:
    """Line `number` (1-based) of a file, None where it must not be shown.

    Nothing is shown of a file that contains a Secret, or that could not be read to its end and
    may contain one.
    """
    for reading in (manifest.kubectl, manifest.kustomize):
        if reading.error is not None:
            return None
        if any(word in item.encoded for item in reading.objects for word in _SECRET):
            return None
    return _row(data, number)


def _row(data: bytes, number: int) -> str | None:
    # Git and editors end lines only at "\n" and "\r\n".
    rows = data.decode("utf-8", "replace").split("\n")
    if not 1 <= number <= len(rows):
        return None
    return rows[number - 1].rstrip("\r")[:LONGEST_LINE]
