"""The cause of one field of what was rendered, from what is most certain to what says least."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from bot.analysis.lines.literal_field import object_line
from bot.analysis.lines.rank_hunks import SURE, likely_hunks
from bot.analysis.lines.reread_declarations import Redeclaring
from bot.analysis.lines.root_diff import RootDiff, main_files, tree_paths
from bot.analysis.lines.trials import TrialField, Trials
from bot.analysis.lines.versions import Versions
from bot.core.engine.review import Location
from bot.core.finding import Side
from bot.core.lines import line_diff, written_lines
from bot.core.lines.leaves import Sought, changed_leaves, sought
from bot.core.lines.line_diff import Hunk
from bot.core.lines.provenance import Spotted, likest
from bot.core.resource import Node
from bot.core.states import RenderedPair
from bot.core.states.roots.fetched_files import zone
from bot.core.states.roots.files import directory
from bot.records import cached_property, dataclass

MOST_PUT_BACK: Final = 4
"""How many hunks are put back, one after the other."""
MOST_ALONE: Final = 2
"""How many are then tried alone, on base."""
MOST_WHOLE: Final = 3
"""How many files are then put back as a whole."""
MOST_HALVES: Final = 6
"""How often the hunks of a file that makes the difference are halved."""
MOST_PROBED: Final = 3
"""How many lines of what one side alone has are tried with another scalar."""


@dataclass(frozen=True)
class CauseSearch:
    """The search for the place of one field at one side.

    `declaring` gives the place of what declares a root, None where that is not changed; `rendered`
    are all roots that were rendered, `versions` the lines that name what lies elsewhere.
    """

    root: RenderedPair
    node: Node
    field: TrialField
    side: Side
    difference: RootDiff
    trials: Trials
    declaring: Callable[[Node, Side], Location | None]
    rendered: tuple[RenderedPair, ...]
    versions: Versions

    def place(self) -> Location | None:
        """The line or file that causes it; None where no changed input does so alone."""
        location = self._in_own_file()
        if location is not None:
            return location
        if self.root.before is None or self.root.after is None:
            return self._version_line() or self._of_one_side()
        version = self._in_version()
        if version is not None:
            return version
        if self.difference.whole and len(self._spotted) == 1 and not self._unwritten:
            # With the only hunk put back, head is base, which differs there.
            return self._in_hunk(self._spotted[0])
        return self._in_hunks() or self._in_files() or self._declared()

    def _in_own_file(self) -> Location | None:
        """The best line of a file that one side alone has and that the resource comes from."""
        path, side = self.node.resource.source.path, self.side
        if (path in self._trees[0].tree) is (path in self._trees[1].tree):
            return None
        first = self._spotted[0] if self._spotted else None
        if first is not None and first.hunk.path != path and self._probe(first, side):
            return self._in_hunk(first)  # what is laid over a new file counts more than the file
        spot = next(
            (current_spot for current_spot in self._spotted if current_spot.hunk.path == path), None
        )
        if spot is None:
            return None
        if spot.score >= SURE or self._probe(spot, side) is not False:
            return self._in_hunk(spot)
        # The value is another's that looks the same: what gave the object this one is elsewhere.
        where = self._has(path)
        return Location(path, object_line(self.difference.text(path, where), self.node), where)

    def _version_line(self) -> Location | None:
        """The line of the version of what lies elsewhere; None for what begins in the tree."""
        return self.versions.place(self.node.resource.source.path, self.side)

    def _in_version(self) -> Location | None:
        """The line of a version that is written in no file of the root, where that is the cause."""
        if self._unwritten and self.trials.moved(self.root, self.field):
            return self._version_line()
        return None

    @cached_property
    def _unwritten(self) -> frozenset[str]:
        """The files that hold versions which move, and that the root is not made of."""
        return self.versions.written_in(self.root.name) - tree_paths(self.root.after, self.root)

    def _in_hunks(self) -> Location | None:
        """The first hunk without which the field is another, or which alone makes it what it is."""
        for spot in self._spotted[:MOST_PUT_BACK]:
            if self._makes(spot):
                return self._in_hunk(spot)
        for spot in self._spotted[:MOST_ALONE]:
            text = line_diff.put_on(self.difference.text(spot.hunk.path, "LEFT"), spot.hunk)
            if self.trials.suffices(self.root, {spot.hunk.path: text}, self.field):
                return self._in_hunk(spot)
        return None

    def _makes(self, spot: Spotted) -> bool:
        """Whether the field is another one without this hunk."""
        path = spot.hunk.path
        if path not in self._trees[0].tree and (follows := self._probe(spot, "RIGHT")) is not None:
            # What lists a new file does not do without it.
            return follows
        return self.trials.flips(self.root, {path: self._without((spot.hunk,))}, self.field)

    def _without(self, hunks: tuple[Hunk, ...]) -> str:
        """A file's text at head with these hunks of it put back."""
        text = self.difference.text(hunks[0].path, "RIGHT")
        for hunk in sorted(hunks, key=lambda hunk: hunk.new, reverse=True):
            text = line_diff.put_back(text, hunk)
        return text

    def _probe(self, spot: Spotted, side: Side) -> bool | None:
        """Whether the field follows the scalar of this line; None where the line has another."""
        number = spot.new if side == "RIGHT" else spot.old
        text = self.difference.text(spot.hunk.path, side)
        line = line_diff.line_at(text, number) if number else None
        value = self.field.new if side == "RIGHT" else self.field.old
        probed = line and written_lines.probed(line, value)
        if not number or not probed:
            return None
        texts = {spot.hunk.path: line_diff.with_line(text, number, probed)}
        return self.trials.flips(self.root, texts, self.field, side)

    def _in_files(self) -> Location | None:
        """The file that makes the difference as a whole, and its line where one can be told."""
        files: dict[str, list[Spotted]] = {}
        for spot in self._spotted:
            files.setdefault(spot.hunk.path, []).append(spot)
        tried = self._spotted[:MOST_PUT_BACK]
        pending = [path for path, spots in files.items() if len(spots) > 1 or spots[0] not in tried]
        for path in pending[:MOST_WHOLE]:
            hunks = files[path]
            if self._flips(hunks):
                matching_spot = self._halved(hunks)
                return (
                    self._in_hunk(matching_spot)
                    if matching_spot
                    else Location(path, None, self._has(path))
                )
        return None

    def _halved(self, hunks: list[Spotted]) -> Spotted | None:
        """The one of these hunks that makes the difference, None where it takes several."""
        for _ in range(MOST_HALVES):
            if len(hunks) == 1:
                break
            half = hunks[: len(hunks) // 2]
            hunks = half if self._flips(half) else hunks[len(half) :]
        return hunks[0] if len(hunks) == 1 and self._flips(hunks) else None

    def _flips(self, spotted: list[Spotted]) -> bool:
        """Whether the field is another one without these hunks, which are of one file."""
        text = self._without(tuple(spot.hunk for spot in spotted))
        return self.trials.flips(self.root, {spotted[0].hunk.path: text}, self.field)

    def _declared(self) -> Location | None:
        """The changed line of what declares the root that most resembles the field, else its own.

        What declares it may be rendered itself, and is then followed to where that comes from.
        """
        was, declaration = self.root.declared_before, self.root.declared_after
        if was is None or declaration is None or self.difference.alike:
            return None
        old, new = was.node.resource, declaration.node.resource
        right = likest(changed_leaves(new, old), self._sought.gained)
        remaining_node = likest(changed_leaves(old, new), self._sought.lost)
        several: tuple[tuple[Node | None, Side], ...] = (
            (right, "RIGHT"),
            (remaining_node, "LEFT"),
            (declaration.node, "RIGHT"),
        )
        locations = (self.declaring(node, side) for node, side in several if node is not None)
        return next((location for location in locations if location is not None), None)

    def _of_one_side(self) -> Location | None:
        """The place of what stands in a root that the other side does not have."""
        side: Side = "RIGHT" if self.root.before is None else "LEFT"
        for spot in self._spotted[:MOST_PROBED]:
            if self._probe(spot, side):
                return self._in_hunk(spot)
        for path in main_files(self.root):
            if (path in self._trees[0].tree) is not (path in self._trees[1].tree):
                return self._best_of(path)
        return next(self._declarations(side), None)

    def _declarations(self, side: Side) -> Iterator[Location]:
        """Where it is said that the root is applied, or no longer applied in another way."""
        other: Side = "LEFT" if side == "RIGHT" else "RIGHT"
        build = self.root.after or self.root.before
        for pair, where in (
            (self.root, side),
            *((current_pair, other) for current_pair in self.rendered),
        ):
            own_build = pair.after if where == "RIGHT" else pair.before
            declared = pair.declared_after if where == "RIGHT" else pair.declared_before
            both = pair.before is not None and pair.after is not None
            if (
                own_build is None
                or declared is None
                or both
                or build is None
                or own_build.root != build.root
            ):
                continue
            location = self.declaring(declared.node, where)
            if location is not None:
                yield location

    def _best_of(self, path: str) -> Location | None:
        """The line of a file that differs which lists the resource, as the field follows none."""
        spot = next(
            (current_spot for current_spot in self._spotted if current_spot.hunk.path == path), None
        )
        return None if spot is None else self._in_hunk(replace(spot, new=None, old=None))

    def _in_hunk(self, spot: Spotted) -> Location:
        """The line of a hunk: on the side that is asked for where the hunk has lines there.

        Where the hunk moves a version, it is that version's.
        """
        hunk = spot.hunk
        source = self.node.resource.source
        moved = None if self._unwritten else self.versions.in_hunk(source, hunk, self.side)
        if moved is not None:
            return moved
        if hunk.removed and (self.side == "LEFT" or not hunk.added):
            line = spot.old or hunk.old + self._listed(hunk.path, hunk.removed)
            return Location(hunk.path, line, "LEFT")
        line = spot.new or hunk.new + self._listed(hunk.path, hunk.added)
        return Location(hunk.path, line, "RIGHT")

    def _listed(self, path: str, lines: tuple[str, ...]) -> int:
        """Which of the lines of a file lists what the resource comes from or deletes it.

        Else the first one on which something stands.
        """
        origin = self.node.resource.source.path
        places = (
            written_lines.listing(lines, directory(path), origin),
            written_lines.deleting(lines) if self.field.new is None else None,
            written_lines.first_written(lines),
        )
        return next((place for place in places if place is not None), 0)

    def _has(self, path: str) -> Side:
        """The side that has a file, by preference that which is asked for."""
        tree = self._trees[self.side == "RIGHT"].tree
        other: Side = "LEFT" if self.side == "RIGHT" else "RIGHT"
        return self.side if path in tree else other

    @property
    def _trees(self) -> tuple[Redeclaring, Redeclaring]:
        return (self.trials.base, self.trials.head)

    @cached_property
    def _sought(self) -> Sought:
        return sought(self.node, self.field.old, self.field.new)

    @cached_property
    def _spotted(self) -> tuple[Spotted, ...]:
        """The hunks, the most likely first: of what comes from elsewhere, another version."""
        spots = likely_hunks(self.root, self.node, self.field, self.difference, self._sought)
        source = self.node.resource.source
        if not zone(source.path):
            return spots
        moves = [self.versions.in_hunk(source, spot.hunk, "RIGHT") for spot in spots]
        ordered = sorted(zip(moves, spots, strict=True), key=lambda pair: pair[0] is None)
        return tuple(spot for _, spot in ordered)
