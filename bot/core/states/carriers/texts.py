"""Manifests as carriers hold them: as nested objects, and as YAML texts in a field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from bot.core.reading import read_manifest
from bot.core.resource import ListStep, Node, Resource
from bot.core.values import Body, freeze, mapping
from bot.records import dataclass

_LARGEST_TEXT: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class CarriedManifest:
    """A manifest that a carrier holds, and where it stands in `holder`.

    `holder` is the carrier, or the ConfigMap that the carrier names. `document`, `beyond` and
    `known` are those of `bot.core.resource.Nesting`. `namespace` is that of an object without one,
    empty for the environment's default.
    """

    holder: Resource
    steps: tuple[str | int, ...]
    body: Body
    document: int = -1
    beyond: tuple[str | int, ...] = ()
    known: bool = True
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of a carrier that cannot be read: the node, and the predicate of a sentence.

    `is_alone`: nothing else in the carrier decides what the part does.
    """

    node: Node
    why: str
    is_alone: bool = False


def plain(node: Node, *, known: bool = True) -> CarriedManifest:
    """Return the manifest that stands at a node as an object."""
    return CarriedManifest(node.resource, steps_of(node), node.mapping, known=known)


def steps_of(node: Node) -> tuple[str | int, ...]:
    """Return the fields and indices that lead to a node."""
    return tuple(step.index if isinstance(step, ListStep) else step for step in node.route)


def text_manifests(node: Node) -> Iterator[CarriedManifest | Unread]:
    """Yield the manifests of the YAML documents in the text at a node."""
    content = (node.text or "").encode()
    if len(content) > _LARGEST_TEXT:
        yield Unread(node, "holds a text that is too large to be read")
        return
    reading = read_manifest(content).kubectl
    for document in reading.objects:
        beyond = tuple(step for index in document.item for step in ("items", index))
        body = mapping(freeze(msgspec.json.decode(document.encoded)))
        yield CarriedManifest(node.resource, steps_of(node), body, document.document, beyond)
    if reading.error is not None:
        yield Unread(node, "holds a text that cannot be read as YAML")
