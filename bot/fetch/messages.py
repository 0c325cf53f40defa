"""The messages between the service and the process that fetches."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from bot.core.fetching import ReferenceKind
from bot.fetch.accounts import FetchAccount

MEBIBYTE: Final = 1024 * 1024
PACK: Final = "fetched.pack"
"""The only file that the service takes from an item's folder."""

ItemStatus: TypeAlias = Literal["fetched", "stored", "refused", "failed", "limit", "unavailable"]
"""`stored`: the service has this version already. The others are those of `FetchStatus`."""


class Bounds(msgspec.Struct, frozen=True):
    """The limits of one item, in bytes, files and seconds.

    `file` bytes of a single file, `index` of a chart repository's index, `archive` of an archive
    as it is sent, `unpacked` of its contents, `pack` of a repository; at most `patience` seconds
    without a byte, and `seconds` in all.
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
    """One source to fetch into `folder`: its reference and nothing else.

    `url` is the canonical address; `stored` are the commits or digests of this source that the
    service has already.
    """

    folder: str
    kind: ReferenceKind
    url: str
    version: str
    name: str
    stored: list[str]


class FetchOrder(msgspec.Struct, frozen=True):
    """Everything that the process is told: the items, where to write, and the operator's settings.

    `hosts` are the entries of FAIRLEAD_FETCH_HOSTS. `account` is the one for all items, None to
    fetch them anonymously.
    """

    staging: str
    items: list[FetchItem]
    hosts: list[str]
    bounds: Bounds
    require_sandbox: bool
    account: FetchAccount | None = None


class ItemResult(msgspec.Struct, frozen=True):
    """The outcome of the item with this number; -1 stands for every item without one of its own.

    `resolved` is the commit or digest that the version names, `digest` what the review records,
    `tip` the commit in the item's pack that holds its files. `passing`: the failure may pass.
    """

    item: int
    status: ItemStatus
    resolved: str = ""
    digest: str = ""
    tip: str = ""
    message: str = ""
    passing: bool = False
