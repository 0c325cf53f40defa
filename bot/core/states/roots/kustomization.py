"""One kustomization file: what it lists, what else it takes in, and whether listing is all."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from types import MappingProxyType
from typing import Any, Final

import msgspec

from bot.core import values
from bot.core.manifest import Manifest
from bot.core.reading import read_manifest
from bot.core.resource import GroupKind, ListStep, ResourceSource, Route
from bot.core.states.roots.fetched_files import Remote, ResolvedSource, zone
from bot.core.states.roots.files import CHART_NAME, KUSTOMIZATION_NAMES, directory
from bot.core.states.roots.inflated import InflatedChart, chart_sources, inflated_charts
from bot.core.states.roots.paths import Paths
from bot.core.states.roots.references import (
    KustomizationPath,
    is_fetched,
    is_inline,
    is_remote,
    references,
)
from bot.core.tree import File
from bot.core.values import EMPTY, Body, Value, freeze, thaw
from bot.errors import UnbuildableError
from bot.records import dataclass

GROUP: Final = "kustomize.config.k8s.io"

# What leaves the resources as they are. `buildMetadata` adds annotations about the build alone,
# `generatorOptions` says nothing without a generator.
# https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
_PLAIN_FIELDS: Final = frozenset(
    {"apiVersion", "kind", "metadata", "resources", "bases", "namespace", "sortOptions"}
    | {"buildMetadata", "generatorOptions"}
)

# What kustomize does only with flags that let a tree run programs or reach out.
_CHARTS: Final = "it inflates Helm charts, which kustomize does only with --enable-helm"
_UNBUILDABLE: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(("helmCharts", "helmChartInflationGenerator"), _CHARTS)
)
_BUILTIN: Final = "builtin"
_CHART_PLUGIN: Final = "HelmChartInflationGenerator"
_FUNCTIONS: Final = ("config.kubernetes.io/function", "config.k8s.io/function")

_VERSION: Final = f"{GROUP}/v1beta1"
_ORDERS: Final = (None, "legacy", "fifo")

_GENERATORS: Final = ("configMapGenerator", "secretGenerator")

# Strings longer than any path are content.
_MOST_STRINGS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a root cannot be read as it stands: a field of a file, and a sentence about it.

    `refuses` says that no renderer is given the root either, `spent` that a budget of ours is why.
    `cause` tells it from other reasons where the sentence would say more than that. `sources` are
    the versions of what lies elsewhere and is the reason.
    """

    path: str
    message: str
    source: ResourceSource | None = None
    route: Route = ()
    refuses: bool = True
    spent: bool = False
    cause: str = ""
    sources: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """What makes it the same reason at base and at head."""
        return self.cause or self.message


@dataclass(frozen=True, slots=True)
class Base:
    """A directory that a kustomization takes in through a symlink.

    `seen` is the path by which it does, `reason` why that is refused where the kustomization there
    reaches out of its own directory: kustomize would start from where the symlink leads.
    """

    path: str
    seen: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Kustomization:
    """One directory's kustomization.

    `files` are listed manifests, `bases` listed directories, `others` those that other fields take
    in, `referenced` every other file of the tree that it takes in, `mentioned` those that it only
    may. `seen` are the paths of files that it names through symlinks, with what they lead to.
    `entries` are the paths of listed files and directories, each with the route of its entry, and
    `source` is where the kustomization is written.
    `charts` are those of the tree that it inflates.
    `reasons` say why its output is not simply what it lists. `remotes` are exact versions of what
    lies elsewhere; where any of them was brought, `text` is the file with the paths of those in it.
    """

    path: str
    files: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    namespace: str = ""
    referenced: frozenset[str] = frozenset()
    component: bool = False
    reasons: tuple[Reason, ...] = ()
    others: tuple[str, ...] = ()
    linked: tuple[Base, ...] = ()
    mentioned: frozenset[str] = frozenset()
    seen: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    remotes: tuple[Remote, ...] = ()
    text: str | None = None
    entries: tuple[tuple[str, Route], ...] = ()
    source: ResourceSource | None = None
    charts: tuple[InflatedChart, ...] = ()

    @property
    def below(self) -> tuple[str, ...]:
        """Every directory of another kustomization that it takes in."""
        return (*self.bases, *self.others)


