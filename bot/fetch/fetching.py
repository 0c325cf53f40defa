"""How things that lie elsewhere are brought here, and what one review may have brought."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Final

from bot.core.fetching import FetchResult, SourceReference
from bot.errors import GitError
from bot.fetch.addresses import Named
from bot.fetch.allowed_sources import Checked, checked
from bot.fetch.process import LAUNCH, Run
from bot.fetch.run import FetchRun, SessionLimits
from bot.fetch.store import Store, StoredSource
from bot.git import BlobReader

_MOST_READERS: Final = 8
_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Fetching:
    """How things are fetched here.

    `store` keeps what was brought between sessions, None for as long as one lasts. `hosts` are what
    the operator names beside what base uses: `host`, `host:port`, `host/owner`, or
    `http://host:port` for one without TLS; only what is named may lie in a private network.
    `surroundings` are the operator's variables for proxies and certificates. `confined` refuses to
    fetch without a complete sandbox.
    """

    store: Path | None = None
    enabled: bool = False
    hosts: tuple[str, ...] = ()
    surroundings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    confined: bool = True
    limits: SessionLimits = field(default_factory=SessionLimits)
    launch: str = LAUNCH

    @contextmanager
    def session(self, owners: frozenset[str]) -> Iterator[Session]:
        """What may be asked for on behalf of a tree whose references are to these owners.

        They are the words of `Address.owner`. What comes of a reference is the same for as long as
        the session lasts.
        """
        with ExitStack() as held:
            folder = self.store
            if folder is None and self.enabled:
                folder = Path(held.enter_context(_temporary()))
            session = Session(self, owners, folder)
            held.callback(session.close)
            yield session


class Session:
    """A `Fetcher` and the `Blobs` of what it brought. Not for several threads."""

    def __init__(self, fetching: Fetching, owners: frozenset[str], store: Path | None) -> None:
        limits = fetching.limits
        self._fetching = fetching
        self._owners = frozenset(owner.lower() for owner in owners)
        self._named = Named(fetching.hosts)
        self._store: Store | None = None
        if store is not None and fetching.enabled:
            self._store = Store(store, limits.kept, limits.bounds.files)
        self._known: dict[SourceReference, FetchResult] = {}
        self._entries: dict[Path, StoredSource] = {}
        self._places: dict[str, Path] = {}
        self._readers: dict[Path, BlobReader] = {}
        self._asked = 0
        self._left = limits.seconds

    def fetch(self, references: Sequence[SourceReference]) -> Sequence[FetchResult]:
        """What came of each reference, in their order."""
        new = [it for it in dict.fromkeys(references) if it not in self._known]
        if self._store is None:
            nothing = FetchResult("unavailable", message="nothing is fetched from elsewhere here")
            self._known.update(dict.fromkeys(new, nothing))
        else:
            self._bring(new, self._store)
        return tuple(self._known[it] for it in references)

    def data(self, blob: str) -> bytes:
        """The content of a file that was brought in this session. Raises KeyError for any other.

        It has the content id that it is asked for by, whatever has become of the disk.
        """
        place = self._places[blob]
        try:
            content = self._reader(place).data(blob)
        except GitError as error:
            raise KeyError(blob) from error
        digest = sha256 if len(blob) == 64 else sha1
        if digest(b"blob %d\0" % len(content) + content).hexdigest() != blob:
            raise KeyError(blob)
        return content

    def close(self) -> None:
        """Let go of everything that was brought."""
        for reader in self._readers.values():
            reader.close()
        for entry in self._entries.values():
            entry.close()
        self._readers.clear()
        self._entries.clear()
        self._places.clear()

    def _bring(self, references: list[SourceReference], store: Store) -> None:
        missing: list[Checked] = []
        for reference in references:
            asked = checked(reference, self._owners, self._named)
            if isinstance(asked, str):
                self._known[reference] = FetchResult("refused", message=asked)
                continue
            kept = self._opened(asked, asked.immutable, store) if asked.immutable else None
            if kept is not None:
                self._known[reference] = kept
            else:
                missing.append(asked)
        most = self._fetching.limits.references
        room = max(0, most - self._asked)
        for asked in missing[room:]:
            told = f"a review may ask for {most} things elsewhere"
            self._known[asked.reference] = FetchResult("limit", message=told)
        self._ask(missing[:room], store)

    def _ask(self, missing: list[Checked], store: Store) -> None:
        """Have these fetched, and read what came.

        One process for what is one owner's: whoever takes a process over by what it reads can then
        forge only what is theirs already.
        """
        if not missing:
            return
        self._asked += len(missing)
        groups: dict[str, list[Checked]] = {}
        for asked in missing:
            groups.setdefault(asked.owner, []).append(asked)
        begun = time.monotonic()
        errand = self._errand(store)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for asked, came in chain.from_iterable(pool.map(errand.run, groups.values())):
                found = self._opened(asked, came, store) if isinstance(came, str) else came
                self._known[asked.reference] = found or _GONE
        store.make_room()
        self._left -= time.monotonic() - begun

    def _errand(self, store: Store) -> FetchRun:
        how = self._fetching
        return FetchRun(
            store,
            Run(how.surroundings, self._left, how.limits.staged, how.launch),
            how.hosts,
            how.limits,
            confined=how.confined,
        )

    def _opened(self, asked: Checked, resolved: str, store: Store) -> FetchResult | None:
        """What the store has of this."""
        entry = store.open(asked.key, resolved)
        if entry is None:
            return None
        if entry.repository in self._entries:
            entry.close()
        else:
            self._entries[entry.repository] = entry
            for file in entry.files.values():
                self._places[file.blob] = entry.repository
        return FetchResult("fetched", MappingProxyType(dict(entry.files)), entry.digest)

    def _reader(self, repository: Path) -> BlobReader:
        """A reader of a repository; those that were not asked for longest are closed."""
        reader = self._readers.pop(repository, None) or BlobReader(repository)
        self._readers[repository] = reader
        if len(self._readers) > _MOST_READERS:
            self._readers.pop(next(iter(self._readers))).close()
        return reader


@contextmanager
def _temporary() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="fairlead-fetched-") as name:
        yield name


_GONE: Final = FetchResult("failed", message="what came was gone before it was read")
