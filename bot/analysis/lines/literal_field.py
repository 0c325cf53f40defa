"""Where a field of what kustomize gave is written, when its object stands in a file as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bot.core.reading import DEFAULT_LIMITS, line_of, read_manifest
from bot.core.reading.split import cut_for_kubectl, normalised
from bot.core.resource import ListStep, Node, Resource, ResourceSource, Route
from bot.core.states.resources import identity_of
from bot.core.values import Value

_MOST_READ: Final = 8
_NAME: Final = re.compile(rb"(?m)\bname: *[\"']?([a-zA-Z0-9.:-]+)")


def written_line(text: str, node: Node, value: Value) -> int | None:
    """The line of a text that has a field of an object with this value; None where none has.

    The object's name may have got more before and after it by kustomize.
    """
    return next((line for line, held in _lines(text, node) if held.value == value), None)


def object_line(text: str, node: Node) -> int | None:
    """The line at which an object begins, whatever its fields; None where it is not there."""
    return next((line for line, _ in _lines(text, replace(node, route=()))), None)


def _lines(text: str, node: Node) -> Iterator[tuple[int, Node]]:
    """The line of a field in each object that may be meant, and what stands there."""
    data, key = normalised(text.encode()), node.resource.key
    chunks = cut_for_kubectl(data, DEFAULT_LIMITS).chunks
    named = ((_names(chunk.data), chunk) for chunk in chunks if key.kind.encode() in chunk.data)
    alike = [
        (key.name not in names, chunk)
        for names, chunk in named
        if any(name in key.name for name in names)
    ]
    for _, chunk in sorted(alike, key=lambda held: held[0])[:_MOST_READ]:
        before = data[: chunk.start].count(b"\n")
        for line, found in _in_document(chunk.data, node):
            yield before + line, found


def _names(data: bytes) -> list[str]:
    return [match[1].decode("utf-8", "replace") for match in _NAME.finditer(data)]


def _in_document(data: bytes, node: Node) -> Iterator[tuple[int, Node]]:
    key = node.resource.key
    for held in read_manifest(data).kustomize.objects:
        identity = identity_of(held.encoded)
        if identity is None or identity.group_kind != key.group_kind:
            continue
        source = ResourceSource("", "", held.document, held.item, kustomize=True)
        whole = Resource(key, identity.api_version, held.encoded, source).root
        found = _followed(whole, node.route)
        if found is None or identity.name not in key.name:
            continue
        line = line_of(data, source, found.route)
        if line is not None:
            yield line, found


def _followed(node: Node, route: Route) -> Node | None:
    """What stands at a route, with items found by their merge keys; None where nothing does."""
    for step in route:
        found: Node | None
        if isinstance(step, ListStep):
            items = list(node.items())
            exact = (it for it in items if it.route[-1] == step) if step.key else iter(())
            found = next(exact, items[step.index] if step.index < len(items) else None)
        else:
            found = node[step]
        if found is None or not found.exists:
            return None
        node = found
    return node
