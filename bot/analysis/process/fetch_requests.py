"""Fetch requests of the child: validated, limited and carried out by the parent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import field, replace
from typing import Final, Protocol

from bot.core.engine.review import Fetched
from bot.core.fetching import Fetcher, FetchResult, SourceReference
from bot.core.publish.fetched import fetched_of
from bot.core.states.roots.fetched_files import MOST_FILES, MOST_REFERENCES
from bot.core.states.roots.files import REGULAR, SYMLINK
from bot.core.tree import Blobs, File
from bot.errors import AnalysisError
from bot.records import dataclass

FetchListener = Callable[[str], None]
"""Who hears what is being fetched."""


class FetchedContents(Fetcher, Blobs, Protocol):
    """A fetcher that serves the contents of fetched files."""


class Fetches(Protocol):
    """How things are fetched here, on behalf of a tree that takes in what is these owners'."""

    @property
    def enabled(self) -> bool:
        """Whether anything is."""

    def session(
        self, owners: frozenset[str], repositories: tuple[str, ...] = ()
    ) -> AbstractContextManager[FetchedContents]:
        """The fetcher of one review, for sources of these owners, as in `Address.owner`.

        `repositories` are the addresses of the reviewed repository.
        """

    def from_store(self) -> Fetches:
        """The same, with answers of earlier fetches where a source cannot be reached."""


_LONGEST: Final = 1_024
_MODES: Final = REGULAR | {SYMLINK}


def ignore_fetches(text: str) -> None:
    """Where nobody waits for it."""
    del text


@dataclass(slots=True)
class FetchRequests:
    """The fetches of one review. `came` maps references to results, `spent` is in seconds."""

    fetcher: Fetcher
    on_fetch: FetchListener = ignore_fetches
    came: dict[SourceReference, FetchResult] = field(default_factory=dict)
    spent: float = 0.0
    _files: int = 0

    def fetch(self, references: Sequence[SourceReference]) -> list[FetchResult]:
        """What comes of these. Raises AnalysisError for what no honest child asks for."""
        new = [
            current_reference
            for current_reference in dict.fromkeys(references)
            if current_reference not in self.came
        ]
        if len(self.came) + len(new) > MOST_REFERENCES or any(map(_is_wrong, new)):
            raise AnalysisError("the analysis requested more remote sources than it can need")
        begun = time.monotonic()
        if new:
            self.on_fetch(f"Fetching {', '.join(map(_words, new))}")
            for reference, result in zip(new, self.fetcher.fetch(new), strict=True):
                self.came[reference] = self._bounded(result)
        self.spent += time.monotonic() - begun
        return [self.came[current_reference] for current_reference in references]

    def blobs(self) -> Iterator[str]:
        """The content ids of all that came."""
        for result in self.came.values():
            for file in result.files.values():
                yield file.blob

    def fetched(self) -> tuple[Fetched, ...]:
        """What a review says of it."""
        return tuple(
            sorted(fetched_of(reference, result) for reference, result in self.came.items())
        )

    def _bounded(self, result: FetchResult) -> FetchResult:
        files = {path: file for path, file in result.files.items() if _is_plain(path, file)}
        self._files += len(files)
        if self._files > MOST_FILES:
            return FetchResult(
                "limit", message=f"the fetched sources have more than {MOST_FILES} files"
            )
        return replace(result, files=files)


def _words(reference: SourceReference) -> str:
    description = fetched_of(reference, FetchResult("fetched"))
    return f"{description.source} {description.version}".strip()


def _is_wrong(reference: SourceReference) -> bool:
    texts = (reference.address, reference.version, reference.name)
    return any(len(text) > _LONGEST or not text.isprintable() for text in texts)


def _is_plain(path: str, file: File) -> bool:
    """Whether a path stays where it is put, and what is there is a file or a symlink."""
    steps = path.split("/")
    return file.mode in _MODES and not any(step in {"", ".", ".."} for step in steps)
