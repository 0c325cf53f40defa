"""Where a field of what kustomize gave is written, when its object stands in a file as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bot.core.reading import DEFAULT_LIMITS, line_of, read_manifest
from bot.core.reading.split import cut_for_kubectl, normalised
from bot.core.resource import ListStep, Node, Resource, ResourceSource, Route
from bot.core.values import Value
from bot.patterns import pattern

_MOST_READ: Final = 8
_NAME: Final = pattern(rb"(?m)\bname: *[\"']?([a-zA-Z0-9.:-]+)")


def written_line(text: str, node: Node, value: Value) -> int | None:
    """The line of a text that has a field of an object with this value; None where none has.

    The object's name may have got more before and after it by kustomize.
    """
    return next(
        (line for line, current_node in _lines(text, node) if current_node.value == value), None
    )


def object_line(text: str, node: Node) -> int | None:
    """The line at which an object begins, whatever its fields; None where it is not there."""
    return next((line for line, _ in _lines(text, replace(node, route=()))), None)


def _lines(text: str, node: Node) -> Iterator[tuple[int, Node]]:
    """The line of a field in each object that may be resolved, and what stands there."""
    data, key = normalised(text.encode()), node.resource.key
    chunks = cut_for_kubectl(data, DEFAULT_LIMITS).chunks
    named = ((_names(chunk.data), chunk) for chunk in chunks if key.kind.encode() in chunk.data)
    alike = [
        (key.name not in names, chunk)
        for names, chunk in named
        if any(name in key.name for name in names)
    ]
    for _, chunk in sorted(alike, key=lambda flagged: flagged[0])[:_MOST_READ]:
        before = data[: chunk.start].count(b"\n")
        for line, target in _in_document(chunk.data, node):
            yield before + line, target


def _names(data: bytes) -> list[str]:
    return [match[1].decode("utf-8", "replace") for match in _NAME.finditer(data)]


def _in_document(data: bytes, node: Node) -> Iterator[tuple[int, Node]]:
    key = node.resource.key
    for document in read_manifest(data).kustomize.objects:
        identity = document.identity
        if identity is None or identity.group_kind != key.group_kind:
            continue
        source = ResourceSource("", "", document.document, document.item, kustomize=True)
        whole = Resource(key, identity.api_version, document.encoded, source).root
        target = _followed(whole, node.route)
        if target is None or identity.name not in key.name:
            continue
        line = line_of(data, source, target.route)
        if line is not None:
            yield line, target


def _followed(node: Node, route: Route) -> Node | None:
    """What stands at a route, with items found by their merge keys; None where nothing does."""
    for step in route:
        target: Node | None
        if isinstance(step, ListStep):
            items = list(node.items())
            exact = (
                (inner_node for inner_node in items if inner_node.route[-1] == step)
                if step.key
                else iter(())
            )
            target = next(exact, items[step.index] if step.index < len(items) else None)
        else:
            target = node[step]
        if target is None or not target.exists:
            return None
        node = target
    return node
