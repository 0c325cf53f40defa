"""The roots that a tree shows by itself: its directories, kustomizations and charts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from types import MappingProxyType

from bot.core.states.roots.builds import KustomizationBuilds
from bot.core.states.roots.charts import Chart, chart_at, charts_of, variant_place
from bot.core.states.roots.closures import Manifests, kustomizations_of
from bot.core.states.roots.fetched_files import NOTHING, FetchedFiles, Remote, zone
from bot.core.states.roots.files import Files, directory
from bot.core.states.roots.kustomizations.kustomization import Kustomization
from bot.core.states.roots.naming import Naming
from bot.core.states.roots.paths import Paths
from bot.core.states.roots.reasons import Reason
from bot.core.states.roots.root import Root, RootKey, at_other_paths, keyed, resolved
from bot.core.tree import File
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Roots:
    """The roots of a tree by key, and every kustomization in it by directory.

    `taken` are the files that kustomizations take in, and `builds` what each of these is made of.
    `fetched` are the tree's fetched files.
    """

    roots: Mapping[RootKey, Root] = field(default_factory=dict)
    kustomizations: Mapping[str, Kustomization] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()
    builds: KustomizationBuilds | None = field(default=None, compare=False, repr=False)
    fetched: FetchedFiles = field(default=NOTHING, compare=False, repr=False)

    @property
    def remotes(self) -> tuple[Remote, ...]:
        """The exact versions of the remote sources that its roots use, each once."""
        remotes = {remote.place: remote for root in self.roots.values() for remote in root.remotes}
        return tuple(remotes.values())


def roots_of(  # noqa: PLR0913 - a tree, how it is read, and what is known of it before
    files: Files,
    manifests: Manifests,
    naming: Naming,
    before: Roots | None = None,
    *,
    fetched: FetchedFiles = NOTHING,
    read: Mapping[str, Kustomization] = MappingProxyType({}),
) -> Roots:
    """The roots of a tree. `naming` says how charts that nobody installs are released.

    `before` are base's: what was a root there stays one while it exists, so that nobody takes a
    directory out of the review by listing it from somewhere else. `fetched` are the fetched files
    of the tree, `read` its kustomizations as parsed when fewer of those were there.
    """
    paths = Paths(files.tree, manifests.link, fetched)
    kustomizations = kustomizations_of(files, paths, manifests, read)
    builds = KustomizationBuilds(kustomizations, files, paths)
    roots = [builds.root(place) for place in _tops(builds, naming, before)]
    inflated = {chart.path: chart for found in kustomizations.values() for chart in found.charts}
    for chart in charts_of(files, paths, manifests, naming):
        was_root = before is not None and (chart.path, "chart", "") in before.roots
        if not chart.library and (chart.path not in inflated or was_root):
            roots += _installed(chart, naming, paths)
    roots += _inflated(kustomizations, paths, manifests)
    taken = builds.taken()
    plain: dict[str, dict[str, File]] = {}
    for path, file in files.manifests.items():
        place = directory(path)
        beside = place in kustomizations
        if path not in taken and not beside and _was_taken(path, file, before, kustomizations):
            continue
        if path not in taken or _was_plain(path, before, kustomizations):
            plain.setdefault(place, {})[path] = file
    roots += [
        Root(place, "directory", entries, place=place, unlisted=place in kustomizations)
        for place, entries in plain.items()
    ]
    old = before.roots if before is not None else {}
    return Roots(_shared(keyed(roots), old), kustomizations, taken, builds, fetched)


def _shared(roots: Mapping[RootKey, Root], old: Mapping[RootKey, Root]) -> Mapping[RootKey, Root]:
    """The same roots, those that base has as well as base's own: what they hold is read once."""
    return {key: old[key] if old.get(key) == root else root for key, root in roots.items()}


