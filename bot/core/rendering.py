"""A build: what a root is made into resources of, by which renderer, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias

Renderer: TypeAlias = Literal["kustomize", "helm"]

Status: TypeAlias = Literal["rendered", "refused", "failed", "limit", "unavailable"]
"""`refused`: not even tried; `failed`: the renderer said no; `limit`: a budget of ours was met;
`unavailable`: there is no renderer or no sandbox here."""


@dataclass(frozen=True, slots=True)
class Release:
    """How a chart is installed: what Argo CD, Flux or a person would hand to Helm.

    `values_files` are paths in the tree, later ones win; `values` are YAML texts laid over them.
    """

    name: str
    namespace: str
    values_files: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    kubernetes: str | None = None
    api_versions: tuple[str, ...] = ()
    upgrade: bool = False
    crds: bool = True


@dataclass(frozen=True, slots=True)
class Build:
    """What to build: a root's directory, the files of its closure by path (content ids), and how.

    `edits` are files whose text is another than the tree's, by path: what Argo CD or Flux write
    into a source before they build it, or a hunk that is put back. `release` is for charts alone.
    """

    renderer: Renderer
    root: str
    files: Mapping[str, str]
    edits: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    release: Release | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """What came of a build.

    `output` is a stream of YAML documents. In kustomize's, each says its origin; in Helm's, each
    begins with a `# Source:` comment. `tool` is the renderer with its version, `message` one
    sentence on why there is no output.
    """

    status: Status
    output: bytes = b""
    tool: str = ""
    message: str = ""


class Builder(Protocol):
    """Who builds. Never raises for what a tree holds: what does not build is an answer as well."""

    def build(self, build: Build) -> Built:
        """What comes of a build."""
