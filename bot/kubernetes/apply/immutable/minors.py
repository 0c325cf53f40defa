"""In which minor versions of Kubernetes an update of a field is refused, by upstream's own code."""

from __future__ import annotations

from functools import cache
from pkgutil import get_data
from typing import Final

import msgspec

from bot.core.resource import GroupKind

# Package data, read on import: the sandboxed child process cannot open files later. The file is
# generated (`make oracle`) by running the update strategies of each minor version.
_FILE: Final = get_data("bot.kubernetes", "data/immutable-fields.json") or b""


class UpdateRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An update of one field, and the minor versions that accept and that refuse it."""

    kind: str
    states: tuple[str, ...]
    path: str
    change: str
    accepted: tuple[int, ...]
    refused: tuple[int, ...]


@cache
def update_rows() -> tuple[UpdateRow, ...]:
    """The data file, decoded once."""
    return msgspec.json.decode(_FILE, type=tuple[UpdateRow, ...])


@cache
def refusing_minors(kind: GroupKind, path: str, state: str | None) -> frozenset[int]:
    """The minor versions that refuse an update of a field, or of one below it.

    `state` limits the answer to objects in that state.
    """
    name = f"{kind.group}/{kind.kind}" if kind.group else kind.kind
    return frozenset(
        minor
        for row in update_rows()
        if row.kind == name and f"{row.path}.".startswith(f"{path}.")
        if state is None or state in row.states
        for minor in row.refused
    )