def _tops(builds: KustomizationBuilds, naming: Naming, before: Roots | None) -> list[str]:
    """The kustomizations that no other lists, those that were such at base, and named ones.

    Of some that only list one another, the first: whatever there is belongs to a root.
    """
    kustomizations = builds.kustomizations
    listed = {base for kustomization in kustomizations.values() for base in kustomization.below}
    kept = before.roots if before is not None else {}
    tops = [
        place
        for place in kustomizations
        if place not in listed or (place, "kustomization", "") in kept or naming.names(place)
    ]
    reached: set[str] = set()
    for place in (*tops, *kustomizations):
        if place in reached:
            continue
        if place not in tops:
            tops.append(place)
        pending = [place]
        while pending:
            reached_place = pending.pop()
            if reached_place not in reached:
                reached.add(reached_place)
                pending.extend(
                    kustomizations[reached_place].below if reached_place in kustomizations else ()
                )
    return [
        place
        for place in tops
        if not zone(place)
        and not naming.excludes(place)
        and (naming.names(place) or not _is_only_unlisted(builds, place, before))
    ]


def _is_only_unlisted(builds: KustomizationBuilds, place: str, before: Roots | None) -> bool:
    """Whether all that became of a kustomization is that nothing lists it any more.

    Nothing applied it by itself at base, and it is what it was: nothing newly applies it.
    """
    if before is None or before.builds is None or place not in before.kustomizations:
        return False
    if (place, "kustomization", "") in before.roots:
        return False
    return before.builds.root(place).build_inputs == builds.root(place).build_inputs


def _was_taken(
    path: str, file: File, before: Roots | None, kustomizations: Mapping[str, Kustomization]
) -> bool:
    """Whether a kustomization took this very file at base, so that nothing applies it newly.

    Where the directory's own kustomization is gone, its files may well be applied as they stand.
    """
    if before is None or before.builds is None or path not in before.taken:
        return False
    place = directory(path)
    same = (place in kustomizations) == (place in before.kustomizations)
    return same and before.builds.holds(path, file)


def _was_plain(
    path: str, before: Roots | None, kustomizations: Mapping[str, Kustomization]
) -> bool:
    """Whether a file belongs to a directory that held manifests of its own at base.

    What a kustomization took in at base already is its own at head as well.
    """
    place = directory(path)
    return (
        before is not None
        and path not in before.taken
        and (place, "directory", "") in before.roots
        and place not in kustomizations
    )


def _installed(chart: Chart, naming: Naming, paths: Paths) -> Iterator[Root]:
    """A chart as nothing in the tree installs it: once with each of its sets of values."""
    why = Reason(chart.described, "it is a Helm chart", refuses=False)
    for variant in ("", *chart.variants):
        own_path = f"{chart.path}/{variant}" if chart.path else variant
        place = variant_place(chart, variant)
        release = naming.release(chart.path, place, (own_path,) if variant else ())
        yield Root(
            chart.path,
            "chart",
            resolved(chart.files, paths),
            (*chart.reasons, why),
            own_paths=at_other_paths(chart.files),
            variant=variant,
            place=place,
            release=release,
            default_namespace=release.namespace,
            remotes=chart.remotes,
        )


def _inflated(
    kustomizations: Mapping[str, Kustomization], paths: Paths, manifests: Manifests
) -> Iterator[Root]:
    """The charts that kustomizations inflate, each as Helm renders it for one of them.

    What the kustomization then alters is unknown, and is a problem of its own.
    """
    for place, kustomization in kustomizations.items():
        for entry in kustomization.charts:
            chart = chart_at(entry.path, paths, manifests)
            name = entry.release.name
            why = Reason(kustomization.path, "it is a Helm chart", refuses=False)
            files = {**chart.files, **{path: path for path in entry.files}}
            yield Root(
                entry.path,
                "chart",
                resolved(files, paths),
                (*chart.reasons, why),
                own_paths=at_other_paths(files),
                variant=f"{place or '.'} {name}",
                place=place,
                release=entry.release,
                default_namespace=entry.release.namespace,
                remotes=chart.remotes,
            )
