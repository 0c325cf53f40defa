"""One declared root: its files, its variant, its environment."""

from __future__ import annotations

from collections.abc import Mapping

from bot.core.rendering import Declared
from bot.core.states.roots.paths import Paths
from bot.core.states.roots.reasons import Reason
from bot.core.states.roots.root import Root, RootKind, at_other_paths, resolved


def declared_root(  # noqa: PLR0913 - what is declared, where it is looked up, and what came of it
    declaration: Declared,
    kind: RootKind,
    closure: Mapping[str, str],
    reasons: tuple[Reason, ...],
    paths: Paths,
    *,
    namespace: str = "",
) -> Root:
    """The root that an object declares, made of the files of a closure."""
    files = {path: own_path for path, own_path in closure.items() if path not in declaration.edits}
    further = (*declaration.inputs, *declaration.left_out)
    inputs = {path: path for path in further if path not in files}
    root_files = resolved({**files, **inputs}, paths)
    hindrances = tuple(reason_at(declaration, text) for text in declaration.hindrances)
    own_files = {path: file for path, file in root_files.items() if path in files}
    return Root(
        declaration.path,
        kind,
        root_files,
        (*hindrances, *reasons),
        namespace,
        read=own_files if kind == "directory" else None,
        own_paths=at_other_paths(files),
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


def reason_at(declaration: Declared, message: str, *, refuses: bool = True) -> Reason:
    """A reason at the field that declares a root."""
    source = declaration.node.resource.source
    return Reason(source.path, message, source, declaration.node.route, refuses)