def parse_kustomization(
    path: str,
    file: File,
    manifest: Manifest,
    paths: Paths,
    read: Callable[[File], Manifest],
) -> Kustomization | None:
    """The kustomization that a file is; None where it is something else, such as Flux's.

    `read` gives the manifests of other files of the tree.
    """
    documents = manifest.kustomize.objects
    if not documents:
        why = manifest.kustomize.error
        line = "" if why is None else f" ({why.message})"
        return Kustomization(path, reasons=(Reason(path, f"{path} cannot be read{line}"),))
    body = values.mapping(freeze(msgspec.json.decode(documents[0].encoded)))
    api_version = values.text(body.get("apiVersion")) or _VERSION
    if api_version.partition("/")[0] != GROUP:
        return None
    source = ResourceSource(
        path, file.blob, documents[0].document, documents[0].item, kustomize=True
    )
    parser = _Parser(path, source, body, paths, read)
    return parser.kustomization(several=len(documents) > 1)


def group_kind(body: Body) -> GroupKind:
    """The group and kind that a body says."""
    group = (values.text(body.get("apiVersion")) or "").rpartition("/")[0]
    return GroupKind(group, values.text(body.get("kind")) or "")


def _is_usual(name: str, value: Value) -> bool:
    """Whether a field that changes no resource has a form that kustomize accepts."""
    if name == "buildMetadata":
        return isinstance(value, tuple)
    return isinstance(value, Mapping) and (name != "sortOptions" or value.get("order") in _ORDERS)


