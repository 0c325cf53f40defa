"""Roots that objects of the tree declare, in place of those that were inferred for lack of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from bot.core.fetching import FetchResult
from bot.core.rendering import Declared, RemoteChart
from bot.core.resource import ResourceKey
from bot.core.states.roots.charts import Chart, chart_at
from bot.core.states.roots.closures import Closures, Manifests, kustomizations_at
from bot.core.states.roots.fetched_files import MOST_OF_ONE, Remote, zone
from bot.core.states.roots.files import Files
from bot.core.states.roots.kustomization import Reason
from bot.core.states.roots.overlay import Overlay
from bot.core.states.roots.paths import Paths
from bot.core.states.roots.root import Root, RootKind, Roots, elsewhere, keyed, resolved

# An ApplicationSet of many generators can declare more than anybody runs.
_MOST: Final = 5_000


@dataclass(frozen=True, slots=True)
class DeclaredRoots:
    """The roots of a tree once what declares roots is known, and the objects that declared any."""

    roots: Roots
    owners: frozenset[ResourceKey]


def with_declared(
    inferred: Roots, declared: Iterable[Declared], files: Files, manifests: Manifests
) -> DeclaredRoots:
    """The roots of a tree: the declared ones, and those inferred of which nothing was declared."""
    tree = _Tree(files, manifests, inferred)
    found: dict[object, Root] = {}
    owners: set[ResourceKey] = set()
    for number, held in enumerate(declared):
        if number >= _MOST:
            break
        owners.add(held.node.resource.key)
        root = tree.root(held)
        if root is not None:
            found[root.key] = root
    if not found:
        return DeclaredRoots(inferred, frozenset(owners))
    kept = (root for root in inferred.roots.values() if not _is_replaced(root, found.values()))
    roots = Roots(keyed((*kept, *found.values())), inferred.kustomizations)
    return DeclaredRoots(roots, frozenset(owners))


def _is_replaced(root: Root, declared: Iterable[Root]) -> bool:
    """Whether what an inferred root holds is declared: then it is not applied in another way."""
    for other in declared:
        if other.kind != "directory" and (root.path, root.kind) == (other.path, other.kind):
            return True
        own = other.own_files
        if root.kind == "directory" and all(path in own for path in root.own_files):
            return True
    return False


class _Tree:
    """A tree in which declared roots are looked up."""

    def __init__(self, files: Files, manifests: Manifests, inferred: Roots) -> None:
        self._files = files
        self._manifests = manifests
        self._inferred = inferred
        self._grafts = inferred.grafts
        self._paths = Paths(files.tree, manifests.link, self._grafts)
        self._remotes: dict[str, list[Remote]] = {}

    def root(self, held: Declared) -> Root | None:
        """The root that is declared; None where nothing of it is in this tree."""
        if held.chart is not None:
            return self._from_elsewhere(held, held.chart)
        if zone(held.path):
            why = _reason(held, "its path is where what is fetched from elsewhere is put")
            return self._made(held, "directory", {}, (why,))
        if held.release is not None:
            return self._chart(held)
        overlay = Overlay(self._paths.tree, held.edits, self._manifests)
        link = self._manifests.link
        paths = Paths(overlay.tree, link, self._grafts) if held.edits else self._paths
        if paths.kustomization(held.path) is not None:
            return self._kustomization(held, overlay, paths)
        if not self._paths.is_directory(held.path):
            return None
        return self._directory(held)

    def _chart(self, held: Declared) -> Root | None:
        chart: Chart = chart_at(held.path, self._paths, self._manifests)
        if self._paths.file(chart.described) is None:
            return None
        why = Reason(chart.described, "it is a Helm chart", refuses=False)
        release = held.release
        files = {**chart.files}
        if release is not None:
            files.update({path: path for path in release.values_files if path not in held.edits})
        made = self._made(held, "chart", files, (*chart.reasons, why))
        return replace(made, remotes=chart.remotes)

    def _from_elsewhere(self, held: Declared, wanted: RemoteChart) -> Root | None:
        """The root of a chart that lies elsewhere; None where no exact version of it is named."""
        grafts = self._grafts
        meant = None
        if grafts.elsewhere is not None:
            meant = grafts.elsewhere.chart(wanted.repository, wanted.name, wanted.version)
        if meant is None:
            return None
        source = wanted.node.resource.source
        holder = f"{source.path}\0{held.node.resource.key}\0{held.name}"
        others = self._remotes.setdefault(holder, [])
        known = others[: MOST_OF_ONE - 1]
        remote = grafts.remote(meant, source, wanted.node.route, known, holder)
        if remote not in others:
            others.append(remote)
        title = f"{meant.title} of {meant.name.removesuffix(f'/{meant.title}')}"
        there = replace(held, path=remote.place)
        wanted_too = () if held.hindrances else (remote,)
        found = self._chart(there) if grafts.holds(remote) else None
        if found is None:
            why = _missing(wanted, title, grafts.answer(remote))
            reasons = (why,) if wanted_too else ()
            found = self._made(there, "chart", {}, reasons)
        return replace(
            found,
            remotes=(*wanted_too, *found.remotes),
            title=title,
            home=held.path,
            place="/".join(part for part in (found.cluster, held.path) if part),
        )

    def _kustomization(self, held: Declared, overlay: Overlay, paths: Paths) -> Root:
        known = self._inferred.kustomizations
        if held.edits:
            known = kustomizations_at(held.path, paths, overlay)
        closure = Closures(known).of(held.path)
        reasons = closure.reasons
        if held.edits or held.finish is not None:
            owner = held.node.resource
            reasons = (*reasons, _reason(held, f"{owner.key} alters it", refuses=False))
        space = known[held.path].namespace if held.path in known else ""
        made = self._made(held, "kustomization", closure.files, reasons, space)
        edits = {**held.edits, **closure.edits}
        return replace(made, edits=edits, remotes=closure.remotes)

    def _directory(self, held: Declared) -> Root:
        inside = f"{held.path}/" if held.path else ""
        if held.files is None:
            names = [
                path
                for path in self._files.manifests
                if path.startswith(inside) and "/" not in path[len(inside) :]
            ]
        else:
            names = list(held.files)
        return self._made(held, "directory", {name: name for name in names}, ())

    def _made(
        self,
        held: Declared,
        kind: RootKind,
        closure: Mapping[str, str],
        reasons: tuple[Reason, ...],
        namespace: str = "",
    ) -> Root:
        files = {path: own for path, own in closure.items() if path not in held.edits}
        inputs = {path: path for path in held.inputs if path not in files}
        found = resolved({**files, **inputs}, self._paths)
        hindrances = tuple(_reason(held, text) for text in held.hindrances)
        own = {path: file for path, file in found.items() if path in files}
        return Root(
            held.path,
            kind,
            found,
            (*hindrances, *reasons),
            namespace,
            read=own if kind == "directory" else None,
            own_paths=elsewhere(files),
            variant=_variant(held),
            place="/".join(part for part in (cluster_place(held.cluster), held.path) if part),
            cluster=cluster_place(held.cluster),
            release=held.release,
            edits=held.edits,
            laid=held.edits,
            finish=held.finish,
            default_namespace=held.namespace or (held.release.namespace if held.release else ""),
            declared=held,
        )


def cluster_place(cluster: str) -> str:
    """A cluster's name or address as the path of an environment."""
    return cluster.partition("://")[2].strip("/") or cluster.strip("/")


def _variant(held: Declared) -> str:
    """What tells it from other ways in which the same directory is built."""
    release = held.release.name if held.release is not None else ""
    owner = str(held.node.resource.key)
    parts = (owner, held.name, cluster_place(held.cluster), release, held.namespace)
    return " ".join(dict.fromkeys(part for part in parts if part))


def _missing(wanted: RemoteChart, title: str, answer: FetchResult | None) -> Reason:
    """Why a chart from elsewhere is not here."""
    said = f": {answer.message}" if answer is not None and answer.message else ""
    if answer is not None and answer.status == "fetched":
        said = ": what was fetched is no chart"
    source = wanted.node.resource.source
    return Reason(
        source.path,
        f"the chart {title} is not in this repository{said}",
        source,
        wanted.node.route,
        spent=answer is not None and answer.status == "limit",
        cause=f"{title} is not here",
    )


def _reason(held: Declared, message: str, *, refuses: bool = True) -> Reason:
    source = held.node.resource.source
    return Reason(source.path, message, source, held.node.route, refuses)
