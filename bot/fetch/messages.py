"""What is said to the process that fetches, and what it says."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from bot.core.fetching import ReferenceKind

MEBIBYTE: Final = 1024 * 1024
PACK: Final = "brought.pack"
"""The one file that is taken of what the process writes for an item."""

Came: TypeAlias = Literal["fetched", "held", "refused", "failed", "limit", "unavailable"]


class Bounds(msgspec.Struct, frozen=True):
    """What one item may cost: bytes and files, and seconds of waiting for whoever is asked.

    `file` bytes of a single file, `index` of a list of charts, `archive` as it is sent, `unpacked`
    when it is read, `pack` of a repository; `patience` seconds without a byte, `seconds` at all.
    """

    file: int = 16 * MEBIBYTE
    index: int = 32 * MEBIBYTE
    archive: int = 32 * MEBIBYTE
    unpacked: int = 128 * MEBIBYTE
    files: int = 50_000
    pack: int = 256 * MEBIBYTE
    patience: float = 10
    seconds: float = 45


class FetchItem(msgspec.Struct, frozen=True):
    """One thing to bring into a folder: nothing but its reference.

    `url` is the address in the one form that is taken; `held` are the commits or digests of it that
    are here, which need not be brought again.
    """

    folder: str
    kind: ReferenceKind
    url: str
    version: str
    name: str
    held: list[str]


class FetchOrder(msgspec.Struct, frozen=True):
    """All that the process is told: what to bring, where to, and what the operator decided."""

    staging: str
    items: list[FetchItem]
    hosts: list[str]
    bounds: Bounds
    require_sandbox: bool


class Said(msgspec.Struct, frozen=True):
    """What came of the item of this number.

    `resolved` is the commit or the digest that its version stands for, `digest` what is recorded of
    it, `tip` the commit in its pack that holds its files. A number below 0 is about all of them.
    """

    item: int
    came: Came
    resolved: str = ""
    digest: str = ""
    tip: str = ""
    message: str = ""
