"""What Flux changes in each object after a build: variables, common labels and annotations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from bot.core.reading.canonical import canonical
from bot.core.reading.yaml_texts import block_text, value_of
from bot.core.values import Body, Value, freeze, mapping, text, thaw
from bot.errors import UnbuildableError
from bot.kubernetes.gitops.unknowns import unknown
from bot.kubernetes.gitops.variables.envsubst import substituted
from bot.patterns import pattern
from bot.records import dataclass

_SUBSTITUTE: Final = "kustomize.toolkit.fluxcd.io/substitute"
_NAME: Final = pattern(r"[_A-Za-z][_A-Za-z0-9]*", re.ASCII)

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables of a Flux Kustomization.

    `pairs` are those with a known value. Any other variable is unset, unless `owner` is not empty:
    then a source in the cluster may set it, and its value is unknown.
    """

    pairs: Pairs = ()
    owner: str = ""

    @property
    def are_used(self) -> bool:
        """Whether Flux substitutes variables at all."""
        return bool(self.pairs or self.owner)

    def lookup(self) -> Mapping[str, str]:
        """Return the values by name, with an answer for every name."""
        return _Values(dict(self.pairs), self.owner)


class _Values(dict[str, str]):
    def __init__(self, known: Mapping[str, str], owner: str) -> None:
        super().__init__(known)
        self._owner = owner

    def __missing__(self, name: str) -> str:
        return unknown(self._owner, name) if self._owner else ""


NO_VARIABLES: Final = Variables()


@dataclass(frozen=True, slots=True)
class FluxFinish:
    """What Flux does to one object after the build. Equal values do the same."""

    variables: Variables = NO_VARIABLES
    labels: Pairs = ()
    annotations: Pairs = ()

    def __call__(self, encoded: bytes) -> bytes:
        """Return the object (JSON) as Flux applies it. Raises UnbuildableError where Flux fails."""
        body: Body = mapping(freeze(msgspec.json.decode(encoded)))
        done = self._substituted(body)
        if self.labels or self.annotations:
            done = _marked(done, self.labels, self.annotations)
        return encoded if done is body else canonical(thaw(done))

    def _substituted(self, body: Body) -> Body:
        if not self.variables.are_used or _opts_out(body):
            return body
        for name, _ in self.variables.pairs:
            if not _NAME.fullmatch(name):
                raise UnbuildableError(f"Flux takes {name!r} for no variable's name")
        before = block_text(body)
        values = self.variables.lookup()
        after = substituted(before, values.__getitem__)
        if after == before:
            return body
        done = value_of(after.encode())
        if not mapping(done):
            raise UnbuildableError("its variables make it something else than an object")
        return mapping(done)


def _opts_out(body: Body) -> bool:
    metadata = mapping(body.get("metadata"))
    return any(
        mapping(metadata.get(field)).get(_SUBSTITUTE) == "disabled"
        for field in ("labels", "annotations")
    )


def _marked(body: Body, labels: Pairs, annotations: Pairs) -> Body:
    metadata: dict[str, Value] = dict(mapping(body.get("metadata")))
    for field, pairs in (("labels", labels), ("annotations", annotations)):
        if pairs:
            metadata[field] = {**mapping(metadata.get(field)), **dict(pairs)}
    return {**body, "metadata": metadata}


def pairs_of(value: Value) -> Pairs:
    """Return the text values of a mapping, sorted by name."""
    texts = ((key, text(item)) for key, item in mapping(value).items())
    return tuple(sorted((key, item) for key, item in texts if item is not None))
