"""Fetched remote sources as files of the tree that refers to them.

Each reference has a directory of its own below `RESERVED`, named after the
file that holds it and the source, not after its version: two versions of one source are two
contents of the same paths at base and at head. A fetched file cannot refer to paths outside its
directory, and files that the repository itself has below `RESERVED` are ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from hashlib import sha256
from types import MappingProxyType
from typing import Final, Protocol

from bot.core.fetching import Fetcher, FetchResult, SourceReference
from bot.core.resource import ResourceSource, Route
from bot.core.tree import File, Tree
from bot.errors import UnbuildableError
from bot.records import dataclass

RESERVED: Final = ".fairlead/fetched"
"""The directory of fetched files. A dot-directory, so nothing in it counts as a manifest."""

MOST_REFERENCES: Final = 40
"""Maximum number of references fetched for one review."""
MOST_FILES: Final = 100_000
"""Maximum number of files of all sources fetched for one review."""
MOST_PLACED: Final = 400_000
"""Maximum number of fetched files in one tree, counted once for each reference."""
MOST_OF_ONE: Final = 200
"""Maximum number of references in one file."""
DEEPEST: Final = 4
"""Maximum depth of fetched sources that refer to further sources."""

_ABOVE: Final = RESERVED.partition("/")[0]
_PARTS: Final = RESERVED.count("/") + 2


@dataclass(frozen=True, slots=True)
class ResolvedSource:
    """An address resolved to an exact version: the reference, and the path used of it.

    `name` identifies the source without its version; `version` is the version as people write it.
    """

    reference: SourceReference
    part: str = ""
    name: str = ""
    version: str = ""

    @property
    def title(self) -> str:
        """The short name of the source."""
        return self.reference.name or self.name.rpartition("/")[2]


class SourceResolver(Protocol):
    """Resolves addresses to exact versions; None for an address without an exact version."""

    def base(self, text: str) -> ResolvedSource | None:
        """A base that a kustomization lists: a directory of a repository, or a file."""

    def chart(self, repository: str, name: str, version: str) -> ResolvedSource | None:
        """A chart of a repository of charts or of a registry."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A reference held by a tree: the directory of its files, and where its version is written.

    `depth` is 1 for a reference of the tree itself, and one more for each source in between.
    """

    resolved: ResolvedSource
    place: str
    source: ResourceSource
    route: Route
    depth: int = 1

    @property
    def reference(self) -> SourceReference:
        """The reference to fetch."""
        return self.resolved.reference


@dataclass(frozen=True, slots=True)
class FetchedFiles:
    """The fetched sources of a tree: `placed` by directory, and every fetch result so far.

    `left_out` are the directories that would have exceeded `MOST_PLACED`.
    """

    resolver: SourceResolver | None = None
    answers: Mapping[SourceReference, FetchResult] = field(
        default_factory=lambda: MappingProxyType({})
    )
    placed: Mapping[str, Remote] = field(default_factory=lambda: MappingProxyType({}))
    left_out: frozenset[str] = frozenset()

    def remote(
        self,
        resolved: ResolvedSource,
        source: ResourceSource,
        route: Route,
        others: Iterable[Remote],
        holder: str = "",
    ) -> Remote:
        """The reference of a holder (by default the file) that already holds `others`.

        Several versions of one source get a number each. Raises UnbuildableError beyond
        `MOST_OF_ONE` references.
        """
        others = tuple(others)
        if len(others) >= MOST_OF_ONE:
            raise UnbuildableError(f"which is one of more than {MOST_OF_ONE} remote sources")
        alike = (
            remote.reference
            for remote in others
            if remote.source.path == source.path and _name(remote.resolved) == _name(resolved)
        )
        number = list(dict.fromkeys((*alike, resolved.reference))).index(resolved.reference)
        above = self.placed.get(zone(source.path))
        depth = above.depth + 1 if above is not None else 1
        place = _place(resolved, holder or source.path, number)
        return Remote(resolved, place, source, route, depth)

    def holds(self, remote: Remote) -> bool:
        """Whether the tree has the files of this reference."""
        current_remote = self.placed.get(remote.place)
        return current_remote is not None and current_remote.reference == remote.reference

    def answer(self, remote: Remote) -> FetchResult | None:
        """The result for a reference; None where it was never requested."""
        if remote.depth > DEEPEST:
            message = f"more than {DEEPEST} remote sources refer to one another"
            return FetchResult("refused", message=message)
        if remote.place in self.left_out:
            return _SPENT
        return self.answers.get(remote.reference)

    def outermost(self, path: str) -> Remote | None:
        """The reference of the tree itself that led to a fetched file; None for other files."""
        remote = self.placed.get(zone(path))
        while (
            remote is not None and (above := self.placed.get(zone(remote.source.path))) is not None
        ):
            remote = above
        return remote


NOTHING: Final = FetchedFiles()
_SPENT: Final = FetchResult(
    "limit", message=f"the fetched sources have more than {MOST_FILES:,} files"
)


def zone(path: str) -> str:
    """The fetched source that a path belongs to, as its directory; empty for the tree itself."""
    if not path.startswith(_ABOVE):
        return ""
    parts = path.split("/")
    return "/".join(parts[:_PARTS]) if "/".join(parts[: _PARTS - 1]) == RESERVED else ""


def reserved(tree: Tree) -> Tree:
    """The entries of a tree at or above the directory of fetched files."""
    return {
        path: file
        for path, file in tree.items()
        if path.startswith(_ABOVE) and (path == _ABOVE or zone(path))
    }


def without_reserved(tree: Tree) -> Tree:
    """The tree without its entries at or above the directory of fetched files."""
    left_out = reserved(tree)
    if not left_out:
        return tree
    return {path: file for path, file in tree.items() if path not in left_out}


def with_fetched(
    tree: Tree, remotes: Iterable[Remote], fetched: FetchedFiles
) -> tuple[Tree, FetchedFiles]:
    """A tree with the files of these references, and the fetched sources it then has."""
    placed: dict[str, Remote] = {}
    left_out: set[str] = set()
    count = 0
    bare = replace(fetched, placed=MappingProxyType({}), left_out=frozenset())
    for remote in remotes:
        answer = bare.answer(remote)
        if remote.place in placed or answer is None or answer.status != "fetched":
            continue
        count += len(answer.files)
        if count > MOST_PLACED:
            left_out.add(remote.place)
        else:
            placed[remote.place] = remote
    files: dict[str, File] = dict(tree) if placed else {}
    for place, remote in placed.items():
        current_files = fetched.answers[remote.reference].files
        files.update({f"{place}/{path}": file for path, file in current_files.items()})
    fetched = replace(bare, placed=MappingProxyType(placed), left_out=frozenset(left_out))
    return (files if placed else tree), fetched


def _name(resolved: ResolvedSource) -> tuple[str, str, str, str]:
    return (resolved.reference.kind, resolved.name.lower(), resolved.reference.name, resolved.part)


def _place(resolved: ResolvedSource, holder: str, number: int) -> str:
    """The directory for a reference, whatever its version."""
    marks = "\0".join((holder, *_name(resolved), str(number)))
    return f"{RESERVED}/{sha256(marks.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class FetchSession:
    """Fetches each reference of one review once, within limits. `answers` are the results."""

    fetcher: Fetcher
    answers: dict[SourceReference, FetchResult] = field(default_factory=dict)

    def fetch(self, references: Iterable[SourceReference]) -> bool:
        """Fetch the references that are new; whether there were any."""
        new = [
            current_reference
            for current_reference in dict.fromkeys(references)
            if current_reference not in self.answers
        ]
        remaining = max(MOST_REFERENCES - len(self.answers), 0)
        requested_references, over = new[:remaining], new[remaining:]
        if requested_references:
            for reference, result in zip(
                requested_references, self.fetcher.fetch(requested_references), strict=True
            ):
                self.answers[reference] = self._bounded(result)
        spent = FetchResult(
            "limit", message=f"the review's limit of {MOST_REFERENCES} remote sources is reached"
        )
        self.answers.update(dict.fromkeys(over, spent))
        return bool(new)

    def without_files(self) -> Mapping[SourceReference, FetchResult]:
        """The results without the fetched files."""
        return {reference: replace(result, files={}) for reference, result in self.answers.items()}

    def _bounded(self, result: FetchResult) -> FetchResult:
        files = sum(len(answer.files) for answer in self.answers.values())
        return _SPENT if files + len(result.files) > MOST_FILES else result


def named(text: str, fetched: Iterable[FetchedFiles]) -> str:
    """The text with the directories of fetched sources replaced by their addresses."""
    if RESERVED not in text:
        return text
    for side in fetched:
        for place, remote in side.placed.items():
            text = text.replace(place, remote.resolved.name)
    return text
