"""Artifacts that Flux's source-watcher composes of directories of other sources.

https://fluxcd.io/flux/components/source/artifactgenerators/: each artifact is a list of copies,
`from: "@alias/path/**"` and `to: "@artifact/path/"`. A directory of the artifact is a directory of
this repository where all copies keep the layout of one repository.
"""

from __future__ import annotations

import posixpath
from typing import Final

from bot.core.resource import GroupKind, Node, Resource
from bot.kubernetes.gitops.tree_files import lies_in, within
from bot.records import dataclass

ARTIFACT_GENERATOR: Final = GroupKind("source.extensions.fluxcd.io", "ArtifactGenerator")
EXTERNAL_ARTIFACT: Final = "ExternalArtifact"

_ALL: Final = "/**"
_ARTIFACT: Final = "@artifact/"


@dataclass(frozen=True, slots=True)
class ComposedPath:
    """The directory of a source that a directory of an artifact is: `source` names the source."""

    source: Node
    path: str


@dataclass(frozen=True, slots=True)
class _Copy:
    """One copy of all of a directory: where it comes from, and where in the artifact it goes."""

    alias: str
    start: str
    target: str


def composed_path(generator: Resource, name: str, path: str) -> ComposedPath | None:
    """Return what a path in an artifact of a generator is; None where it is no one directory."""
    artifacts = [
        found for found in generator.at("spec", "artifacts").items() if found["name"].text == name
    ]
    wanted = within(path)
    if len(artifacts) != 1 or wanted is None:
        return None
    copies = [_copy(node) for node in artifacts[0]["copy"].items()]
    found = _directory([copy for copy in copies if copy is not None], wanted)
    if None in copies or found is None:
        return None
    alias, directory = found
    sources = [
        node for node in generator.at("spec", "sources").items() if node["alias"].text == alias
    ]
    return ComposedPath(sources[0], directory) if len(sources) == 1 else None


def _copy(node: Node) -> _Copy | None:
    """Return a copy of all of a directory; None for a copy of anything else."""
    start, target = node["from"].text or "", node["to"].text or ""
    alias, _, inner = start.removeprefix("@").partition("/")
    if not start.startswith("@") or not f"/{inner}".endswith(_ALL) or node["exclude"].value:
        return None
    if not target.startswith(_ARTIFACT) or node["strategy"].text not in (None, "Overwrite"):
        return None
    directory = within(f"/{inner}".removesuffix(_ALL).strip("/") or ".")
    place = within(target.removeprefix(_ARTIFACT).strip("/") or ".")
    if directory is None or place is None or "*" in directory:
        return None
    return _Copy(alias, directory, place)


def _directory(copies: list[_Copy], wanted: str) -> tuple[str, str] | None:
    """Return the alias and directory of a path of the artifact.

    With several copies, the artifact must be laid out as one directory of one source.
    """
    if len(copies) == 1:
        (copy,) = copies
        if lies_in(wanted, copy.target):
            return copy.alias, _joined(
                copy.start, posixpath.relpath(wanted or ".", copy.target or ".")
            )
        return (copy.alias, copy.start) if lies_in(copy.target, wanted) else None
    tops = {(copy.alias, _top(copy)) for copy in copies}
    if len(tops) != 1:
        return None
    alias, top = tops.pop()
    return None if top is None else (alias, _joined(top, wanted))


def _top(copy: _Copy) -> str | None:
    """Return the directory under which a copy has the path that it has in the artifact."""
    if not copy.target:
        return copy.start
    if copy.start == copy.target:
        return ""
    top = copy.start.removesuffix(f"/{copy.target}")
    return top if top != copy.start else None


def _joined(directory: str, path: str) -> str:
    joined = posixpath.normpath(posixpath.join(directory, path))
    return "" if joined == "." else joined
