"""Builds: how a root becomes resources, by which renderer, and with which result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from types import MappingProxyType
from typing import Final, Literal, Protocol, TypeAlias

from bot.core.resource import Node, Resource
from bot.core.tree import Tree
from bot.records import dataclass

Renderer: TypeAlias = Literal["kustomize", "helm"]

ToolName: TypeAlias = Renderer | Literal["validator"]
"""The programs that a review runs: the renderers, and Kubernetes' own validation."""

BuildStatus: TypeAlias = Literal["rendered", "refused", "failed", "limit", "unavailable"]
"""`refused`: not even tried; `failed`: the renderer said no; `limit`: a budget of ours was met;
`unavailable`: there is no renderer or no sandbox here."""


ORIGIN_PREFIX: Final = "../tree/"
"""What paths of the tree begin with in the origins that kustomize writes."""


@dataclass(frozen=True, slots=True)
class Release:
    """How a chart is installed: what Argo CD, Flux or a person would hand to Helm.

    `values_files` are paths in the tree, later ones win; `values` are YAML texts laid over them.
    `upgrade` is a build as Helm upgrades what it has installed; `upgraded` says whether that ever
    happens to it.
    """

    name: str
    namespace: str
    values_files: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    kubernetes: str | None = None
    api_versions: tuple[str, ...] = ()
    upgrade: bool = False
    crds: bool = True
    upgraded: bool = True


@dataclass(frozen=True, slots=True)
class Build:
    """What to build: a root's directory, the files of its closure by path (content ids), and how.

    `edits` are files whose text is another than the tree's, by path: what Argo CD or Flux write
    into a source before they build it, or a hunk that is put back. `release` is for charts alone.
    `again` asks for a second answer to the same question, which may be another one.
    """

    renderer: Renderer
    root: str
    files: Mapping[str, str]
    edits: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    release: Release | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class BuildResult:
    """The result of a build.

    `output` is a stream of YAML documents. In kustomize's, each says its origin; in Helm's, each
    begins with a `# Source:` comment. `tool` is the renderer with its version, `message` one
    sentence on why there is no output.
    """

    status: BuildStatus
    output: bytes = b""
    tool: str = ""
    message: str = ""


class Builder(Protocol):
    """Builds roots. Never raises for the content of a tree: a failed build is a result."""

    def build(self, build: Build) -> BuildResult:
        """The result of a build."""

    def build_all(self, builds: Sequence[Build]) -> Sequence[BuildResult]:
        """One result for each build, in order."""
        return [self.build(build) for build in builds]


class NoBuilder(Builder):
    """A builder without renderers."""

    def build(self, build: Build) -> BuildResult:
        """An `unavailable` result that says how to install the renderer."""
        return BuildResult(
            "unavailable",
            message=f"{build.renderer} is not installed: run `fairlead tools fetch`",
        )


Finish: TypeAlias = Callable[[bytes], bytes]
"""What becomes of one object, as JSON, after the build; raises UnbuildableError where that cannot
be said. Two that do the same are equal and have the same hash, or their roots always differ."""


Tool: TypeAlias = Literal["", "argocd", "flux", "flux-tests", "configsync"]
"""What applies a root; `flux-tests` is a HelmRelease that runs its chart's tests as well."""


@dataclass(frozen=True, slots=True)
class RemoteChart:
    """A chart of a repository of charts or of a registry, whose version stands at `node`."""

    repository: str
    name: str
    version: str
    node: Node


@dataclass(frozen=True, slots=True)
class Declared:
    """A root that an object of the tree declares: what to build, how, and for which cluster.

    `node` is the field that declares it, in an Application, a Flux Kustomization or the like.
    `path` is its directory, empty for the top of the tree. `cluster` names the environment, empty
    where nothing says which one; `namespace` is what its resources without one get, empty for the
    environment's own. `release` is for charts; without one, a kustomization at `path` is built and
    a directory without one is applied as it stands, of which `files` are those that count, None for
    all that lie directly in it.

    `edits` are texts that the owner lays over the tree before it builds, by path; the kustomization
    that Flux generates is one of them. `inputs` are further files that it depends on, such as
    `.argocd-source.yaml`, and `left_out` the manifests of a plain directory that the owner does not
    apply. `finish` is what the owner does to each object after the build.
    `hindrances` are sentences on why it cannot be built, which then is not tried. `name` tells it
    from other roots that the same object declares at the same place, as an ApplicationSet may.
    `chart` is its remote source, if it has one; `path` then is where the object is.
    `tool` is what applies it. `remote` names a source that is not built, as it is remote or
    cannot be found; then `path` is the directory of the object as well. `order` counts the sources
    of one object: where several hold the same resource, the last one is applied. `source` names
    what `remote` is with its version, or the settings of what cannot be built: unknown content of
    another source is not the same unknown.
    `edition` is what the owner compares to see whether a chart of the tree is another one, empty
    where it takes every change of its files.
    `lists` says that the kustomization of `edits` only lists manifests of the tree, so that it
    gives what they say.
    `generated` is an ApplicationSet without generators, whose template is filled in for one
    Application.
    """

    node: Node
    path: str
    cluster: str = ""
    namespace: str = ""
    release: Release | None = None
    files: tuple[str, ...] | None = None
    edits: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    inputs: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    finish: Finish | None = None
    hindrances: tuple[str, ...] = ()
    name: str = ""
    chart: RemoteChart | None = None
    tool: Tool = ""
    remote: str = ""
    order: int = 0
    source: str = ""
    edition: str = ""
    lists: bool = False
    generated: Resource | None = None

    @property
    def owner(self) -> Resource:
        """The object that declares the root, with the texts of its template filled in."""
        return self.generated or self.node.resource

    @property
    def filled_in(self) -> bytes:
        """The generated ApplicationSet as JSON; empty where another object declares the root."""
        return self.generated.encoded if self.generated is not None else b""


class Declare(Protocol):
    """Finds the roots that GitOps objects declare.

    Called again with the resources rendered from declared roots until nothing new is declared.
    """

    def __call__(
        self, resources: Sequence[Resource], tree: Tree, both: Sequence[Resource], /
    ) -> Iterable[Declared]:
        """The roots of a tree that `resources` declare; `both` are those of base and head."""


def declare_nothing(
    resources: Sequence[Resource], tree: Tree, both: Sequence[Resource], /
) -> Iterable[Declared]:
    """Declares no roots."""
    del resources, tree, both
    return ()
