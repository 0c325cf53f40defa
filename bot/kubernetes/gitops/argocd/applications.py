"""Argo CD's Applications: the roots that each of their sources declares in this repository."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bot.core.reading.yaml_texts import json_text, patched
from bot.core.rendering import Declared, Release, RemoteChart
from bot.core.resource import Node
from bot.core.states.roots.files import directory
from bot.core.states.roots.reasons import without_credentials
from bot.core.values import Body, mapping, sequence, text
from bot.errors import UnbuildableError
from bot.kubernetes import kinds
from bot.kubernetes.gitops.argocd.directory import discovered_type, plain_directory
from bot.kubernetes.gitops.argocd.helm import release_of
from bot.kubernetes.gitops.argocd.kustomize import edited
from bot.kubernetes.gitops.argocd.names import Hubs, cluster_of
from bot.kubernetes.gitops.argocd.source import Application, ArgoSource
from bot.kubernetes.gitops.globs import matches
from bot.kubernetes.gitops.repositories import RepositoryAddresses
from bot.kubernetes.gitops.tree_files import REMOTE, TreeFiles, within
from bot.kubernetes.gitops.unbuilt import unbuilt
from bot.kubernetes.gitops.unknowns import PREFIX, holds_unknown

_TYPES: Final = ("kustomize", "helm", "directory", "plugin")
_FIXED: Final = ("chart", "path", "repoURL", "targetRevision")
_MOST_PLACES: Final = 500
_NO_CHART: Final = "there is no Chart.yaml at its path"
_TAKEN_FOR_CHART: Final = (
    "a file whose name ends in Chart.yaml makes it a chart for Argo CD, and there is no Chart.yaml"
)


def declared_by(
    application: Application, places: TreeFiles, addresses: RepositoryAddresses, hubs: Hubs
) -> Iterator[Declared]:
    """Yield the roots that an Application declares, in this tree and of remote charts."""
    sources = list(_sources(application))
    refs = {
        name: addresses.holds(text(body.get("repoURL")))
        for _, body in sources
        if (name := text(body.get("ref")))
    }
    cluster = cluster_of(
        mapping(application.spec.get("destination")), application.node.resource, hubs
    )
    for order, (node, body) in enumerate(sources):
        source = ArgoSource(application, body, REMOTE, places, refs)
        is_own = addresses.holds(text(body.get("repoURL")))
        for declared in _of_source(source, node, cluster, is_own=is_own):
            yield replace(declared, order=order)


def _of_source(
    source: ArgoSource, node: Node, cluster: str, *, is_own: bool | None
) -> Iterator[Declared]:
    """Yield the roots of one source; `is_own` says whether it is this repository, if known."""
    application, body, places = source.application, source.body, source.places
    path = text(body.get("path"))
    if text(body.get("chart")):
        yield _chart_elsewhere(source, node, cluster)
        return
    if path is None and (text(body.get("ref")) or not text(body.get("repoURL"))):
        return
    if path is None or is_own is False:
        yield _unbuilt(application, body, node, cluster)
        return
    for place in _places(path, places):
        yield _declared(replace(source, place=place), node, cluster)
    # A set may name more paths than exist; an Application's path must exist.
    is_written = application.node.resource.group_kind == kinds.APPLICATION
    meant = within(path) if is_written else None
    if meant is not None and not places.has(meant):
        if not text(body.get("repoURL")):
            return
        if is_own:
            missing = f"its path {path!r} is not in the tree"
            yield Declared(node, meant, cluster, hindrances=(missing,))
        else:
            yield _unbuilt(application, body, node, cluster)


def _unbuilt(application: Application, body: Body, node: Node, cluster: str) -> Declared:
    """Return the root of a source in another repository, which is not fetched."""
    address = without_credentials(text(body.get("repoURL")) or "")
    path = text(body.get("path"))
    resource = application.node.resource
    name = (application.name,) if application.name != resource.name else ()
    title = f"source {address}" + (f", path {path}," if path else "")
    why = f"{resource.key} takes it from another repository, which is not fetched"
    if not address:
        title = f"source at path {path}" if path else "source"
        why = f"{resource.key} has no repoURL, so nobody can tell what it applies"
    declared = unbuilt(node, title, why, body, text(body.get("targetRevision")))
    return replace(declared, cluster=cluster, name=" ".join((*name, declared.name)))


def _sources(application: Application) -> Iterator[tuple[Node, Body]]:
    """Yield each source with the node that names it.

    `sources` replaces `source`. The dry source of a hydrator replaces both: what Argo CD applies is
    rendered from it. https://argo-cd.readthedocs.io/en/stable/user-guide/source-hydrator/
    """
    hydrator = mapping(application.spec.get("sourceHydrator"))
    if hydrator:
        node = application.node["sourceHydrator"]["drySource"]
        yield _path(node), mapping(hydrator.get("drySource"))
        return
    several = sequence(application.spec.get("sources"))
    if several:
        nodes = list(application.node["sources"].items())
        for index, body in enumerate(several):
            node = nodes[index] if index < len(nodes) else application.node["sources"]
            yield _path(node), mapping(body)
    elif mapping(application.spec.get("source")):
        yield _path(application.node["source"]), mapping(application.spec.get("source"))


def _path(source: Node) -> Node:
    return source["path"] if source["path"].exists else source


def _places(path: str, places: TreeFiles) -> Iterator[str]:
    """Yield the directory that a path names, or every directory that a partly unknown path matches.

    An unknown part matches within one path segment first, and across segments only if nothing
    matches that way. A path that is wholly unknown matches nothing.
    """
    if not holds_unknown(path):
        place = within(path)
        if place is not None and places.has(place):
            yield place
        return
    glob = _glob(path.strip("/"))
    if not glob.replace("*", "").strip("/.-_"):
        return
    deployed = [place for place in places.directories if places.deploys(place)]
    fitting = [place for place in deployed if matches(glob, place, "path")]
    fitting = fitting or [place for place in deployed if matches(glob, place, "text")]
    yield from fitting[:_MOST_PLACES]


def _glob(path: str) -> str:
    """Return the path as a glob, with `*` for each unknown value."""
    parts = path.split(PREFIX)
    escaped = [part if index == 0 else part[16:] for index, part in enumerate(parts)]
    return "*".join("".join(f"\\{c}" if c in "*?[{\\" else c for c in part) for part in escaped)


def _declared(source: ArgoSource, node: Node, cluster: str) -> Declared:
    """Return the root that one source declares."""
    inputs = _override_files(source)
    try:
        body = _overridden(source.body, inputs, source.places)
        declared = _built(replace(source, body=body), node, cluster)
    except UnbuildableError as error:
        declared = Declared(node, source.place, cluster, hindrances=(str(error),))
    if declared.hindrances:
        # What cannot be built depends on every setting.
        declared = replace(declared, source=json_text(source.body))
    application = source.application
    name = application.name if application.name != node.resource.name else ""
    hindrances = (*application.hindrances, *declared.hindrances)
    return replace(declared, name=name, inputs=(*inputs, *declared.inputs), hindrances=hindrances)


def _chart_elsewhere(source: ArgoSource, node: Node, cluster: str) -> Declared:
    """Return the root of a chart in a Helm repository or an OCI registry.

    A `repoURL` without a scheme names a registry:
    https://argo-cd.readthedocs.io/en/stable/user-guide/helm/#declarative
    """
    application, body = source.application, source.body
    url, name = text(body.get("repoURL")) or "", text(body.get("chart")) or ""
    named = node["targetRevision"]
    chart = RemoteChart(
        url if "://" in url else f"oci://{url}",
        name,
        text(body.get("targetRevision")) or "",
        named if named.exists else node,
    )
    place = directory(application.node.resource.source.path)
    namespace = text(source.destination.get("namespace")) or ""
    try:
        release, inputs = release_of(source)
        declared = Declared(node, place, cluster, namespace, release, inputs=inputs)
    except UnbuildableError as error:
        release = Release(application.name or name, namespace or "default")
        declared = Declared(node, place, cluster, namespace, release, hindrances=(str(error),))
    own_name = application.name if application.name != node.resource.name else ""
    hindrances = (*application.hindrances, *declared.hindrances)
    return replace(declared, name=own_name, hindrances=hindrances, chart=chart)


def _override_files(source: ArgoSource) -> tuple[str, ...]:
    """Return the paths of the source's override files.

    https://argo-cd.readthedocs.io/en/stable/user-guide/parameters/#store-overrides-in-git
    """
    inside = f"{source.place}/" if source.place else ""
    application = source.application
    # Of an Application in another namespace than Argo CD's, the name begins with its namespace.
    instance = f"{application.node.resource.namespace}_{application.name}"
    own_names = (f".argocd-source-{name}.yaml" for name in (application.name, instance))
    names = (".argocd-source.yaml", *own_names)
    return tuple(f"{inside}{name}" for name in names if f"{inside}{name}" in source.places.files)


def _overridden(body: Body, files: tuple[str, ...], places: TreeFiles) -> Body:
    """Return the source with these override files applied, which cannot change its address."""
    overridden = body
    for path in files:
        overridden = mapping(patched(overridden, places.body(path)))
    fixed = {key: body[key] for key in _FIXED if key in body}
    return {**{key: value for key, value in overridden.items() if key not in _FIXED}, **fixed}


def _built(source: ArgoSource, node: Node, cluster: str) -> Declared:
    """Return the root as Argo CD builds it: by the named tool, else by what the directory holds."""
    tools = [kind for kind in _TYPES if source.body.get(kind) is not None]
    if len(tools) > 1:
        raise UnbuildableError(f"it says {' and '.join(tools)} at once, which Argo CD refuses")
    kustomization = source.places.kustomization(source.place)
    namespace = text(source.destination.get("namespace")) or ""
    kind = tools[0] if tools else discovered_type(source.place, source.places)
    if kind == "plugin":
        why = ("a config management plugin of Argo CD renders it",)
        inputs = tuple(source.places.below(source.place))
        return Declared(node, source.place, cluster, namespace, inputs=inputs, hindrances=why)
    if kind == "kustomize":
        if kustomization is None:
            raise UnbuildableError("there is no kustomization at its path")
        edits = edited(source, kustomization)
        return Declared(node, source.place, cluster, namespace, edits=edits)
    if kind == "helm":
        if source.places.chart(source.place) is None:
            raise UnbuildableError(_NO_CHART if tools else _TAKEN_FOR_CHART)
        release, inputs = release_of(source)
        return Declared(node, source.place, cluster, namespace, release, inputs=inputs)
    return plain_directory(source, node, cluster, namespace)
