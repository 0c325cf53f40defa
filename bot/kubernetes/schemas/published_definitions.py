"""Definitions of well-known projects with their rules, where the repository does not define them.

The data file is generated (`make oracle`) from the definitions that the projects publish;
data/README.md names projects, releases and licences. A definition refuses what each of the releases
refuses.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import cache
from pkgutil import get_data
from typing import Final

import msgspec

from bot.core.resource import GroupKind

# Package data, read on import: the sandboxed child process cannot open files later.
_DATA: Final = get_data("bot.kubernetes", "data/custom-definitions.msgpack") or b""


@cache
def published_definition(kind: GroupKind) -> bytes | None:
    """The definition of a kind as JSON; None where no project here publishes rules for it."""
    data = _definitions().get(f"{kind.group}/{kind.kind}")
    return None if data is None else zlib.decompress(data)


@cache
def _definitions() -> Mapping[str, bytes]:
    return msgspec.msgpack.decode(_DATA, type=dict[str, bytes])
