"""The fetcher of one review: settings, and a session that fetches each reference once."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import field, replace
from hashlib import sha1, sha256
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Final

from bot.core.fetching import FETCHING_OFF, FetchResult, SourceReference
from bot.errors import GitError
from bot.fetch.accounts import Accounts, FetchAccount
from bot.fetch.addresses import AllowedHosts
from bot.fetch.allowed_sources import AllowedSource, allowed_source
from bot.fetch.process import LAUNCH, ProcessOptions
from bot.fetch.run import FetchRun, SessionLimits
from bot.fetch.store import Store, StoredSource
from bot.git import BlobReader
from bot.records import dataclass

_MAX_READERS: Final = 8
_PROCESSES: Final = 4


@dataclass(frozen=True, slots=True)
class Fetching:
    """The operator's settings for fetching.

    `store` is the directory that keeps fetched sources between sessions; None keeps them for one
    session. `hosts` are the entries of FAIRLEAD_FETCH_HOSTS, allowed in addition to what the base
    uses. `surroundings` are the environment variables for proxies and certificates. With
    `confined`, nothing is fetched without a complete sandbox. `accounts` are those for private
    sources. With `stale`, a mutable version of a source that cannot be reached is answered with
    what was fetched for it last.
    """

    store: Path | None = None
    enabled: bool = False
    hosts: tuple[str, ...] = ()
    surroundings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    confined: bool = True
    limits: SessionLimits = field(default_factory=SessionLimits)
    launch: str = LAUNCH
    accounts: Accounts = field(default_factory=Accounts, repr=False)
    stale: bool = False

    def from_store(self) -> Fetching:
        """The same settings, with answers of earlier fetches where a source cannot be reached."""
        return replace(self, stale=True)

    @contextmanager
    def session(
        self, owners: frozenset[str], repositories: tuple[str, ...] = ()
    ) -> Iterator[Session]:
        """A session for a base whose references are to these owners, as in `Address.owner`.

        Only their sources and the operator's hosts are fetched. `repositories` are the addresses of
        the reviewed repository, which decide which accounts are used. Within a session, the result
        of a reference never changes.
        """
        with ExitStack() as stack:
            folder = self.store
            if folder is None and self.enabled:
                folder = Path(stack.enter_context(_temporary_folder()))
            session = Session(self, owners, folder, self.accounts.granted_to(repositories))
            stack.callback(session.close)
            yield session


class Session:
    """A `Fetcher`, and the `Blobs` of the files that it fetched. Not for several threads."""

    def __init__(
        self,
        fetching: Fetching,
        owners: frozenset[str],
        store: Path | None,
        accounts: tuple[FetchAccount, ...],
    ) -> None:
        limits = fetching.limits
        self._accounts = accounts
        self._fetching = fetching
        self._owners = frozenset(owner.lower() for owner in owners)
        self._hosts = AllowedHosts(fetching.hosts)
        self._store: Store | None = None
        if store is not None and fetching.enabled:
            self._store = Store(store, limits.kept, limits.bounds.files)
        self._results: dict[SourceReference, FetchResult] = {}
        self._entries: dict[Path, StoredSource] = {}
        self._repositories: dict[str, Path] = {}
        self._readers: dict[Path, BlobReader] = {}
        self._requests = 0
        self._seconds_left = limits.seconds

    def fetch(self, references: Sequence[SourceReference]) -> Sequence[FetchResult]:
        """The result of each reference, in their order."""
        new = [
            reference for reference in dict.fromkeys(references) if reference not in self._results
        ]
        if self._store is None:
            self._results.update(dict.fromkeys(new, FETCHING_OFF))
        else:
            self._fetch_new(new, self._store)
        return tuple(self._results[reference] for reference in references)

    def data(self, blob: str) -> bytes:
        """The content of a fetched file by its blob id.

        Raises KeyError for a file that this session did not fetch, or whose content on disk no
        longer has that id.
        """
        repository = self._repositories[blob]
        try:
            content = self._reader(repository).data(blob)
        except GitError as error:
            raise KeyError(blob) from error
        digest = sha256 if len(blob) == 64 else sha1
        if digest(b"blob %d\0" % len(content) + content).hexdigest() != blob:
            raise KeyError(blob)
        return content

    def close(self) -> None:
        """Release every entry of the store."""
        for reader in self._readers.values():
            reader.close()
        for entry in self._entries.values():
            entry.close()
        self._readers.clear()
        self._entries.clear()
        self._repositories.clear()

    def _fetch_new(self, references: list[SourceReference], store: Store) -> None:
        missing: list[AllowedSource] = []
        for reference in references:
            source = allowed_source(reference, self._owners, self._hosts, self._accounts)
            if isinstance(source, str):
                self._results[reference] = FetchResult("refused", message=source)
                continue
            stored = self._open(source, source.immutable, store) if source.immutable else None
            if stored is not None:
                self._results[reference] = stored
            else:
                missing.append(source)
        most = self._fetching.limits.references
        room = max(0, most - self._requests)
        for source in missing[room:]:
            message = f"a review fetches at most {most} remote sources"
            self._results[source.reference] = FetchResult("limit", message=message)
        self._fetch_missing(missing[:room], store)

    def _fetch_missing(self, missing: list[AllowedSource], store: Store) -> None:
        """Fetch sources that the store does not have, one process for each owner and account.

        A process that is taken over by the content that it reads can then forge only content of
        the same owner, and has at most one account.
        """
        if not missing:
            return
        self._requests += len(missing)
        groups: dict[tuple[str, FetchAccount | None], list[AllowedSource]] = {}
        for source in missing:
            groups.setdefault((source.owner, source.account), []).append(source)
        started = time.monotonic()
        runs = [self._fetch_run(store, account) for _, account in groups]
        with ThreadPoolExecutor(_PROCESSES) as pool:
            outcomes = pool.map(FetchRun.run, runs, groups.values())
            for source, outcome in chain.from_iterable(outcomes):
                stored = self._open(source, outcome, store) if isinstance(outcome, str) else outcome
                self._results[source.reference] = self._settled(source, stored or _REMOVED, store)
        store.make_room()
        self._seconds_left -= time.monotonic() - started

    def _settled(self, source: AllowedSource, result: FetchResult, store: Store) -> FetchResult:
        """The result, or what was fetched last where the source cannot be reached."""
        if not (result.passing and self._fetching.stale):
            return result
        resolved = store.latest(source.key)
        earlier = self._open(source, resolved, store) if resolved else None
        if earlier is None:
            return result
        return replace(earlier, message=f"as fetched before, since {result.message}")

    def _fetch_run(self, store: Store, account: FetchAccount | None) -> FetchRun:
        fetching = self._fetching
        return FetchRun(
            store,
            ProcessOptions(
                fetching.surroundings,
                self._seconds_left,
                fetching.limits.staged,
                fetching.launch,
            ),
            fetching.hosts,
            fetching.limits,
            confined=fetching.confined,
            account=account,
        )

    def _open(self, source: AllowedSource, resolved: str, store: Store) -> FetchResult | None:
        """The files of a source from the store; None where the store does not have them."""
        entry = store.open(source.key, resolved)
        if entry is None:
            return None
        if entry.repository in self._entries:
            entry.close()
        else:
            self._entries[entry.repository] = entry
            for file in entry.files.values():
                self._repositories[file.blob] = entry.repository
        return FetchResult("fetched", MappingProxyType(dict(entry.files)), entry.digest)

    def _reader(self, repository: Path) -> BlobReader:
        """A reader of a repository; the least recently used one beyond the limit is closed."""
        reader = self._readers.pop(repository, None) or BlobReader(repository)
        self._readers[repository] = reader
        if len(self._readers) > _MAX_READERS:
            self._readers.pop(next(iter(self._readers))).close()
        return reader


@contextmanager
def _temporary_folder() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="fairlead-fetched-") as name:
        yield name


_REMOVED: Final = FetchResult("failed", message="it was removed from the store before it was read")
