"""Attribution: the changed line that causes a field of what was rendered.

A hunk is the cause of a field when the field is another one with that hunk put back. Only where a
finding stands is decided here, never whether there is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bot.analysis.locate import OriginFiles
from bot.analysis.versions import Versions
from bot.core import provenance
from bot.core.finding import Fix, Side
from bot.core.provenance import Hunk, Sought, Spotted
from bot.core.rendering import Build, Builder
from bot.core.resource import Item, Node, Resource, ResourceKey, Route, Source
from bot.core.review import Location, Suggestion
from bot.core.states import Rendered
from bot.core.states.grafts import zone
from bot.core.tree import Blobs, Tree
from bot.core.values import Value
from bot.errors import UnbuildableError

MOST_BUILDS: Final = 6
"""How many builds the place of one finding may take."""
MOST_IN_ALL: Final = 90
"""How many builds the places of all findings of a review may take together."""

_LARGEST: Final = 1 << 20
_MOST_FILES: Final = 40

_Resources = tuple[Resource, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    """The files of a root that differ: their texts at base and at head, and every hunk of them.

    `whole` says that nothing else about the root differs.
    """

    base: Mapping[str, str]
    head: Mapping[str, str]
    hunks: tuple[Hunk, ...]
    whole: bool


@dataclass(slots=True)
class Attribution:
    """Finds the places of what renderers made: see `bot.analysis.locate.Places`."""

    base: Tree
    head: Tree
    blobs: Blobs
    rendered: Mapping[str, Rendered]
    builder: Builder
    versions: Versions | None = None
    _left: int = MOST_IN_ALL
    _changes: dict[str, _Change] = field(default_factory=dict)
    _built: dict[object, _Resources | None] = field(default_factory=dict)
    _places: dict[object, Location | None] = field(default_factory=dict)

    def place_of(self, node: Node, side: Side) -> Location | None:
        """The changed line that causes what stands at a node, else the file that it is from."""
        source = node.resource.source
        steps = tuple(step.index if isinstance(step, Item) else step for step in node.route)
        mark = (source, node.resource.key, steps, side)
        if mark not in self._places:
            root = self.rendered.get(source.root)
            found = None if root is None else self._cause(root, node, side)
            self._places[mark] = found or self._origin(root, node, side)
        return self._places[mark]

    def _origin(self, root: Rendered | None, node: Node, side: Side) -> Location | None:
        """Where a resource begins. Of what lies elsewhere the line is known where all of it is new.

        Else a version that moves would stand for a cause that it is not.
        """
        found = OriginFiles(self.base, self.head, self.versions).place_of(node, side)
        whole = root is None or root.before is None or root.after is None
        if found is None or whole or not zone(node.resource.source.path):
            return found
        return replace(found, line=None)

    def suggestion(self, fix: Fix, path: str) -> Suggestion | None:
        """The line that causes a field, with its scalar as the fix has it.

        Certain is what was built: nothing but this field may change, and no other root may be made
        of the file.
        """
        node, location = fix.node, self.place_of(fix.node, "RIGHT")
        root = self.rendered.get(node.resource.source.root)
        if root is None or location is None or location.line is None:
            return None
        if (location.path, location.side) != (path, "RIGHT") or not _are_scalars(fix):
            return None
        text = self._text(self.head, path)
        if text is None or self._is_shared(root, path):
            return None
        line = provenance.line_at(text, location.line)
        new = line and provenance.rewritten(line, str(node.value), str(fix.value))
        if not new or "\n" in str(fix.value):
            return None
        changed = provenance.with_line(text, location.line, new)
        if not self._makes_only(root, {path: changed}, fix):
            return None
        return Suggestion(location.line, location.line, new.rstrip("\n"))

    def _is_shared(self, root: Rendered, path: str) -> bool:
        others = (held for held in self.rendered.values() if held is not root)
        return any(path in _own_paths(held).values() for held in others)

    def _makes_only(self, root: Rendered, texts: Mapping[str, str], fix: Fix) -> bool:
        """Whether these texts make the field what the fix says, and nothing else another."""
        if root.after is None:
            return False
        old = root.new
        new = self._with(root, root.after, texts)
        if new is None or len(old) != len(new):
            return False
        differing = [(it, other) for it, other in zip(old, new, strict=True) if it != other]
        if len(differing) != 1:
            return False
        was, now = differing[0]
        route = fix.node.route
        body = provenance.with_value(was.body, route, fix.value)
        return was.key == now.key == fix.node.resource.key and body == now.body

    def _cause(self, root: Rendered, node: Node, side: Side) -> Location | None:
        change = self._change(root)
        key = node.resource.key
        before, after = root.old, root.new
        for route in dict.fromkeys((node.route, ())):
            old, new = _value(before, key, route), _value(after, key, route)
            if old == new:
                continue
            place = replace(node, route=route)
            wanted = provenance.sought(place, old, new)
            spotted = provenance.ranked(change.hunks, change.head, wanted)
            added = self._in_added_file(node, spotted)
            if added is not None:
                return added
            if root.before is None or root.after is None:
                return None
            sought = _Field(key, route, new, wanted, node.resource.source)
            moved = self.versions.written_in(root.name) if self.versions is not None else ()
            if any(path not in change.head for path in moved):
                found = self._in_version(root, sought, side)
                if found is not None:
                    return found
            return self._verified(root, change, self._nearest(node, spotted), sought, side)
        return None

    def _in_version(self, root: Rendered, sought: _Field, side: Side) -> Location | None:
        """The line of a version that is written in no file of a root, where that is the cause."""
        build = root.again.version() if root.again is not None else None
        found = None if build is None else self._resources(root, build)
        if found is None or _value(found, sought.key, sought.route) == sought.value:
            return None
        return None if self.versions is None else self.versions.place(sought.origin.path, side)

    def _nearest(self, node: Node, spotted: tuple[Spotted, ...]) -> tuple[Spotted, ...]:
        """Of what comes from elsewhere, another version is tried before all else."""
        source = node.resource.source
        if self.versions is None or not zone(source.path):
            return spotted
        moves = [self.versions.in_hunk(source, it.hunk, "RIGHT") for it in spotted]
        ordered = sorted(zip(moves, spotted, strict=True), key=lambda it: it[0] is None)
        return tuple(held for _, held in ordered)

    def _in_added_file(self, node: Node, spotted: tuple[Spotted, ...]) -> Location | None:
        """The best line of a file that the change brings and that the resource comes from."""
        path = node.resource.source.path
        if path in self.base or path not in self.head:
            return None
        own = (held for held in spotted if held.hunk.path == path)
        return next((Location(path, held.new, "RIGHT") for held in own if held.new), None)

    def _verified(
        self,
        root: Rendered,
        change: _Change,
        spotted: tuple[Spotted, ...],
        sought: _Field,
        side: Side,
    ) -> Location | None:
        """The first hunk that makes the difference, else the file, else the root's own file."""
        several = [path for path, count in _counted(change.hunks).items() if count > 1]
        left = MOST_BUILDS - min(2, len(several))
        alone = change.whole and len(spotted) == 1
        for held in spotted[:left]:
            text = provenance.put_back(change.head.get(held.hunk.path, ""), held.hunk)
            # With the only hunk put back, head is base, which differs there.
            if alone or self._flips(root, {held.hunk.path: text}, sought):
                moved = self.versions and self.versions.in_hunk(sought.origin, held.hunk, side)
                return moved or _in_hunk(held, side)
        for path in several[: MOST_BUILDS - min(left, len(spotted))]:
            if self._flips(root, {path: change.base.get(path, "")}, sought):
                return self._file(path, side)
        # Where it is built otherwise, the cause may lie in what says so and not among its files.
        return self._file(_main_file(root), side) if _alike(root) else None

    def _flips(self, root: Rendered, texts: Mapping[str, str], sought: _Field) -> bool:
        """Whether the field is another one with these texts; False where that cannot be built."""
        if root.after is None:
            return False
        found = self._with(root, root.after, texts)
        return found is not None and _value(found, sought.key, sought.route) != sought.value

    def _with(self, root: Rendered, build: Build, texts: Mapping[str, str]) -> _Resources | None:
        """What a build gives with other texts of files of the tree, wherever it finds those."""
        if root.again is not None:
            again = root.again.texts(texts)
            return None if again is None else self._resources(root, again)
        found = {seen: texts[own] for seen, own in _own_paths(root).items() if own in texts}
        # What head does not have any more is put where base had it.
        gone = {path: text for path, text in texts.items() if path not in self.head}
        return self._resources(root, replace(build, edits={**build.edits, **gone, **found}))

    def _resources(self, root: Rendered, build: Build) -> _Resources | None:
        """What a build gives, made once; None where it gives nothing that can be read."""
        mark = (root.name, tuple(sorted(build.files.items())), tuple(sorted(build.edits.items())))
        if mark not in self._built:
            self._built[mark] = self._make(root, build)
        return self._built[mark]

    def _make(self, root: Rendered, build: Build) -> _Resources | None:
        if self._left <= 0:
            return None
        self._left -= 1
        built = self.builder.build(build)
        if built.status != "rendered":
            return None
        try:
            return root.read(built)
        except UnbuildableError:
            return None

    def _change(self, root: Rendered) -> _Change:
        if root.name not in self._changes:
            base, head = dict[str, str](), dict[str, str]()
            hunks: list[Hunk] = []
            paths = list(self._differing(root))
            for path in paths[:_MOST_FILES]:
                old, new = self._text(self.base, path), self._text(self.head, path)
                if old is not None and new is not None:
                    base[path], head[path] = old, new
                    hunks.extend(provenance.hunks(path, old, new))
            moved = self.versions.written_in(root.name) if self.versions is not None else ()
            whole = len(base) == len(paths) and _alike(root) and all(it in head for it in moved)
            self._changes[root.name] = _Change(base, head, tuple(hunks), whole)
        return self._changes[root.name]

    def _differing(self, root: Rendered) -> Iterator[str]:
        """The files of a root that differ, without those whose text is written over anyway."""
        before = root.before.files if root.before else {}
        after = root.after.files if root.after else {}
        written = root.after.edits if root.after else {}
        differing = {
            root.own_paths.get(path, path)
            for path in {**before, **after}
            if before.get(path) != after.get(path) and (path not in written or path in after)
        }
        # What comes from elsewhere differs by what the tree says of it.
        yield from sorted(path for path in differing if not zone(path))

    def _text(self, tree: Tree, path: str) -> str | None:
        """The text of a file, empty where there is none, None where it cannot be looked at."""
        file = tree.get(path)
        if file is None:
            return ""
        if file.size > _LARGEST:
            return None
        try:
            return self.blobs.data(file.blob).decode()
        except (KeyError, UnicodeDecodeError):
            return None

    def _file(self, path: str, side: Side) -> Location | None:
        if path in (self.head if side == "RIGHT" else self.base):
            return Location(path, None, side)
        if path in self.head:
            return Location(path, None, "RIGHT")
        return Location(path, None, "LEFT") if path in self.base else None


