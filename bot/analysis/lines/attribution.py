"""Attribution: the changed line that causes a field of what was rendered.

A hunk is the cause of a field when the field is another one with that hunk put back, or is what it
is with that hunk alone. Only where a finding stands is decided here, never whether there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Final

from bot.analysis.lines.causes import CauseSearch
from bot.analysis.lines.literal_field import object_line, written_line
from bot.analysis.lines.locate import OriginFiles
from bot.analysis.lines.reread_declarations import Redeclaring
from bot.analysis.lines.root_diff import Differences, RootDiff, main_files, text_of, tree_paths
from bot.analysis.lines.trials import TrialField, Trials, value_in
from bot.analysis.lines.versions import Versions
from bot.core.engine.review import Location, Suggestion
from bot.core.finding import Fix, Side
from bot.core.lines import line_diff, written_lines
from bot.core.lines.routes import with_value
from bot.core.reading import line_of
from bot.core.rendering import Builder
from bot.core.resource import ListStep, Node
from bot.core.states import RenderedPair
from bot.core.states.roots.fetched_files import zone
from bot.records import dataclass

_DEEPEST: Final = 4


@dataclass(frozen=True, slots=True)
class _Place:
    """A place, and the changed inputs of the root where none of them could be named the cause."""

    location: Location | None
    inputs: tuple[Location, ...] = ()


@dataclass(slots=True)
class Attribution:
    """Finds the places of what renderers made: see `bot.analysis.lines.locate.Places`.

    `versions` finds those of what lies elsewhere, of which there is nothing without it.
    """

    base: Redeclaring
    head: Redeclaring
    rendered: Mapping[str, RenderedPair]
    builder: Builder
    versions: Versions
    trials: Trials = field(init=False)
    differences: Differences = field(init=False)
    _places: dict[object, _Place] = field(default_factory=dict)
    _under_way: set[object] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.trials = Trials(self.base, self.head, self.builder)
        self.differences = Differences(self.base, self.head)

    def place_of(self, node: Node, side: Side) -> Location | None:
        """The changed line that causes what stands at a node, else the file that it is from."""
        return self._place(node, side).location

    def inputs_of(self, node: Node, side: Side) -> tuple[Location, ...]:
        """The changed files of its root, where what stands at a node has no other place."""
        return self._place(node, side).inputs

    def _place(self, node: Node, side: Side) -> _Place:
        source = node.resource.source
        steps = tuple(step.index if isinstance(step, ListStep) else step for step in node.route)
        key = (source, node.resource.key, steps, side)
        if key not in self._places:
            self._places[key] = self._search(node, side)
        return self._places[key]

    def _search(self, node: Node, side: Side) -> _Place:
        root = self.rendered.get(node.resource.source.root)
        origin = self._origin(root, node, side)
        field = None if root is None else _differing(root, node)
        if root is None or field is None:
            return _Place(origin)
        difference = self.differences.of(root)
        cause = CauseSearch(
            root,
            replace(node, route=field.route),
            field,
            side,
            difference,
            self.trials,
            self._declaring,
            tuple(self.rendered.values()),
            self.versions,
        )
        location = cause.place()
        if location is not None:
            moved = self._in_moved_file(difference, node, location)
            return _Place(moved or location)
        inputs = (self._file(path, "RIGHT") for path in difference.paths)
        main = next((self._file(path, side) for path in main_files(root)), None)
        return _Place(
            main or origin, tuple(location for location in inputs if location is not None)
        )

    def _in_moved_file(
        self, difference: RootDiff, node: Node, location: Location
    ) -> Location | None:
        """The object's own line in a file that only this side has; None where nothing is better.

        Taking a moved file back takes all of its objects back, so that any changed line of it, also
        one of another object, seems to cause each of them.
        """
        path, side, line = location.path, location.side, location.line
        opposite = self.base if side == "RIGHT" else self.head
        if line is None or path != node.resource.source.path or path in opposite.tree:
            return None
        text = difference.text(path, side)
        own_line = written_line(text, node, node.value) or object_line(text, node)
        if own_line is None:
            return None
        first, last = sorted((own_line, line))
        between = text.splitlines()[first - 1 : last]
        parted = any(text_line.startswith("---") for text_line in between)
        return Location(path, own_line, side) if parted else None

    def _origin(self, root: RenderedPair | None, node: Node, side: Side) -> Location | None:
        """Where a resource begins. Of what lies elsewhere the line is known where all of it is new.

        Else a version that moves would stand for a cause that it is not.
        """
        location = OriginFiles(self.base.tree, self.head.tree, self.versions).place_of(node, side)
        whole = root is None or root.before is None or root.after is None
        if location is None or whole or not zone(node.resource.source.path):
            return location
        return replace(location, line=None)

    def _declaring(self, node: Node, side: Side) -> Location | None:
        """The place of a field of an object that declares a root; None where it is not changed."""
        source = node.resource.source
        if source.root:
            return self._behind(node, side)
        old, new = text_of(self.base, source.path), text_of(self.head, source.path)
        text = new if side == "RIGHT" else old
        if not text or old is None or new is None:
            return None
        line = line_of(text.encode(), source, node.route)
        hunks = line_diff.hunks(source.path, old, new)
        changed = line is not None and any(line_diff.holds(hunk, line, side) for hunk in hunks)
        return Location(source.path, line, side) if changed else None

    def _behind(self, node: Node, side: Side) -> Location | None:
        """The cause of a field of an object that declares one root and is made by another."""
        key = (node.resource.source.root, node.resource.key, side)
        if key in self._under_way or len(self._under_way) >= _DEEPEST:
            return None
        self._under_way.add(key)
        try:
            place = self._place(node, side)
        finally:
            self._under_way.remove(key)
        return None if place.inputs or place.location is None else place.location

    def suggestion(self, fix: Fix, path: str) -> Suggestion | None:
        """The line that causes a field, with its scalar as the fix has it.

        Certain is what was built: nothing but this field may change, and no other root may be made
        of the file, nor may it be what declares this root, since that may declare others.
        """
        node, location = fix.node, self.place_of(fix.node, "RIGHT")
        root = self.rendered.get(node.resource.source.root)
        if root is None or location is None or location.line is None:
            return None
        if (location.path, location.side) != (path, "RIGHT") or not _are_scalars(fix):
            return None
        text = text_of(self.head, path)
        if text is None or path in root.shared or path not in tree_paths(root.after, root):
            return None
        line = line_diff.line_at(text, location.line)
        new = line and written_lines.rewritten(line, str(node.value), str(fix.value))
        if not new or "\n" in str(fix.value):
            return None
        changed = line_diff.with_line(text, location.line, new)
        if not self._makes_only(root, {path: changed}, fix):
            return None
        return Suggestion(location.line, location.line, new.rstrip("\n"))

    def _makes_only(self, root: RenderedPair, texts: Mapping[str, str], fix: Fix) -> bool:
        """Whether these texts make the field what the fix says, and nothing else another."""
        old, new = root.new, self.trials.built(root, texts)
        if new is None or len(old) != len(new):
            return False
        differing = [
            (resource, other) for resource, other in zip(old, new, strict=True) if resource != other
        ]
        if len(differing) != 1:
            return False
        was, resource = differing[0]
        body = with_value(was.body, fix.node.route, fix.value)
        return was.key == resource.key == fix.node.resource.key and body == resource.body

    def _file(self, path: str, side: Side) -> Location | None:
        if path in (self.head if side == "RIGHT" else self.base).tree:
            return Location(path, None, side)
        if path in self.head.tree:
            return Location(path, None, "RIGHT")
        return Location(path, None, "LEFT") if path in self.base.tree else None


def _differing(root: RenderedPair, node: Node) -> TrialField | None:
    """The place of a resource that is not the same at base and at head, else the whole of it."""
    key = node.resource.key
    for route in dict.fromkeys((node.route, ())):
        old, new = value_in(root.old, key, route), value_in(root.new, key, route)
        if old != new:
            return TrialField(key, route, old, new)
    return None


def _are_scalars(fix: Fix) -> bool:
    scalars = (fix.node.value, fix.value)
    return all(isinstance(value, str | int) and not isinstance(value, bool) for value in scalars)
