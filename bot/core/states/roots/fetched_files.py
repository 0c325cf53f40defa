"""What was brought from elsewhere, as files of the tree that names it: where it is put.

Each reference has a directory of its own below `RESERVED`, named after who holds the reference and
what it is of, and not after its version: so two versions of one thing are two contents of the same
files, at base and at head. What lies there reaches nothing outside its directory, and what the
repository itself has there is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from types import MappingProxyType
from typing import Final, Protocol

from bot.core.fetching import Fetcher, FetchResult, SourceReference
from bot.core.resource import ResourceSource, Route
from bot.core.tree import File, Tree
from bot.errors import UnbuildableError

RESERVED: Final = ".fairlead/fetched"
"""The directory in which what was brought is put. A dot-directory: nothing in it is a manifest."""

MOST_REFERENCES: Final = 40
"""How many references one review may have brought."""
MOST_FILES: Final = 100_000
"""How many files all that is brought for one review may have."""
MOST_PLACED: Final = 400_000
"""How many files a tree may have of it, where several hold a reference to the same."""
MOST_OF_ONE: Final = 200
"""How many references one file may hold."""
DEEPEST: Final = 4
"""How deep what is brought may name what is brought."""

_ABOVE: Final = RESERVED.partition("/")[0]
_PARTS: Final = RESERVED.count("/") + 2


@dataclass(frozen=True, slots=True)
class ResolvedSource:
    """What an address means: a reference, and the path of what is taken of it.

    `name` is what it is whatever the version, `version` what people call that.
    """

    reference: SourceReference
    part: str = ""
    name: str = ""
    version: str = ""

    @property
    def title(self) -> str:
        """Its name in short."""
        return self.reference.name or self.name.rpartition("/")[2]


class SourceResolver(Protocol):
    """Who knows which exact version of what an address means; None for no exact one."""

    def base(self, text: str) -> ResolvedSource | None:
        """What a kustomization names: a directory of a repository, or a file."""

    def chart(self, repository: str, name: str, version: str) -> ResolvedSource | None:
        """A chart of a repository of charts or of a registry."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A reference that a tree holds: the directory for it, and where its version is written.

    `depth` counts the references that lead to it.
    """

    resolved: ResolvedSource
    place: str
    source: ResourceSource
    route: Route
    depth: int = 1

    @property
    def reference(self) -> SourceReference:
        """What can be brought."""
        return self.resolved.reference


@dataclass(frozen=True, slots=True)
class FetchedFiles:
    """What a tree has of what lies elsewhere: `placed` by directory, and every answer so far.

    `left_out` are the directories for which there was no more room.
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
        """A reference of a holder, by default a file, that has these others.

        Of several versions of one thing, each has its number among them. Raises UnbuildableError
        for one of more than people write.
        """
        others = tuple(others)
        if len(others) >= MOST_OF_ONE:
            raise UnbuildableError(f"which is one of more than {MOST_OF_ONE} that lie elsewhere")
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
        """Whether the tree has what this reference means."""
        current_remote = self.placed.get(remote.place)
        return current_remote is not None and current_remote.reference == remote.reference

    def answer(self, remote: Remote) -> FetchResult | None:
        """What came of a reference; None where it was not asked for."""
        if remote.depth > DEEPEST:
            message = f"more than {DEEPEST} things from elsewhere name one another"
            return FetchResult("refused", message=message)
        if remote.place in self.left_out:
            return _SPENT
        return self.answers.get(remote.reference)

    def outermost(self, path: str) -> Remote | None:
        """The reference of the tree itself through which a file was brought; None for no such."""
        remote = self.placed.get(zone(path))
        while (
            remote is not None and (above := self.placed.get(zone(remote.source.path))) is not None
        ):
            remote = above
        return remote


NOTHING: Final = FetchedFiles()
_SPENT: Final = FetchResult("limit", message=f"what is fetched has more than {MOST_FILES:,} files")


def zone(path: str) -> str:
    """What a path may be reached from: the directory of what was brought, empty for the tree."""
    if not path.startswith(_ABOVE):
        return ""
    parts = path.split("/")
    return "/".join(parts[:_PARTS]) if "/".join(parts[: _PARTS - 1]) == RESERVED else ""


def reserved(tree: Tree) -> Tree:
    """What of a tree stands where something brought is put, or in the way to it."""
    return {path: file for path, file in tree.items() if path == _ABOVE or zone(path)}


def without_reserved(tree: Tree) -> Tree:
    """The tree without that."""
    left_out = reserved(tree)
    if not left_out:
        return tree
    return {path: file for path, file in tree.items() if path not in left_out}


def with_fetched(
    tree: Tree, remotes: Iterable[Remote], fetched: FetchedFiles
) -> tuple[Tree, FetchedFiles]:
    """A tree with what was brought for these references, and what it then has of it."""
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


@dataclass(slots=True)
class FetchSession:
    """Has things brought for one review, each once and within bounds. `answers` are what came."""

    fetcher: Fetcher
    answers: dict[SourceReference, FetchResult] = field(default_factory=dict)
    _files: int = 0

    def fetch(self, references: Iterable[SourceReference]) -> bool:
        """Ask for what was not asked for yet. Whether there was any such thing."""
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
        spent = FetchResult("limit", message=f"a review may fetch {MOST_REFERENCES} things")
        self.answers.update(dict.fromkeys(over, spent))
        return bool(new)

    def _bounded(self, result: FetchResult) -> FetchResult:
        if self._files + len(result.files) > MOST_FILES:
            return _SPENT
        self._files += len(result.files)
        return result


def named(text: str, fetched: Iterable[FetchedFiles]) -> str:
    """A text in which what was brought is named by its address, and not by where it is put."""
    if RESERVED not in text:
        return text
    for side in fetched:
        for place, remote in side.placed.items():
            text = text.replace(place, remote.resolved.name)
    return text
