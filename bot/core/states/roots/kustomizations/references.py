"""The paths that a kustomization names, field by field, as kustomize reads them.

https://github.com/kubernetes-sigs/kustomize/blob/master/api/types/kustomization.go
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias

from bot.core import values
from bot.core.resource import ListStep, Route
from bot.core.values import Body, Value
from bot.patterns import pattern
from bot.records import dataclass

Takes: TypeAlias = Literal["resource", "directory", "file", "config"]
"""What may stand at a reference: a manifest or a kustomization's directory; a directory alone; a
file alone; or the configuration of a plugin, which is a file, a directory or a text."""

_LISTS: Final[Mapping[str, Takes]] = {
    "resources": "resource",
    "bases": "resource",
    "components": "directory",
    "crds": "file",
    "configurations": "file",
    "generators": "config",
    "transformers": "config",
    "validators": "config",
}
_WITH_PATH: Final = ("patches", "patchesJson6902", "replacements")
_GENERATORS: Final = ("configMapGenerator", "secretGenerator")

# What kustomize takes for the address of another repository rather than a path.
_REMOTE: Final = pattern(r"(?i)(?:git::|[a-z][a-z0-9+.-]*://|//|github\.com[/:]|[^/\s]+@[^/\s]+:)")
# What it fetches even where a file of such a name lies in the tree.
_FETCHED: Final = pattern(r"(?i)[a-z][a-z0-9+.-]*://")
_INLINE: Final = pattern(r"\n|^\s*[{\[]|^[\w\"'.-]+:\s")


@dataclass(frozen=True, slots=True)
class KustomizationPath:
    """A path that a kustomization names, where it does so, and what may stand there.

    `text` is None where something stands there that is no text.
    """

    text: str | None
    route: Route
    takes: Takes

    @property
    def field(self) -> str:
        """The field of the kustomization."""
        return str(self.route[0])


def references(body: Body) -> Iterator[KustomizationPath]:
    """Every path that a kustomization names. A patch that is written out in place is none."""
    for name, takes in _LISTS.items():
        for route, entry in _entries(body, name):
            yield KustomizationPath(values.text(entry), route, takes)
    for route, entry in _entries(body, "patchesStrategicMerge"):
        yield from _merged(entry, route)
    for route, entry in _entries(body, "patches"):
        # The former name of `patchesStrategicMerge`; kustomize refuses it since version 5:
        # https://github.com/kubernetes-sigs/kustomize/blob/api/v0.12.1/api/types/fix.go
        if values.text(entry) is not None:
            yield from _merged(entry, route)
    for name in _WITH_PATH:
        for route, entry in _entries(body, name):
            yield from _at(entry, route, "path")
    yield from _at(body.get("openapi"), ("openapi",), "path")
    for name in _GENERATORS:
        for route, entry in _entries(body, name):
            yield from _generated(values.mapping(entry), route)


def _merged(entry: Value, route: Route) -> Iterator[KustomizationPath]:
    text = values.text(entry)
    if text is None or not is_inline(text):
        yield KustomizationPath(text, route, "file")


def is_remote(text: str) -> bool:
    """Whether kustomize takes a text for the address of another repository, if no file is there."""
    return _REMOTE.match(text) is not None


def is_fetched(text: str) -> bool:
    """Whether kustomize fetches what a text names, whatever lies in the tree."""
    return _FETCHED.match(text) is not None


def is_inline(text: str) -> bool:
    """Whether a text is content rather than a path."""
    return _INLINE.search(text) is not None


def _generated(generator: Body, route: Route) -> Iterator[KustomizationPath]:
    for name in ("files", "envs"):
        for index, entry in enumerate(values.sequence(generator.get(name))):
            text = values.text(entry)
            if text is not None and name == "files":
                # `KEY=PATH`, or a path whose last part is the key.
                text = text.partition("=")[2] or text
            yield KustomizationPath(text, (*route, name, ListStep("", index)), "file")
    yield from _at(generator, route, "env")


def _at(value: Value, route: Route, name: str) -> Iterator[KustomizationPath]:
    entry = values.mapping(value).get(name)
    if entry not in (None, ""):
        yield KustomizationPath(values.text(entry), (*route, name), "file")


def _entries(body: Body, name: str) -> Iterator[tuple[Route, Value]]:
    for index, entry in enumerate(values.sequence(body.get(name))):
        yield (name, ListStep("", index)), entry
