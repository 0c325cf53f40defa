"""Which files of a tree are manifests, and which entries cannot be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Final

from bot.core.globs import path_matches
from bot.core.tree import File, Tree
from bot.records import dataclass

REGULAR: Final = frozenset({"100644", "100755"})
SYMLINK: Final = "120000"
SUBMODULE: Final = "160000"
MANIFEST_SUFFIXES: Final = (".yaml", ".yml", ".json")
KUSTOMIZATION_NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
CHART_NAME: Final = "Chart.yaml"


@dataclass(frozen=True, slots=True)
class Files:
    """A tree as a review sees it: without dot-directories and without what the policy ignores.

    `manifests` may hold resources, by path; `charts` are the directories with a `Chart.yaml`;
    `links` are symlinks and submodules. `all` holds every regular file, for what a kustomization
    refers to, and `tree` everything there is.
    """

    all: Mapping[str, File]
    manifests: Mapping[str, File]
    kustomizations: Mapping[str, str]
    charts: tuple[str, ...]
    links: Mapping[str, File]
    tree: Tree = field(default_factory=dict)


def differing(old: Tree, new: Tree) -> tuple[str, ...]:
    """The paths at which two trees do not have the same file, in no particular order."""
    # Most files are the same objects in both, and comparing two costs more.
    changed = [
        path
        for path, file in new.items()
        if (earlier := old.get(path)) is not file and earlier != file
    ]
    return (*changed, *(old.keys() - new.keys()))


def files_of(tree: Tree, ignore: Iterable[str] = (), like: Files | None = None) -> Files:
    """What there is to look at in a tree.

    `like` are the files of another tree, with the same `ignore`: only what differs is looked at.
    """
    ignored = tuple(ignore)
    if like is not None:
        changed = differing(like.tree, tree)
        if not any(base_name(path) == CHART_NAME for path in changed):
            return _overlay(like, tree, ignored, changed)
    return _all_files(tree, ignored)


def _overlay(like: Files, tree: Tree, ignored: tuple[str, ...], changed: tuple[str, ...]) -> Files:
    """The files of a tree with the same charts, from those of another one."""
    charts = frozenset(like.charts)
    seen = {path: tree[path] for path in changed if path in tree and not _hidden(path, ignored)}
    regular = {path: file for path, file in seen.items() if file.mode in REGULAR}
    every = _replaced(like.all, changed, regular)
    manifests = {path: file for path, file in regular.items() if _is_manifest(path, charts)}
    same = not any(path.endswith(KUSTOMIZATION_NAMES) for path in changed)
    return Files(
        all=every,
        manifests=_replaced(like.manifests, changed, manifests),
        kustomizations=like.kustomizations if same else _kustomizations(every, charts),
        charts=like.charts,
        links=_replaced(like.links, changed, {k: v for k, v in seen.items() if k not in regular}),
        tree=tree,
    )


def _replaced(
    files: Mapping[str, File], changed: Iterable[str], present: Mapping[str, File]
) -> Mapping[str, File]:
    """Files by path with those of some paths replaced, or left out where not `present`."""
    result = dict(files)
    for path in changed:
        if path not in present:
            result.pop(path, None)
    added = present.keys() - result.keys()
    result.update(present)
    return dict(sorted(result.items())) if added else result


def _all_files(tree: Tree, ignored: tuple[str, ...]) -> Files:
    seen = {path: file for path, file in sorted(tree.items()) if not _hidden(path, ignored)}
    regular = {path: file for path, file in seen.items() if file.mode in REGULAR}
    charts = frozenset(
        directory(path)
        for path in regular
        if path.endswith(CHART_NAME) and base_name(path) == CHART_NAME
    )
    manifests = {path: file for path, file in regular.items() if _is_manifest(path, charts)}
    return Files(
        all=regular,
        manifests=manifests,
        kustomizations=_kustomizations(regular, charts),
        charts=tuple(sorted(charts)),
        links={path: file for path, file in seen.items() if file.mode not in REGULAR},
        tree=tree,
    )


def directory(path: str) -> str:
    """The directory of a path, empty for the top of the tree."""
    return path.rpartition("/")[0]


def base_name(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def owning_chart(path: str, charts: frozenset[str]) -> str | None:
    """The chart whose own file this is: metadata, values, templates, CRDs or a chart within.

    Anything else that lies in a chart's directory is not the chart's.
    """
    segments = path.split("/") if charts else []
    for depth in range(len(segments)):
        chart = "/".join(segments[:depth])
        if chart in charts and _is_charts_own(segments[depth:]):
            return chart
    return None


def _is_manifest(path: str, charts: frozenset[str]) -> bool:
    return path.endswith(MANIFEST_SUFFIXES) and owning_chart(path, charts) is None


def _is_charts_own(segments: list[str]) -> bool:
    if len(segments) == 1:
        name = segments[0]
        return name in (CHART_NAME, "Chart.lock", "requirements.yaml", "requirements.lock") or (
            name.startswith("values")
        )
    return segments[0] in ("templates", "crds", "charts")


def _hidden(path: str, ignored: tuple[str, ...]) -> bool:
    if path.startswith(".") or "/." in path:
        place = directory(path)
        if place.startswith(".") or "/." in place:
            return True
    return bool(ignored) and path_matches(path, ignored)


def _kustomizations(regular: Mapping[str, File], charts: frozenset[str]) -> Mapping[str, str]:
    """The file of each directory's kustomization; kustomize refuses two, the first is named."""
    paths: dict[str, str] = {}
    for path in regular:
        if not path.endswith(KUSTOMIZATION_NAMES):
            continue
        name = base_name(path)
        if name in KUSTOMIZATION_NAMES and owning_chart(path, charts) is None:
            place = directory(path)
            present = paths.get(place)
            order = KUSTOMIZATION_NAMES.index
            if present is None or order(name) < order(base_name(present)):
                paths[place] = path
    return paths
