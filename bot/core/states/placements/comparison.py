"""Comparisons: base's roots with head's content under one set of placements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final, Literal, TypeAlias

from bot.core.rendering import Declared
from bot.core.states.roots.files import (
    CHART_NAME,
    Files,
    base_name,
    differing,
    directory,
    owning_chart,
)
from bot.core.states.roots.inferred import Roots
from bot.core.states.roots.kustomizations.kustomization import Kustomization
from bot.core.states.roots.replaced import is_replaced
from bot.core.states.roots.root import Root
from bot.core.tree import Tree
from bot.records import dataclass

# https://fluxcd.io/flux/components/source/gitrepositories/#excluding-files and
# https://helm.sh/docs/chart_template_guide/helm_ignore_file/
IGNORE_FILES: Final = frozenset({".sourceignore", ".helmignore"})
"""Files by which Flux and Helm leave files out."""
# https://argo-cd.readthedocs.io/en/stable/user-guide/parameters/
_OVERRIDES: Final = ".argocd-source"

PlacementsOf: TypeAlias = Literal["head", "base"]
"""Whose placements say how head's content is built and where it goes."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Base's roots, and those that head's content makes under the placements of one side."""

    placements: PlacementsOf
    before: Roots
    after: Roots


def under_head(before: Roots, after: Roots) -> Comparison:
    """The comparison under head's own placements, in which linking and unlinking is a change.

    A root that one side only infers and the other side declares was not applied, or is not any
    more: in a repository that declares what it applies, lying there is not being applied. Where
    base declares nothing, what it holds is applied in some other way.
    """
    declares = any(root.declared is not None and not root.title for root in before.roots.values())
    if not declares:
        return Comparison("head", before, after)
    return Comparison("head", _without(before, after), _without(after, before))


def under_base(before: Roots, after: Roots, by_head: Roots) -> Comparison:
    """The comparison under base's placements. `by_head` are the roots by head's own.

    Roots that are the same under both are shared; the others carry base's mark in their names. A
    root whose directory head no longer has is taken as base has it: it moved, or head's own
    placements say that it is gone.
    """
    roots: dict[object, Root] = {}
    for key, root in after.roots.items():
        own = by_head.roots.get(key)
        same = own is not None and own.inputs == root.inputs
        roots[key] = own if own is not None and same else replace(root, placed_by="base")
    for key, root in before.roots.items():
        if key not in roots and not root.unlisted:
            roots[key] = root
    kept = {root.key: root for root in roots.values()}
    return Comparison("base", before, Roots(kept, after.kustomizations))


def differ(one: Iterable[Declared], other: Iterable[Declared]) -> bool:
    """Whether two sets of declarations place anything of the tree in different ways."""
    return _settings(one) != _settings(other)


def placed_tree(base: Files, head: Files, kustomizations: Mapping[str, Kustomization]) -> Tree:
    """Head's files as base's placements build them; head's own tree where that is the same.

    Files that say what is left out of a source are base's. Kustomizations and charts that only head
    has, around what base reads as it stands, are left out, and so are the patches and other inputs
    of such a kustomization, which are no resources. `kustomizations` are head's, by directory.
    """
    left_out = {*_kustomizations_around(base, kustomizations), *_charts_around(base, head)}
    changed = {path for path in differing(base.tree, head.tree) if selects(path)}
    if not left_out and not changed:
        return head.tree
    kept = {path: file for path, file in head.tree.items() if path not in {*left_out, *changed}}
    kept.update({path: base.tree[path] for path in changed if path in base.tree})
    return kept


def selects(path: str) -> bool:
    """Whether a file says which files or settings a tool takes of a source."""
    name = base_name(path)
    return name in IGNORE_FILES or name.startswith(_OVERRIDES)


def _kustomizations_around(
    base: Files, kustomizations: Mapping[str, Kustomization]
) -> Iterator[str]:
    added: dict[str, list[str]] = {}
    for place, kustomization in kustomizations.items():
        paths = (kustomization.path, *_inputs(kustomization))
        added[place] = [path for path in paths if path not in base.all]
    if any(added.values()):
        plain = {directory(path) for path in base.manifests} - set(base.kustomizations)
        yield from (path for place, paths in added.items() if place in plain for path in paths)


def _charts_around(base: Files, head: Files) -> Iterator[str]:
    for place in set(head.charts) - set(base.charts):
        chart = frozenset((place,))
        if any(owning_chart(path, chart) is not None for path in base.manifests):
            yield f"{place}/{CHART_NAME}" if place else CHART_NAME


def _inputs(kustomization: Kustomization) -> Iterator[str]:
    for path in kustomization.referenced:
        if path not in kustomization.files and base_name(path):
            yield path


def _settings(declared: Iterable[Declared]) -> frozenset[object]:
    """How declarations place roots of the tree itself; a remote chart has nothing of it."""
    return frozenset(
        (
            held.node.resource.key,
            held.name,
            held.path,
            held.cluster,
            held.namespace,
            held.release,
            held.files,
            tuple(sorted(held.edits.items())),
            held.finish,
            held.hindrances,
            held.filled_in,
        )
        for held in declared
        if held.chart is None
    )


def _without(side: Roots, other: Roots) -> Roots:
    """The roots of a side without inferred ones whose content only the other side declares."""
    own = {key: root for key, root in side.roots.items() if root.declared is not None}
    declared = {key: root for key, root in other.roots.items() if root.declared is not None}
    added = [root for key, root in declared.items() if key not in own]
    grown = [_gained(root, own[key]) for key, root in declared.items() if key in own]
    kept = {
        key: root
        for key, root in side.roots.items()
        if key in own or (not is_replaced(root, added) and not _lies_in(root, grown))
    }
    return replace(side, roots=kept) if len(kept) < len(side.roots) else side


def _gained(root: Root, other: Root) -> AbstractSet[str]:
    """The files that a declared root takes in and the same root of the other side does not."""
    return root.own_files.keys() - other.own_files.keys()


def _lies_in(root: Root, gained: Iterable[AbstractSet[str]]) -> bool:
    """Whether a plain directory lies in what declared roots take in on the other side alone."""
    return root.kind == "directory" and any(root.own_files.keys() <= files for files in gained)
