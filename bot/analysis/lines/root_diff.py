"""What a root is made of that base and head do not have in common, as texts and hunks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Final

from bot.analysis.lines.reread_declarations import Redeclaring
from bot.core.finding import Side
from bot.core.lines import line_diff
from bot.core.lines.line_diff import Hunk
from bot.core.lines.provenance import Texts
from bot.core.rendering import Build, Finish
from bot.core.states import RenderedPair
from bot.core.states.roots.charts import VALUES_NAME
from bot.core.states.roots.files import CHART_NAME, KUSTOMIZATION_NAMES
from bot.records import dataclass

_MAIN: Final = (*KUSTOMIZATION_NAMES, VALUES_NAME, CHART_NAME)
_LARGEST: Final = 8 << 20
_MOST_TEXT: Final = 24 << 20
_MOST_FILES: Final = 200


@dataclass(frozen=True, slots=True)
class RootDiff:
    """The files of a root that differ: their texts at base and at head, and every hunk of them.

    `paths` are all of them, also those that have no text. `whole` says that nothing else about the
    root differs and that all of it is here, `alike` that it is built in the same way of its files.
    """

    paths: tuple[str, ...]
    base: Texts
    head: Texts
    hunks: tuple[Hunk, ...]
    whole: bool
    alike: bool

    def text(self, path: str, side: Side) -> str:
        """The text that one side has of a file, empty where it has none."""
        return (self.base if side == "LEFT" else self.head).contents.get(path, "")

    def of(self, path: str) -> tuple[Hunk, ...]:
        """The hunks of one file."""
        return tuple(hunk for hunk in self.hunks if hunk.path == path)


@dataclass(slots=True)
class Differences:
    """The differences of roots, each found once."""

    base: Redeclaring
    head: Redeclaring
    _by_root: dict[str, RootDiff] = field(default_factory=dict)

    def of(self, root: RenderedPair) -> RootDiff:
        """What differs of a root, and of what declares it where that is not the same."""
        if root.name not in self._by_root:
            self._by_root[root.name] = self._find(root)
        return self._by_root[root.name]

    def _find(self, root: RenderedPair) -> RootDiff:
        same = _alike(root)
        built_of = tree_paths(root.before, root) | tree_paths(root.after, root)
        declaring = () if same else self._declaring(root)
        differing = {path for path in (*built_of, *declaring) if self._differs(path)}
        # What says what the root is comes first, as not everything may be looked at.
        first = [path for path in main_files(root) if path in differing]
        paths = tuple(dict.fromkeys((*first, *sorted(differing))))
        base, head = dict[str, str](), dict[str, str]()
        hunks: list[Hunk] = []
        text_budget = _MOST_TEXT
        for path in paths[:_MOST_FILES]:
            old, new = text_of(self.base, path), text_of(self.head, path)
            text_budget -= len(old or "") + len(new or "")
            if old is not None and new is not None and text_budget >= 0:
                base[path], head[path] = old, new
                hunks.extend(line_diff.hunks(path, old, new))
        whole = same and len(base) == len(paths)
        return RootDiff(paths, Texts(base), Texts(head), tuple(hunks), whole, same)

    def _differs(self, path: str) -> bool:
        return self.base.tree.get(path) != self.head.tree.get(path)

    def _declaring(self, root: RenderedPair) -> Iterator[str]:
        for tree, declared in ((self.base, root.declared_before), (self.head, root.declared_after)):
            if declared is not None:
                yield from tree.files_of(declared)


def text_of(side: Redeclaring, path: str) -> str | None:
    """The text of a file, empty where there is none, None where it cannot be looked at."""
    file = side.tree.get(path)
    if file is None:
        return ""
    if file.size > _LARGEST:
        return None
    try:
        return side.blobs.data(file.blob).decode()
    except (KeyError, UnicodeDecodeError):
        return None


def main_files(root: RenderedPair) -> Iterator[str]:
    """The files that say what a root is: a chart's values and itself, or its kustomization."""
    build = root.after or root.before
    if build is None:
        return
    yield from build.release.values_files if build.release is not None else ()
    for name in _MAIN:
        path = f"{build.root}/{name}" if build.root else name
        if path in build.files:
            yield path


def tree_paths(build: Build | None, root: RenderedPair) -> frozenset[str]:
    """The tree's own paths of what a build of a root is made of."""
    files = build.files if build is not None else ()
    return frozenset(root.own_paths.get(path, path) for path in files)


def _alike(root: RenderedPair) -> bool:
    """Whether a root is built in the same way at base and at head, but for its files."""
    old, new = root.before, root.after
    if old is None or new is None:
        return False
    return (old.edits, old.release, _finish(root)[0]) == (new.edits, new.release, _finish(root)[1])


def _finish(root: RenderedPair) -> tuple[Finish | None, Finish | None]:
    was, declaration = root.declared_before, root.declared_after
    return (was.finish if was else None, declaration.finish if declaration else None)
