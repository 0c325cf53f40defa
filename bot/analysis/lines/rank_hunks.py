"""The hunks of a root, those first that most likely cause a field of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bot.analysis.lines.literal_field import written_line
from bot.analysis.lines.root_diff import RootDiff, main_files
from bot.analysis.lines.trials import TrialField
from bot.core.lines import line_diff
from bot.core.lines.leaves import Sought
from bot.core.lines.provenance import Spotted, ranked
from bot.core.resource import Node
from bot.core.states import RenderedPair

SURE: Final = 1_000
"""At least the score of a hunk whose line has the field itself."""
_OF_CHARTS: Final = frozenset({"templates", "charts", "crds"})


def likely_hunks(
    root: RenderedPair, node: Node, field: TrialField, difference: RootDiff, sought: Sought
) -> tuple[Spotted, ...]:
    """What differs of a root, in the order in which it is worth trying for a field."""
    spots = ranked(difference.hunks, difference.base, difference.head, sought)
    build = root.after or root.before
    if build is not None and build.renderer == "helm":
        shown = [spot if _is_read(root, spot.hunk.path) else _with(spot, -SURE) for spot in spots]
    else:
        path = node.resource.source.path
        left_line = written_line(difference.text(path, "LEFT"), node, field.old)
        right = written_line(difference.text(path, "RIGHT"), node, field.new)
        shown = [
            _pointed(spot, left_line, right) if spot.hunk.path == path else spot for spot in spots
        ]
    return tuple(sorted(shown, key=lambda candidate: -candidate.score))


def _is_read(root: RenderedPair, path: str) -> bool:
    """Whether Helm reads a file of a chart whatever its templates say."""
    build = root.after or root.before
    inner = path.removeprefix(f"{build.root}/") if build is not None else path
    # What lies elsewhere is of another chart, or declares this one.
    return path in main_files(root) or inner.split("/")[0] in _OF_CHARTS or inner == path


def _pointed(spot: Spotted, left_line: int | None, right: int | None) -> Spotted:
    """The hunk with these lines of it, if they are lines of it: then nothing is more likely."""
    if right is not None and line_diff.holds(spot.hunk, right, "RIGHT"):
        return replace(_with(spot, SURE), new=right)
    if left_line is not None and line_diff.holds(spot.hunk, left_line, "LEFT"):
        return replace(_with(spot, SURE), old=left_line)
    return spot


def _with(spot: Spotted, more: int) -> Spotted:
    return replace(spot, score=spot.score + more)
