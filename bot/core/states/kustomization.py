"""One kustomization file: what it lists, and whether that is all it does."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import msgspec

from bot.core import values
from bot.core.manifest import Manifest
from bot.core.resource import GroupKind, Route, Source
from bot.core.states.files import Files, directory
from bot.core.tree import File
from bot.core.values import EMPTY, Body, Value, freeze

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

# What kustomize itself takes for the address of another repository rather than a path.
_REMOTE: Final = re.compile(
    r"(?i)(?:git::|[a-z][a-z0-9+.-]*://|//|github\.com[/:]|[^/\s]+@[^/\s]+:)"
)

# Strings longer than any path are content.
_LONGEST_PATH: Final = 4096
_MOST_STRINGS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a root cannot be read as it stands: a field of a file, and a sentence about it.

    `refuses` says that no renderer is given the root either.
    """

    path: str
    message: str
    source: Source | None = None
    route: Route = ()
    refuses: bool = True


@dataclass(frozen=True, slots=True)
class Kustomization:
    """One directory's kustomization.

    `files` are listed manifests, `bases` listed directories, `referenced` every other file of the
    tree that it takes in, `reasons` why its output is not simply what it lists.
    """

    path: str
    files: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    namespace: str = ""
    referenced: frozenset[str] = frozenset()
    component: bool = False
    reasons: tuple[Reason, ...] = ()


def parse_kustomization(
    path: str, file: File, manifest: Manifest, files: Files
) -> Kustomization | None:
    """The kustomization that a file is; None where it is something else, such as Flux's."""
    found = manifest.kustomize.objects
    if not found:
        why = manifest.kustomize.error
        line = "" if why is None else f" ({why.message})"
        return Kustomization(path, reasons=(Reason(path, f"{path} cannot be read{line}"),))
    body = values.mapping(freeze(msgspec.json.decode(found[0].encoded)))
    api_version = values.text(body.get("apiVersion")) or f"{GROUP}/v1beta1"
    if api_version.partition("/")[0] != GROUP:
        return None
    source = Source(path, file.blob, found[0].document, found[0].item, kustomize=True)
    return _Parser(path, source, body, files).kustomization(len(found) > 1)


def group_kind(body: Body) -> GroupKind:
    """The group and kind that a body says."""
    group = (values.text(body.get("apiVersion")) or "").rpartition("/")[0]
    return GroupKind(group, values.text(body.get("kind")) or "")


class _Parser:
    """One reading of one kustomization's body."""

    def __init__(self, path: str, source: Source, body: Body, files: Files) -> None:
        self._path = path
        self._place = directory(path)
        self._source = source
        self._body = body
        self._files = files

    def kustomization(self, several: bool) -> Kustomization:  # noqa: FBT001 - what was counted
        component = self._body.get("kind") == "Component"
        reasons = list(self._other_fields())
        if several:
            reasons.append(self._reason("", "the file holds more than one document"))
        listed, bases = [], []
        for field in ("resources", "bases"):
            for entry in values.sequence(self._body.get(field)):
                place = self._resolved(entry)
                if isinstance(place, Reason):
                    reasons.append(place)
                elif place in self._files.all:
                    listed.append(place)
                else:
                    bases.append(place)
        space = self._body.get("namespace")
        if space is not None and not isinstance(space, str):
            reasons.append(self._reason("namespace", "the field 'namespace' is not a string"))
        return Kustomization(
            self._path,
            tuple(listed),
            tuple(bases),
            values.text(space) or "",
            frozenset(self._referenced()),
            component,
            tuple(reasons),
        )

    def _other_fields(self) -> Iterator[Reason]:
        for field, value in self._body.items():
            if field not in _PLAIN_FIELDS and value not in (None, "", (), EMPTY):
                why = _UNBUILDABLE.get(field)
                yield self._reason(
                    field,
                    why or f"its field {field!r} changes or adds resources when it is built",
                    refuses=why is not None,
                )

    def _resolved(self, entry: Value) -> str | Reason:
        """The file or kustomization directory that an entry of `resources` names."""
        if not isinstance(entry, str):
            return self._reason("resources", "its field 'resources' holds what is no path")
        if _REMOTE.match(entry) and not self._is_file(entry):
            return self._reason(
                "resources",
                f"it lists {without_credentials(entry)!r}, which is outside this repository",
            )
        place = self._local(entry)
        if place is not None:
            if place in self._files.all or place in self._files.kustomizations:
                return place
            if place in self._files.links:
                return self._reason("resources", f"it lists {entry!r}, a symlink or submodule")
        return self._reason(
            "resources", f"it lists {entry!r}, which is neither a file nor a kustomization here"
        )

    def _is_file(self, entry: str) -> bool:
        return self._local(entry) in self._files.all

    def _local(self, entry: str) -> str | None:
        """The path in the tree, None for one that leaves it."""
        if not entry or entry.startswith("/") or len(entry) > _LONGEST_PATH or "\n" in entry:
            return None
        place = posixpath.normpath(posixpath.join(self._place, entry))
        if place == ".." or place.startswith("../"):
            return None
        return "" if place == "." else place

    def _referenced(self) -> Iterator[str]:
        """Every file that a field beyond those above names, itself or after a `KEY=`.

        Rather too many than too few: this says when a root counts as changed. The fields that
        leave resources as they are name no file, so that none can be hidden by writing it there.
        """
        yield self._path
        others = {key: held for key, held in self._body.items() if key not in _PLAIN_FIELDS}
        for text in _strings(others):
            for entry in (text, text.partition("=")[2]):
                place = self._local(entry)
                if place is None:
                    continue
                if place in self._files.all:
                    yield place
                elif place in self._files.kustomizations and place != self._place:
                    yield self._files.kustomizations[place]
        if "helmCharts" in self._body or "helmChartInflationGenerator" in self._body:
            home = values.text(values.mapping(self._body.get("helmGlobals")).get("chartHome"))
            below = self._local(home or "charts")
            if below is not None:
                yield from (path for path in self._files.all if path.startswith(f"{below}/"))

    def _reason(self, field: str, message: str, *, refuses: bool = True) -> Reason:
        return Reason(self._path, message, self._source, (field,) if field else (), refuses)


def without_credentials(address: str) -> str:
    """An address without user and password, and short enough for a sentence."""
    shown = re.sub(r"(?<=://)[^/@]*@", "", address.partition("\n")[0])
    return shown if len(shown) <= 200 else f"{shown[:200]}..."


def _strings(body: Mapping[str, Value]) -> Iterator[str]:
    """Every string of a body, without recursion and up to a bound."""
    left: list[Value] = [body]
    seen = 0
    while left and seen < _MOST_STRINGS:
        value = left.pop()
        seen += 1
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            left.extend(value.values())
        elif isinstance(value, tuple):
            left.extend(value)
