"""Roots declared by GitOps objects, and the inferred roots that they replace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from bot.core.fetching import FetchResult
from bot.core.rendering import Declared, Release, RemoteChart
from bot.core.resource import ResourceKey
from bot.core.states.roots.charts import Chart, Naming, chart_at
from bot.core.states.roots.closures import Closures, Manifests, kustomizations_at
from bot.core.states.roots.fetched_files import MOST_OF_ONE, Remote, zone
from bot.core.states.roots.files import Files
from bot.core.states.roots.inferred import Roots
from bot.core.states.roots.kustomization import Reason, without_credentials
from bot.core.states.roots.overlay import Overlay
from bot.core.states.roots.paths import Paths
from bot.core.states.roots.root import Root, RootKind, keyed, resolved, shown_elsewhere
from bot.records import dataclass

# An ApplicationSet of many generators can declare more than anybody runs.
_MOST: Final = 5_000


@dataclass(frozen=True, slots=True)
class DeclaredRoots:
    """The roots of a tree with declarations applied, and the objects that declared any."""

    roots: Roots
    owners: frozenset[ResourceKey]


def with_declared(
    inferred: Roots,
    declared: Sequence[Declared],
    files: Files,
    manifests: Manifests,
    naming: Naming | None = None,
) -> DeclaredRoots:
    """The roots of a tree: the declared ones, and those inferred of which nothing was declared.

    Where the policy names roots (`naming`), only declarations that are reached from these replace
    an inferred root; the others add to it.
    """
    tree = _Tree(files, manifests, inferred)
    declared_roots: dict[object, Root] = {}
    owners: set[ResourceKey] = set()
    for declaration in _within_limit(declared):
        owners.add(declaration.node.resource.key)
        root = tree.root(declaration)
        if root is not None:
            declared_roots[root.key] = root
    if not declared_roots:
        return DeclaredRoots(inferred, frozenset(owners))
    replacing = _replacing(declared_roots.values(), naming)
    kept: list[Root] = []
    replaced: list[Root] = []
    for root in inferred.roots.values():
        (replaced if is_replaced(root, replacing) else kept).append(root)
    aside = _left_out(replaced, list(declared_roots.values()))
    roots = Roots(keyed((*kept, *aside, *declared_roots.values())), inferred.kustomizations)
    return DeclaredRoots(roots, frozenset(owners))


def _within_limit(declared: Sequence[Declared]) -> Iterator[Declared]:
    """The declarations up to the limit, and one that stands for all that are over it."""
    yield from declared[:_MOST]
    over = declared[_MOST:]
    if over:
        digest = blake2b(digest_size=16)
        for declaration in over:
            resource = declaration.node.resource
            digest.update(f"{resource.key}\0{declaration.name}\0".encode() + resource.encoded)
        yield replace(
            over[0],
            release=Release("", "", values=(digest.hexdigest(),)),
            hindrances=(f"at most {_MOST:,} roots are read, and the others are not reviewed",),
            name="over the limit",
            chart=None,
            remote="declared roots over the limit",
        )


def _left_out(replaced: Iterable[Root], declared: Sequence[Root]) -> Iterator[Root]:
    """The files of replaced directories that every declaration leaves out: nothing applies them."""
    inputs: set[str] = set()
    taken: set[str] = set()
    for root in declared:
        aside = frozenset(root.declared.inputs if root.declared is not None else ())
        inputs |= aside
        taken |= root.own_files.keys() - aside
    for root in replaced:
        files = {
            path: file
            for path, file in root.own_files.items()
            if root.kind == "directory" and path in inputs and path not in taken
        }
        if files:
            yield Root(root.path, "directory", files, place=root.place, unlisted=True)


def _replacing(declared: Iterable[Root], naming: Naming | None) -> Sequence[Root]:
    """The declared roots that replace another reading: all, or those reached from named roots."""
    pending = list(declared)
    if naming is None or not naming.starts:
        return pending
    reached: list[Root] = []
    while True:
        found = [root for root in pending if _is_reached(root, reached, naming)]
        if not found:
            return reached
        reached += found
        pending = [root for root in pending if root not in found]


def _is_reached(root: Root, reached: Iterable[Root], naming: Naming) -> bool:
    """Whether what declares a root lies in a root that the policy names, or in a reached one."""
    if root.declared is None:
        return False
    path = root.declared.node.resource.source.path
    places = ("/".join(path.split("/")[:depth]) for depth in range(path.count("/") + 1))
    if any(naming.starts_at(place) for place in places):
        return True
    return any(path.startswith(f"{other.path}/") for other in reached if other.path)


def is_replaced(root: Root, declared: Iterable[Root]) -> bool:
    """Whether declared roots hold what an inferred root holds: then it is applied as they say."""
    for other in declared:
        if other.kind != "directory" and (root.path, root.kind) == (other.path, other.kind):
            return True
        files = other.own_files
        if root.kind == "directory" and all(path in files for path in root.own_files):
            return True
    return False


class _Tree:
    """A tree in which declared roots are looked up."""

    def __init__(self, files: Files, manifests: Manifests, inferred: Roots) -> None:
        self._files = files
        self._manifests = manifests
        self._inferred = inferred
        self._fetched = inferred.fetched
        self._paths = Paths(files.tree, manifests.link, self._fetched)
        self._remotes: dict[str, list[Remote]] = {}

    def root(self, declaration: Declared) -> Root | None:
        """The root that is declared; None where nothing of it is in this tree."""
        if declaration.remote or declaration.chart is not None:
            return self._elsewhere(declaration)
        if zone(declaration.path):
            why = _reason(declaration, "Fairlead stores fetched sources under its path")
            return self._build_root(declaration, "directory", {}, (why,))
        if declaration.release is not None:
            return self._chart(declaration)
        overlay = Overlay(self._paths.tree, declaration.edits, self._manifests)
        link = self._manifests.link
        paths = Paths(overlay.tree, link, self._fetched) if declaration.edits else self._paths
        if paths.kustomization(declaration.path) is not None:
            return self._kustomization(declaration, overlay, paths)
        if not self._paths.is_directory(declaration.path):
            return None
        return self._directory(declaration)

    def _chart(self, declaration: Declared) -> Root | None:
        chart: Chart = chart_at(declaration.path, self._paths, self._manifests)
        if self._paths.file(chart.described) is None:
            return None
        why = Reason(chart.described, "it is a Helm chart", refuses=False)
        release = declaration.release
        files = {**chart.files}
        if release is not None:
            files.update(
                {path: path for path in release.values_files if path not in declaration.edits}
            )
        root = self._build_root(declaration, "chart", files, (*chart.reasons, why))
        return replace(root, remotes=chart.remotes)

    def _elsewhere(self, declaration: Declared) -> Root | None:
        if declaration.chart is None:
            return self._unbuilt(declaration, declaration.remote)
        return self._from_elsewhere(declaration, declaration.chart)

    def _from_elsewhere(self, declaration: Declared, chart: RemoteChart) -> Root | None:
        """The root of a chart that lies elsewhere."""
        fetched = self._fetched
        resolved = None
        if fetched.resolver is not None:
            resolved = fetched.resolver.chart(chart.repository, chart.name, chart.version)
        if resolved is None:
            return self._unresolved(declaration, chart)
        source = chart.node.resource.source
        holder = f"{source.path}\0{declaration.node.resource.key}\0{declaration.name}"
        others = self._remotes.setdefault(holder, [])
        remotes = others[: MOST_OF_ONE - 1]
        remote = fetched.remote(resolved, source, chart.node.route, remotes, holder)
        if remote not in others:
            others.append(remote)
        title = f"{resolved.title} of {resolved.name.removesuffix(f'/{resolved.title}')}"
        there = replace(declaration, path=remote.place)
        wanted_too = () if declaration.hindrances else (remote,)
        root = self._chart(there) if fetched.holds(remote) else None
        if root is None:
            why = _missing(chart, title, fetched.answer(remote))
            reasons = (why,) if wanted_too else ()
            root = self._build_root(there, "chart", {}, reasons)
        return replace(
            root,
            remotes=(*wanted_too, *root.remotes),
            title=title,
            home=declaration.path,
            place="/".join(part for part in (root.cluster, declaration.path) if part),
        )

    def _unresolved(self, declaration: Declared, chart: RemoteChart) -> Root:
        """The root of a chart that is not fetched, or of which no exact version is named."""
        repository = without_credentials(chart.repository)
        title = f"chart {chart.name} of {repository}"
        why = "remote sources are not fetched"
        if self._fetched.resolver is not None:
            version = f"its version {chart.version!r} is" if chart.version else "it names"
            why = f"{version} no exact version, so what is installed is not known"
        release = declaration.release or Release("", "")
        source = f"{repository} {chart.name} {chart.version}"
        settings = (*release.values, source)
        told = replace(
            declaration,
            release=replace(release, values=settings),
            hindrances=(*declaration.hindrances, why),
            source=source,
        )
        return self._unbuilt(told, title)

    def _unbuilt(self, declaration: Declared, title: str) -> Root:
        """A root for a source that Fairlead does not build: it is empty, and says why."""
        root = self._build_root(declaration, "directory", {}, ())
        return replace(root, title=title, home=declaration.path)

    def _kustomization(self, declaration: Declared, overlay: Overlay, paths: Paths) -> Root:
        kustomizations = self._inferred.kustomizations
        # One in a dot-directory is no root by itself, but what declares it applies it.
        if declaration.edits or declaration.path not in kustomizations:
            kustomizations = kustomizations_at(declaration.path, paths, overlay)
        closure = Closures(kustomizations).of(declaration.path)
        reasons = closure.reasons
        if declaration.path not in self._inferred.kustomizations and not declaration.edits:
            why = "its directory is hidden, so that only its declaration reaches it"
            reasons = (*reasons, _reason(declaration, why, refuses=False))
        elif declaration.edits or declaration.finish is not None:
            owner = declaration.node.resource
            reasons = (*reasons, _reason(declaration, f"{owner.key} alters it", refuses=False))
        space = (
            kustomizations[declaration.path].namespace if declaration.path in kustomizations else ""
        )
        root = self._build_root(declaration, "kustomization", closure.files, reasons, space)
        edits = {**declaration.edits, **closure.edits}
        return replace(root, edits=edits, remotes=closure.remotes)

    def _directory(self, declaration: Declared) -> Root:
        inside = f"{declaration.path}/" if declaration.path else ""
        if declaration.files is None:
            names = [
                path
                for path in self._files.manifests
                if path.startswith(inside) and "/" not in path[len(inside) :]
            ]
        else:
            names = list(declaration.files)
        return self._build_root(declaration, "directory", {name: name for name in names}, ())

    def _build_root(
        self,
        declaration: Declared,
        kind: RootKind,
        closure: Mapping[str, str],
        reasons: tuple[Reason, ...],
        namespace: str = "",
    ) -> Root:
        files = {
            path: own_path for path, own_path in closure.items() if path not in declaration.edits
        }
        inputs = {path: path for path in declaration.inputs if path not in files}
        root_files = resolved({**files, **inputs}, self._paths)
        hindrances = tuple(_reason(declaration, text) for text in declaration.hindrances)
        own_files = {path: file for path, file in root_files.items() if path in files}
        return Root(
            declaration.path,
            kind,
            root_files,
            (*hindrances, *reasons),
            namespace,
            read=own_files if kind == "directory" else None,
            own_paths=shown_elsewhere(files),
            variant=_variant(declaration),
            place="/".join(
                part for part in (cluster_place(declaration.cluster), declaration.path) if part
            ),
            cluster=cluster_place(declaration.cluster),
            release=declaration.release,
            edits=declaration.edits,
            laid=declaration.edits,
            finish=declaration.finish,
            default_namespace=declaration.namespace
            or (declaration.release.namespace if declaration.release else ""),
            declared=declaration,
        )


def cluster_place(cluster: str) -> str:
    """A cluster's name or address as the path of an environment."""
    return cluster.partition("://")[2].strip("/") or cluster.strip("/")


def _variant(declaration: Declared) -> str:
    """What tells it from other ways in which the same directory is built."""
    release = declaration.release.name if declaration.release is not None else ""
    owner = str(declaration.node.resource.key)
    parts = (
        owner,
        declaration.name,
        cluster_place(declaration.cluster),
        release,
        declaration.namespace,
    )
    return " ".join(dict.fromkeys(part for part in parts if part))


def _missing(chart: RemoteChart, title: str, answer: FetchResult | None) -> Reason:
    """Why a chart from elsewhere is not here."""
    message = f": {answer.message}" if answer is not None and answer.message else ""
    if answer is not None and answer.status == "fetched":
        message = ": the fetched source is not a chart"
    source = chart.node.resource.source
    return Reason(
        source.path,
        f"the chart {title} is not in this repository{message}",
        source,
        chart.node.route,
        spent=answer is not None and answer.status == "limit",
        cause=f"{title} is not here",
    )


def _reason(declaration: Declared, message: str, *, refuses: bool = True) -> Reason:
    source = declaration.node.resource.source
    return Reason(source.path, message, source, declaration.node.route, refuses)