class _Parser:
    """One reading of one kustomization's body."""

    def __init__(
        self,
        path: str,
        source: ResourceSource,
        body: Body,
        paths: Paths,
        read: Callable[[File], Manifest],
    ) -> None:
        self._path = path
        self._place = directory(path)
        self._source = source
        self._body = body
        self._paths = paths
        self._read = read
        self._listed: dict[str, list[str]] = {"files": [], "bases": [], "others": []}
        self._referenced: set[str] = {path}
        self._mentioned: set[str] = set()
        self._seen: dict[str, str] = {}
        self._linked: list[Base] = []
        self._reasons: list[Reason] = []
        self._remotes: list[Remote] = []
        self._local: list[tuple[Route, str]] = []
        self._entries: list[tuple[str, Route]] = []

    def kustomization(self, *, several: bool) -> Kustomization:
        self._own_form()
        self._other_fields()
        if several:
            self._refuse((), "the file holds more than one document")
        for reference in references(self._body):
            self._take(reference)
        space = self._body.get("namespace")
        if space is not None and not isinstance(space, str):
            self._refuse(("namespace",), "the field 'namespace' is not a string")
        self._mention({k: value for k, value in self._body.items() if k not in _PLAIN_FIELDS})
        charts = tuple(self._charts())
        return Kustomization(
            self._path,
            tuple(self._listed["files"]),
            tuple(self._listed["bases"]),
            values.text(space) or "",
            frozenset(self._referenced),
            self._body.get("kind") == "Component",
            tuple(self._reasons),
            tuple(self._listed["others"]),
            tuple(self._linked),
            frozenset(self._mentioned),
            MappingProxyType(self._seen),
            tuple(self._remotes),
            _with_paths(self._body, self._local) if self._local else None,
            tuple(self._entries),
            self._source,
            charts,
        )

    def _charts(self) -> Iterator[InflatedChart]:
        """The charts of the tree that it inflates; their files are taken in."""
        for chart in inflated_charts(self._place, self._body):
            if self._paths.file(f"{chart.path}/{CHART_NAME}") is not None:
                self._mentioned.update(path for path, _ in self._paths.below(chart.path))
                self._mentioned.update(path for path in chart.files if self._paths.file(path))
                yield chart

    def _own_form(self) -> None:
        """What kustomize may refuse of the file itself is for kustomize to say.

        https://github.com/kubernetes-sigs/kustomize/blob/master/api/types/kustomization.go
        """
        names = {f"{self._place}/{name}".lstrip("/") for name in KUSTOMIZATION_NAMES}
        others = [name for name in names - {self._path} if self._paths.file(name) is not None]
        if others:
            self._referenced.update(others)
            self._refuse((), "its directory has more than one kustomization file", refuses=False)
        kind = self._body.get("kind") or "Kustomization"
        if kind not in ("Kustomization", "Component"):
            self._refuse(("kind",), "its kind is none of kustomize's", refuses=False)
        elif kind == "Kustomization" and self._body.get("apiVersion") not in (None, "", _VERSION):
            self._refuse(("apiVersion",), f"its apiVersion is not {_VERSION}", refuses=False)
        for name in ("sortOptions", "generatorOptions", "buildMetadata"):
            value = self._body.get(name)
            if value is not None and not _is_usual(name, value):
                self._refuse((name,), f"its field {name!r} is unusual", refuses=False)

    def _other_fields(self) -> None:
        for name, value in self._body.items():
            if name in _PLAIN_FIELDS or value in (None, "", (), EMPTY):
                continue
            why = _UNBUILDABLE.get(name)
            message = why or f"its field {name!r} changes or adds resources when it is built"
            self._refuse((name,), message, refuses=why is not None)
            if why is not None:
                self._reasons[-1] = replace(self._reasons[-1], sources=chart_sources(value))

    def _take(self, reference: KustomizationPath) -> None:
        """Take in what a reference leads to, or note why that cannot be."""
        try:
            self._follow(reference)
        except UnbuildableError as error:
            shown = without_credentials(reference.text or "")
            if reference.text is None:
                message = f"its field {reference.field!r} holds what is no path"
            elif reference.takes == "resource":
                message = f"it lists {shown!r}, {error}"
            else:
                message = f"its field {reference.field!r} names {shown!r}, {error}"
            self._refuse(reference.route, message)

    def _follow(self, reference: KustomizationPath) -> None:
        text = reference.text
        if text is None:
            raise UnbuildableError("which is no path")
        if reference.takes == "config" and is_inline(text):
            self._check_plugins(read_manifest(text.encode()))
            return
        if is_fetched(text):
            self._follow_elsewhere(reference, text)
            return
        try:
            place = self._paths.local(self._place, text)
            own_path = self._paths.real(place)
        except UnbuildableError:
            if is_remote(text):
                self._follow_elsewhere(reference, text)
                return
            raise
        file = self._paths.file(own_path)
        if file is not None and reference.takes != "directory":
            self._take_file(reference, place, own_path, file)
        elif is_remote(text):
            self._follow_elsewhere(reference, text)
        else:
            self._take_directory(reference, place, own_path)

    def _follow_elsewhere(self, reference: KustomizationPath, text: str) -> None:
        """Take in what an address leads to, where an exact version of it was brought."""
        fetched = self._paths.fetched
        resolved = fetched.resolver.base(text) if fetched.resolver is not None else None
        if resolved is None or not _is_taken(reference, text, resolved):
            raise UnbuildableError("which is outside this repository")
        remote = fetched.remote(resolved, self._source, reference.route, self._remotes)
        self._remotes.append(remote)
        if not fetched.holds(remote):
            self._miss(reference, remote)
            return
        place = self._paths.local(remote.place, resolved.part or ".")
        own_path = self._paths.real(place)
        file = self._paths.file(own_path)
        if resolved.reference.kind == "file" and file is not None:
            self._take_file(reference, place, own_path, file)
        else:
            self._take_directory(reference, place, own_path)
        self._local.append((reference.route, _relative(self._place, place)))
        message = f"it takes in {without_credentials(text)!r}"
        self._refuse(reference.route, message, refuses=False)

    def _miss(self, reference: KustomizationPath, remote: Remote) -> None:
        """Note why an exact version of something was not brought, where it was asked for."""
        answer = self._paths.fetched.answer(remote)
        detail = f": {answer.message}" if answer is not None and answer.message else ""
        shown = without_credentials(reference.text or "")
        names = (
            f"it lists {shown!r}"
            if reference.takes == "resource"
            else f"its field {reference.field!r} names {shown!r}"
        )
        message = f"{names}, which is outside this repository{detail}"
        spent = answer is not None and answer.status == "limit"
        self._refuse(reference.route, message, spent=spent)

    def _take_directory(self, reference: KustomizationPath, place: str, own_path: str) -> None:
        if reference.takes == "file" or self._paths.kustomization(own_path) is None:
            raise UnbuildableError(_ABSENT[reference.takes])
        self._entries.append((own_path, reference.route))
        self._listed["bases" if reference.takes == "resource" else "others"].append(own_path)
        if place != own_path:
            message = (
                f"it names {reference.text!r}, a symlink to a kustomization that takes in what "
                "lies outside its own directory"
            )
            reason = Reason(self._path, message, self._source, reference.route)
            self._linked.append(Base(own_path, place, reason))

    def _take_file(
        self, reference: KustomizationPath, place: str, own_path: str, file: File
    ) -> None:
        if place != own_path:
            self._seen[place] = own_path
        if reference.takes == "resource":
            self._entries.append((own_path, reference.route))
            self._listed["files"].append(own_path)
            return
        self._referenced.add(own_path)
        if reference.takes == "config":
            self._check_plugins(self._read(file))

    def _check_plugins(self, manifest: Manifest) -> None:
        """Plugins are kustomize's own, and what they name is taken in as far as it is here."""
        for document in manifest.kustomize.objects:
            body = values.mapping(freeze(msgspec.json.decode(document.encoded)))
            annotations = values.mapping(values.mapping(body.get("metadata")).get("annotations"))
            kind = values.text(body.get("kind")) or ""
            if any(name in annotations for name in _FUNCTIONS):
                raise UnbuildableError(f"whose {kind} runs a function of its own")
            if kind == _CHART_PLUGIN:
                raise UnbuildableError("which inflates a Helm chart")
            if values.text(body.get("apiVersion")) != _BUILTIN:
                raise UnbuildableError(f"whose {kind} is a plugin that kustomize does not bring")
            self._mention(body)

    def _mention(self, body: Mapping[str, Value]) -> None:
        """Every file that a string names, itself or after a `KEY=`.

        Rather too many than too few: this says what a renderer is given, and when a root counts as
        changed.
        """
        for text in _strings(body):
            for entry in (text, text.partition("=")[2]):
                if not entry or is_fetched(entry):
                    continue
                try:
                    own_path = self._paths.real(self._paths.local(self._place, entry))
                except UnbuildableError:
                    self._refuse_escape(entry)
                    continue
                if self._paths.file(own_path) is not None:
                    self._mentioned.add(own_path)

    def _refuse_escape(self, entry: str) -> None:
        """What was brought names nothing of the tree, whatever the field: it would be read there.

        A checkout of it has no such file, while a root that holds it may well have one.
        """
        home = zone(self._path)
        path = posixpath.normpath(posixpath.join(self._place, entry))
        if home and zone(path) != home and path in self._paths.tree:
            shown = without_credentials(entry)
            self._refuse((), f"it names {shown!r}, which is outside the repository that names it")

    def _refuse(
        self, route: Route, message: str, *, refuses: bool = True, spent: bool = False
    ) -> None:
        there = self._paths.fetched.placed.get(zone(self._path))
        where = f" (in {there.resolved.name} {there.resolved.version})" if there is not None else ""
        sentence = f"{message}{where}"
        self._reasons.append(Reason(self._path, sentence, self._source, route, refuses, spent))