@dataclass(frozen=True, slots=True)
class _Field:
    """A place of a resource, what head has there, and where the resource begins."""

    key: ResourceKey
    route: Route
    value: Value
    wanted: Sought
    origin: Source


def _value(resources: _Resources, key: ResourceKey, route: Route) -> Value:
    """What stands there; the namespace counts where several have the name."""
    alike = [it for it in resources if it.group_kind == key.group_kind and it.name == key.name]
    exact = [it for it in alike if it.key == key]
    found = (exact or alike)[-1:] if exact or len(alike) == 1 else []
    return provenance.value_at(found[0].body, route) if found else None


def _in_hunk(held: Spotted, side: Side) -> Location:
    """The line of a hunk: on the side that is asked for where the hunk has lines there."""
    hunk = held.hunk
    if hunk.removed and (side == "LEFT" or not hunk.added):
        return Location(hunk.path, held.old or hunk.old, "LEFT")
    return Location(hunk.path, held.new or hunk.new, "RIGHT")


def _are_scalars(fix: Fix) -> bool:
    held = (fix.node.value, fix.value)
    return all(isinstance(it, str | int) and not isinstance(it, bool) for it in held)


def _own_paths(root: Rendered) -> Mapping[str, str]:
    """The tree's own path of each file that a root is made of at head, by where it is found."""
    files = root.after.files if root.after is not None else {}
    return {path: root.own_paths.get(path, path) for path in files}


def _alike(root: Rendered) -> bool:
    """Whether a root is built in the same way at base and at head, but for its files."""
    old, new = root.before, root.after
    return (
        old is not None and new is not None and (old.edits, old.release) == (new.edits, new.release)
    )


def _counted(hunks: tuple[Hunk, ...]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for hunk in hunks:
        counts[hunk.path] = counts.get(hunk.path, 0) + 1
    return counts


def _main_file(root: Rendered) -> str:
    """The file that says what a root is: its kustomization, or its chart's values."""
    build = root.after or root.before
    names = (
        "kustomization.yaml",
        "kustomization.yml",
        "Kustomization",
        "values.yaml",
        "Chart.yaml",
    )
    if build is None:
        return ""
    paths = (f"{build.root}/{name}" if build.root else name for name in names)
    return next((path for path in paths if path in build.files), "")
