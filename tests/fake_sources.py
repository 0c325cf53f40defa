"""What lies elsewhere, in memory: for tests of what is made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha1

from bot.core.fetching import FetchResult, SourceReference
from bot.core.tree import File
from tests.states import Link

Held = Mapping[str, str | Link]


def git(repository: str, version: str) -> SourceReference:
    """A repository at a commit or tag."""
    named = version if len(version) == 40 else f"refs/tags/{version}"
    return SourceReference("git", f"https://{repository}", named)


def chart(repository: str, name: str, version: str) -> SourceReference:
    """A chart of a repository of charts."""
    return SourceReference("chart", f"https://{repository}", version, name)


def oci(place: str, version: str) -> SourceReference:
    """An artifact of a registry."""
    return SourceReference("oci", f"oci://{place}", version)


@dataclass(slots=True)
class Shelf:
    """A fetcher of what it holds; `asked` is what it was asked for. Puts contents into `blobs`."""

    held: Mapping[SourceReference, Held | FetchResult]
    blobs: dict[str, bytes]
    asked: list[SourceReference] = field(default_factory=list)

    def fetch(self, references: Sequence[SourceReference]) -> Sequence[FetchResult]:
        self.asked += references
        return tuple(map(self._brought, references))

    def data(self, blob: str) -> bytes:
        return self.blobs[blob]

    def _brought(self, reference: SourceReference) -> FetchResult:
        found = self.held.get(reference)
        if isinstance(found, FetchResult):
            return found
        if found is None:
            return FetchResult("failed", message=f"'{reference.address}' has no such version")
        files = {path: self._file(it) for path, it in found.items()}
        return FetchResult("fetched", files, digest=sha1(repr(reference).encode()).hexdigest())  # noqa: S324

    def _file(self, held: str | Link) -> File:
        data = (held.target if isinstance(held, Link) else held).encode()
        blob = sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        self.blobs[blob] = data
        return File("120000" if isinstance(held, Link) else "100644", blob, len(data))


@dataclass(slots=True)
class Shelves:
    """How things are fetched, with what whose things may be asked for: `owners` of each session."""

    shelf: Shelf
    owners: list[frozenset[str]] = field(default_factory=list)
    enabled: bool = True

    def from_store(self) -> Shelves:
        return self

    @contextmanager
    def session(
        self, owners: frozenset[str], repositories: tuple[str, ...] = ()
    ) -> Iterator[Shelf]:
        del repositories
        self.owners.append(owners)
        yield self.shelf
