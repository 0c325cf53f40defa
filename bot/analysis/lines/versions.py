"""Lines that name versions of remote sources, and which of them a change moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace

from bot.analysis.manifests import LARGEST
from bot.core.engine.review import Location
from bot.core.finding import Side
from bot.core.lines.line_diff import Hunk
from bot.core.reading import line_of
from bot.core.resource import ResourceSource
from bot.core.states import RenderedPair
from bot.core.states.roots.fetched_files import NOTHING, FetchedFiles, Remote, zone
from bot.core.tree import Blobs, Tree
from bot.records import dataclass


@dataclass(slots=True)
class Versions:
    """The lines that name what base and head have of what lies elsewhere."""

    base: Tree
    head: Tree
    blobs: Blobs
    rendered: Mapping[str, RenderedPair] = field(default_factory=dict)
    fetched: tuple[FetchedFiles, FetchedFiles] = (NOTHING, NOTHING)
    _lines: dict[tuple[str, Side], Location | None] = field(default_factory=dict)

    def place(self, path: str, side: Side) -> Location | None:
        """The line of the version that led to a fetched file; None for files of the tree."""
        for candidate in (side, _other(side)):
            remote = self._grafts(candidate).outermost(path)
            if remote is not None:
                return self._location(remote, candidate)
        return None

    def moved(self, root: str, location: Location | None) -> str:
        """What moves at a place that causes something in a root: `name old -> new`, else empty."""
        if location is None or location.line is None:
            return ""
        for old, new in self._moves(root):
            if location in (self._location(old, "LEFT"), self._location(new, "RIGHT")):
                return f"{new.resolved.title} {old.resolved.version} -> {new.resolved.version}"
        return ""

    def in_hunk(self, origin: ResourceSource, hunk: Hunk, side: Side) -> Location | None:
        """The line of a version that a hunk moves; None for a hunk that moves none.

        Of several the one through which that was brought in which something begins.
        """
        remote = self._grafts(side).outermost(origin.path)
        candidates: list[tuple[bool, Location | None]] = []
        for old, new in self._moves(origin.root):
            lines = {"LEFT": self._location(old, "LEFT"), "RIGHT": self._location(new, "RIGHT")}
            if _holds(hunk, lines["RIGHT"]) or _holds(hunk, lines["LEFT"]):
                candidates.append((remote is not None and remote.place == new.place, lines[side]))
        return max(candidates, key=lambda candidate: candidate[0])[1] if candidates else None

    def written_in(self, root: str) -> frozenset[str]:
        """The files of the tree that hold the versions of a root which move."""
        return frozenset(new.source.path for _, new in self._moves(root))

    def _moves(self, root: str) -> Iterator[tuple[Remote, Remote]]:
        """The references of a root that the tree itself holds in two versions."""
        pair = self.rendered.get(root)
        before, after = pair.remotes if pair is not None else ((), ())
        old = {remote.place: remote for remote in before if not zone(remote.source.path)}
        for new in after:
            was = old.get(new.place)
            if was is not None and was.reference != new.reference:
                yield was, new

    def _location(self, remote: Remote, side: Side) -> Location | None:
        key = (remote.place, side)
        if key not in self._lines:
            self._lines[key] = self._search(remote, side)
        return self._lines[key]

    def _search(self, remote: Remote, side: Side) -> Location | None:
        path = remote.source.path
        file = (self.base if side == "LEFT" else self.head).get(path)
        if file is None:
            return None
        if file.size > LARGEST or remote.source.root:
            return Location(path, None, side)
        # Argo CD or Flux may have laid another text over it, which has the same place there.
        source = replace(remote.source, blob=file.blob)
        try:
            line = line_of(self.blobs.data(file.blob), source, remote.route)
        except KeyError:
            line = None
        return Location(path, line, side)

    def _grafts(self, side: Side) -> FetchedFiles:
        return self.fetched[0] if side == "LEFT" else self.fetched[1]


def _holds(hunk: Hunk, location: Location | None) -> bool:
    if location is None or location.line is None or location.path != hunk.path:
        return False
    start, lines = (hunk.new, hunk.added) if location.side == "RIGHT" else (hunk.old, hunk.removed)
    return start <= location.line < start + len(lines)


def _other(side: Side) -> Side:
    return "LEFT" if side == "RIGHT" else "RIGHT"
