"""One run of the process for things of one owner, and the taking over of what came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.core.fetching import FetchResult
from bot.errors import FairleadError, FetchError
from bot.fetch.allowed_sources import Checked, is_commit, is_digest
from bot.fetch.messages import MEBIBYTE, PACK, Bounds, FetchItem, FetchOrder, Said
from bot.fetch.process import Run, run
from bot.fetch.store import KEPT, Store


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """What a session may have brought, and what is kept at all.

    `references` and `seconds` of a session, `staged` bytes that one run may write, `kept` bytes of
    the store; `bounds` of each thing.
    """

    references: int = 200
    seconds: float = 90
    staged: int = 1024 * MEBIBYTE
    kept: int = KEPT
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True, slots=True)
class FetchRun:
    """How the process is run, and where what came of it goes."""

    store: Store
    how: Run
    hosts: tuple[str, ...]
    limits: SessionLimits
    confined: bool

    def run(self, wanted: Sequence[Checked]) -> list[tuple[Checked, FetchResult | str]]:
        """What came of each: the commit or digest by which the store has it, or why it has not."""
        if self.how.seconds <= 0:
            told = f"a review may fetch for {self.limits.seconds:.0f} seconds"
            return [(asked, FetchResult("limit", message=told)) for asked in wanted]
        try:
            with self.store.staging() as staging:
                said = run(self._ask(wanted, staging), self.how)
                return list(self._taken(wanted, said, staging))
        except OSError as error:
            told = f"what is fetched cannot be written: {error.strerror}"
            return [(asked, FetchResult("failed", message=told)) for asked in wanted]

    def _ask(self, wanted: Sequence[Checked], staging: Path) -> FetchOrder:
        items = []
        for number, asked in enumerate(wanted):
            (staging / str(number)).mkdir(mode=0o700)
            reference = asked.reference
            items.append(
                FetchItem(
                    folder=str(number),
                    kind=reference.kind,
                    url=reference.address,
                    version=reference.version,
                    name=reference.name,
                    held=[] if asked.immutable else self.store.held(asked.key),
                )
            )
        place = str(staging.resolve())
        return FetchOrder(place, items, list(self.hosts), self.limits.bounds, self.confined)

    def _taken(
        self, wanted: Sequence[Checked], said: Mapping[int, Said], staging: Path
    ) -> Iterator[tuple[Checked, FetchResult | str]]:
        for number, asked in enumerate(wanted):
            answer = said.get(number) or said.get(-1) or _SILENT
            try:
                yield asked, self._one(asked, answer, staging / str(number) / PACK)
            except FetchError as error:
                yield asked, FetchResult("limit" if error.limit else "failed", message=str(error))
            except FairleadError as error:
                yield asked, FetchResult("failed", message=str(error))

    def _one(self, asked: Checked, said: Said, pack: Path) -> FetchResult | str:
        resolved = asked.immutable or said.resolved
        if said.came == "fetched":
            _check(asked, said, resolved)
            note = (said.digest, said.tip)
            self.store.keep(asked.key, resolved, pack, note, self.limits.bounds.pack)
        elif said.came != "held":
            return FetchResult(said.came, message=said.message)
        return resolved


def _check(asked: Checked, said: Said, resolved: str) -> None:
    """Of what is said, what can be known to be wrong. Raises FetchError for that."""
    if asked.reference.kind == "git":
        right = said.tip == said.digest == resolved
    else:
        right = is_commit(said.tip) and is_digest(said.digest)
    if not right or not is_commit(resolved):
        raise FetchError("whoever fetches answered nonsense")


_SILENT: Final = Said(-1, "failed", message="whoever fetches ended without an answer")
