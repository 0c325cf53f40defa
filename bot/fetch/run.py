"""Fetches the sources of one owner in one process, and stores what it hands over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Final

from bot.core.fetching import FetchResult
from bot.errors import FairleadError, FetchError
from bot.fetch.accounts import FetchAccount
from bot.fetch.allowed_sources import AllowedSource, is_commit, is_digest
from bot.fetch.messages import MEBIBYTE, PACK, Bounds, FetchItem, FetchOrder, ItemResult
from bot.fetch.process import ProcessOptions, run
from bot.fetch.store import KEPT, Store
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """The limits of a session and of the store.

    `references` and `seconds` of a session, `staged` bytes that one process may write, `kept`
    bytes of the store, `bounds` of each source.
    """

    references: int = 200
    seconds: float = 90
    staged: int = 1024 * MEBIBYTE
    kept: int = KEPT
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True, slots=True)
class FetchRun:
    """The settings of one process, and the store that takes its results."""

    store: Store
    options: ProcessOptions
    hosts: tuple[str, ...]
    limits: SessionLimits
    confined: bool
    account: FetchAccount | None = None

    def run(
        self, sources: Sequence[AllowedSource]
    ) -> list[tuple[AllowedSource, FetchResult | str]]:
        """For each source the commit or digest under which the store has it, or its failure."""
        if self.options.seconds <= 0:
            message = f"the review's {self.limits.seconds:.0f} seconds for fetching are used up"
            spent = FetchResult("limit", message=message, passing=True)
            return [(source, spent) for source in sources]
        try:
            with self.store.staging() as staging:
                results = run(self._order(sources, staging), self.options)
                return list(self._stored(sources, results, staging))
        except OSError as error:
            message = f"the fetched files cannot be written: {error.strerror}"
            return [(source, FetchResult("failed", message=message)) for source in sources]

    def _order(self, sources: Sequence[AllowedSource], staging: Path) -> FetchOrder:
        items = []
        for number, source in enumerate(sources):
            (staging / str(number)).mkdir(mode=0o700)
            reference = source.reference
            items.append(
                FetchItem(
                    folder=str(number),
                    kind=reference.kind,
                    url=reference.address,
                    version=reference.version,
                    name=reference.name,
                    stored=[] if source.immutable else self.store.versions(source.key),
                )
            )
        folder = str(staging.resolve())
        return FetchOrder(
            folder, items, list(self.hosts), self.limits.bounds, self.confined, self.account
        )

    def _stored(
        self,
        sources: Sequence[AllowedSource],
        results: Mapping[int, ItemResult],
        staging: Path,
    ) -> Iterator[tuple[AllowedSource, FetchResult | str]]:
        for number, source in enumerate(sources):
            result = results.get(number) or results.get(-1) or _NO_RESULT
            try:
                yield source, self._store_result(source, result, staging / str(number) / PACK)
            except FetchError as error:
                yield source, FetchResult("limit" if error.limit else "failed", message=str(error))
            except FairleadError as error:
                yield source, FetchResult("failed", message=str(error))

    def _store_result(
        self, source: AllowedSource, result: ItemResult, pack: Path
    ) -> FetchResult | str:
        resolved = source.immutable or result.resolved
        if result.status == "fetched":
            _check(source, result, resolved)
            note = (result.digest, result.tip)
            self.store.keep(source.key, resolved, pack, note, self.limits.bounds.pack)
        elif result.status != "stored":
            # The server has seen the secret, and could have it shown by sending it back.
            message = self.account.redacted(result.message) if self.account else result.message
            return FetchResult(result.status, message=message, passing=result.passing)
        return resolved


def _check(source: AllowedSource, result: ItemResult, resolved: str) -> None:
    """Raise FetchError for a result that contradicts itself or the source's version."""
    if source.reference.kind == "git":
        is_consistent = result.tip == result.digest == resolved
    else:
        is_consistent = is_commit(result.tip) and is_digest(result.digest)
    if not is_consistent or not is_commit(resolved):
        raise FetchError("the fetching process sent an invalid result")


_NO_RESULT: Final = ItemResult(
    -1, "failed", message="the fetching process ended without a result", passing=True
)