def _is_taken(reference: KustomizationPath, text: str, resolved: ResolvedSource) -> bool:
    """Whether kustomize takes such a thing at this field, and the whole of the field is its name.

    It clones for bases and components, and gets a single file wherever it reads one.
    """
    if resolved.reference.kind == "git":
        return reference.takes in ("resource", "directory")
    is_whole = reference.field not in _GENERATORS and "\n" not in text
    return is_whole and reference.takes in ("resource", "file")


def _relative(start: str, path: str) -> str:
    """The way from a directory of the tree to a path of it."""
    return "/".join((*(".." for step in start.split("/") if step), path))


def _with_paths(body: Body, paths: Iterable[tuple[Route, str]]) -> str:
    """The text of a body with other texts at these routes; JSON is YAML."""
    changed: Any = thaw(body)
    for route, path in paths:
        *way, last = (step.index if isinstance(step, ListStep) else step for step in route)
        parent = changed
        for step in way:
            parent = parent[step]
        parent[last] = path
    return json.dumps(changed, sort_keys=True, ensure_ascii=False)


_ABSENT: Final = {
    "resource": "which is neither a file nor a kustomization here",
    "config": "which is neither a file nor a kustomization here",
    "directory": "which is no kustomization here",
    "file": "which is no file here",
}


def without_credentials(address: str) -> str:
    """An address without user and password, and short enough for a sentence."""
    shown = re.sub(r"(?<=://)[^/@]*@", "", address.partition("\n")[0])
    return shown if len(shown) <= 200 else f"{shown[:200]}..."


def _strings(body: Mapping[str, Value]) -> Iterator[str]:
    """Every string of a body, without recursion and up to a bound."""
    pending: list[Value] = [body]
    seen = 0
    while pending and seen < _MOST_STRINGS:
        value = pending.pop()
        seen += 1
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            pending.extend(value.values())
        elif isinstance(value, tuple):
            pending.extend(value)
