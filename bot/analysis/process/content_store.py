"""The contents that the parent serves to its child, and what the child says that they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Final, Literal

from bot.analysis.process.cache import FactCache
from bot.analysis.process.messages import Want
from bot.analysis.process.packing import (
    Bundle,
    Fact,
    FactKind,
    pack_bundle,
    pack_facts,
    unpack_bundle,
    unpack_facts,
)
from bot.core.tree import Blobs, Tree
from bot.errors import AnalysisError
from bot.git import BlobReader
from bot.records import dataclass

# What one answer may hold of contents: a child asks in portions, and no honest one for more.
_MOST_ITEMS: Final = 2000
_LARGEST_ANSWER: Final = 128 * 1024 * 1024
# Facts of base that the bundle may lack before it is written again, as a share of all.
_LACKING: Final = 20
_LARGEST_BUNDLE: Final = 64 * 1024 * 1024
_LINKABLE: Final = frozenset({"100644", "100755", "120000"})


@dataclass(frozen=True, slots=True)
class ComparedTree:
    """One of the two things compared: its files, where their content is, and its name."""

    tree: Tree
    blobs: Blobs
    name: str


class ContentStore:
    """The contents that the child may read: base's, later also head's and fetched ones.

    What a child says of a content before it has seen anything of head is kept apart, and alone is
    told to one that has not: whoever takes a child over by head cannot say what base holds.
    """

    def __init__(self, base: ComparedTree, cache: FactCache, tenant: str) -> None:
        self._blobs: list[Blobs] = [base.blobs]
        self._cache = cache
        self._tenant = tenant
        self._is_open = False
        self.allowed = set(_readable(base.tree))
        self._served: set[tuple[FactKind, str]] = set()
        self._contents_of_base = _digest(base.tree)
        self._bundle: dict[tuple[FactKind, str], bytes] = {}
        self._unbundled: dict[tuple[FactKind, str], bytes] = {}

    def bundle(self) -> bytes:
        """The facts of base that are kept in one entry: a review reads it instead of thousands.

        Nothing in it is ever out of date, as each fact is found by the id of its content. One that
        was written for this very base goes to the child as it is.
        """
        kept = unpack_bundle(self._cache.get([self._bundle_key]).get(self._bundle_key, b""))
        if kept.contents == self._contents_of_base:
            return kept.facts
        self._bundle = {(kind, blob): fact for kind, blob, fact in unpack_facts(kept.facts)}
        return pack_facts([(*key, fact) for key, fact in self._bundled_of_base().items()])

    @property
    def _bundle_key(self) -> str:
        return f"{self._tenant}:base-bundle"

    def _bundled_of_base(self) -> dict[tuple[FactKind, str], bytes]:
        return {key: fact for key, fact in self._bundle.items() if key[1] in self.allowed}

    def _renewed_bundle(self) -> bool:
        """Write the bundle again where it lacks many of base's facts; whether it was.

        What it then holds no more, because base does not, is kept for itself.
        """
        of_base = self._bundled_of_base()
        facts = of_base | self._unbundled
        if len(self._unbundled) * _LACKING <= len(facts):
            return False
        packed = pack_facts([(*key, fact) for key, fact in facts.items()])
        if len(packed) > _LARGEST_BUNDLE:
            return False
        dropped = {
            self._key(*key, of_base=True): fact
            for key, fact in self._bundle.items()
            if key not in of_base
        }
        bundle = pack_bundle(Bundle(self._contents_of_base, packed))
        self._cache.put(dropped | {self._bundle_key: bundle})
        return True

    def open(self, head: ComparedTree, fetched: Blobs | None) -> None:
        """Serve contents of head and of fetched files from here on."""
        self._is_open = True
        self._served.clear()
        self._blobs.insert(0, head.blobs)
        self._blobs += [fetched] if fetched is not None else []
        self.allow(_readable(head.tree))

    def allow(self, blobs: Iterable[str]) -> None:
        """From now on give these contents."""
        self.allowed.update(blobs)

    def data(self, blob: str) -> bytes:
        """The content of a file. Raises KeyError where none of all has it."""
        for source in self._blobs:
            try:
                return source.data(blob)
            except KeyError:
                continue
        raise KeyError(blob)

    def items(self, want: Want) -> Iterator[tuple[Literal["facts", "data"], bytes | None]]:
        """The answer to each item. Raises AnalysisError for what no honest child asks for."""
        if len(want.items) > _MOST_ITEMS or any(blob not in self.allowed for _, blob in want.items):
            raise AnalysisError("the analysis requested a file that is not in the two trees")
        facts = self._facts([key for key in want.items if key[0] != "data"])
        missing = [cache_key[1] for cache_key in want.items if cache_key not in facts]
        contents = self._contents(missing)
        size = 0
        for kind, blob in want.items:
            fact = facts.get((kind, blob))
            data = contents.get(blob) if fact is None else fact
            size += len(data or b"")
            if size > _LARGEST_ANSWER:
                raise AnalysisError("the analysis requested too much at once")
            if fact is None and data is not None and kind != "data":
                self._served.add((kind, blob))
            yield ("data" if fact is None else "facts", data)

    def keep(self, facts: list[Fact]) -> None:
        """Keep what the child made of contents that it was given in this very run."""
        served = {(kind, blob): data for kind, blob, data in facts if (kind, blob) in self._served}
        of_base = not self._is_open
        if of_base:
            self._unbundled |= served
            if self._renewed_bundle():
                return
        self._cache.put(
            {self._key(*cache_key, of_base=of_base): data for cache_key, data in served.items()}
        )

    def _facts(self, marks: Sequence[tuple[FactKind, str]]) -> Mapping[tuple[FactKind, str], bytes]:
        """What was kept of these: what was said of base, and then what was said since as well."""
        known_facts = {mark: self._bundle[mark] for mark in marks if mark in self._bundle}
        for of_base in (True, False) if self._is_open else (True,):
            keys = {
                self._key(*cache_key, of_base=of_base): cache_key
                for cache_key in marks
                if cache_key not in known_facts
            }
            cached = self._cache.get(list(keys))
            known_facts.update((keys[key], data) for key, data in cached.items())
        if not self._is_open:
            self._unbundled |= known_facts
        return known_facts

    def _key(self, kind: FactKind, blob: str, *, of_base: bool) -> str:
        return f"{self._tenant}:{'base-' if of_base else ''}{kind}:{blob}"

    def _contents(self, blobs: list[str]) -> dict[str, bytes]:
        contents: dict[str, bytes] = {}
        for source in self._blobs:
            pending = [blob for blob in dict.fromkeys(blobs) if blob not in contents]
            contents.update(_read(source, pending))
        return contents


def _readable(tree: Tree) -> Iterator[str]:
    return (file.blob for file in tree.values() if file.mode in _LINKABLE)


def _digest(tree: Tree) -> str:
    """A digest of the contents that a child may ask for of a tree."""
    return blake2b("".join(_readable(tree)).encode(), digest_size=16).hexdigest()


def _read(blobs: Blobs, requested: list[str]) -> Iterator[tuple[str, bytes]]:
    """The contents that are there; git's reader is asked for all of them at once."""
    if isinstance(blobs, BlobReader):
        yield from ((blob, data) for blob, data in blobs.read(requested) if data is not None)
        return
    for blob in requested:
        try:
            yield blob, blobs.data(blob)
        except KeyError:
            continue
