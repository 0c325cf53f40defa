"""Problems: charts whose change is not installed, since their version stays the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b

from bot.core.engine.review import ProblemSubject
from bot.core.rendering import Declared
from bot.core.states.placements.applied import Applied
from bot.core.states.problems import Trouble
from bot.core.states.roots.root import RootKey


def unreleased_charts(
    base: Mapping[RootKey, Applied], head: Mapping[RootKey, Applied]
) -> Iterator[Trouble]:
    """Yield the charts that give something else at head, while their owner sees no other chart.

    What such a chart newly holds is reviewed, but the cluster keeps what base installed: a guard
    that moves there is gone. One problem for the clusters of one owner.
    """
    seen: set[str] = set()
    for key in sorted(base.keys() & head.keys()):
        before, after = base[key], head[key]
        declared = after.root.declared
        if declared is not None and _is_unreleased(before, after, declared):
            trouble = _trouble(before, after, declared)
            if trouble.message not in seen:
                seen.add(trouble.message)
                yield trouble


def _is_unreleased(before: Applied, after: Applied, declared: Declared) -> bool:
    was = before.root.declared
    if was is None or not declared.edition or was.edition != declared.edition:
        return False
    if _files(before) == _files(after) or before.reasons or after.reasons:
        return False
    content = [{held.key: held.encoded for held in side.every} for side in (before, after)]
    return content[0] != content[1]


def _files(applied: Applied) -> tuple[object, ...]:
    return (applied.root.files, applied.root.edits)


def _trouble(before: Applied, after: Applied, declared: Declared) -> Trouble:
    owner = declared.node.resource
    message = (
        f"The Helm chart {after.root.path or '.'} changes, but {owner.key} keeps what it has "
        "installed, as the chart's version is the same: raise the version in Chart.yaml, or set "
        "reconcileStrategy: Revision"
    )
    inputs = tuple(
        blake2b(repr(side.root.inputs).encode(), digest_size=16).hexdigest()
        for side in (before, after)
    )
    subject = ProblemSubject(f"unreleased {after.root.path} {owner.key}", inputs)
    source = owner.source
    return Trouble(
        "unjudged", True, source.path, "RIGHT", message, source, declared.node.route, subject
    )
