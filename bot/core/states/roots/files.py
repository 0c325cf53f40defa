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


def files_of(tree: Tree, ignore: Iterable[str] = ()) -> Files:
    """What there is to look at in a tree."""
    ignored = tuple(ignore)
    seen = {path: file for path, file in sorted(tree.items()) if not _hidden(path, ignored)}
    regular = {path: file for path, file in seen.items() if file.mode in REGULAR}
    charts = frozenset(
        directory(path)
        for path in regular
        if path.endswith(CHART_NAME) and base_name(path) == CHART_NAME
    )
    manifests = {
        path: file
        for path, file in regular.items()
        if path.endswith(MANIFEST_SUFFIXES) and owning_chart(path, charts) is None
    }
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


def _is_charts_own(segments: list[str]) -> bool:
    if len(segments) == 1:
        name = segments[0]
        return name in (CHART_NAME, "Chart.lock", "requirements.yaml", "requirements.lock") or (
            name.startswith("values")
        )
    return segments[0] in ("templates", "crds", "charts")


def _hidden(path: str, ignored: tuple[str, ...]) -> bool:
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
