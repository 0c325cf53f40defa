"""Where a field of what kustomize gave is written, when its object stands in a file as it is."""

from __future__ import annotations

import re
from typing import Final

from bot.core.reading import DEFAULT_LIMITS, line_of, read_manifest
from bot.core.reading.split import cut_for_kubectl, normalised
from bot.core.resource import Item, Node, Resource, Route, Source
from bot.core.states.resources import identity_of
from bot.core.values import Value

_MOST_READ: Final = 8
_NAME: Final = re.compile(rb"(?m)\bname: *[\"']?([a-zA-Z0-9.:-]+)")


def written_line(text: str, node: Node, value: Value) -> int | None:
    """The line of a text that has a field of an object with this value; None where none has.

    The object's name may have got more before and after it by kustomize.
    """
    data, key = normalised(text.encode()), node.resource.key
    chunks = cut_for_kubectl(data, DEFAULT_LIMITS).chunks
    named = ((_names(chunk.data), chunk) for chunk in chunks if key.kind.encode() in chunk.data)
    alike = [
        (key.name not in names, chunk)
        for names, chunk in named
        if any(name in key.name for name in names)
    ]
    for _, chunk in sorted(alike, key=lambda held: held[0])[:_MOST_READ]:
        found = _line_in(chunk.data, node, value)
        if found is not None:
            return data[: chunk.start].count(b"\n") + found
    return None


def _names(data: bytes) -> list[str]:
    return [match[1].decode("utf-8", "replace") for match in _NAME.finditer(data)]


def _line_in(data: bytes, node: Node, value: Value) -> int | None:
    key = node.resource.key
    for held in read_manifest(data).kustomize.objects:
        identity = identity_of(held.encoded)
        if identity is None or identity.group_kind != key.group_kind:
            continue
        source = Source("", "", held.document, held.item, kustomize=True)
        whole = Resource(key, identity.api_version, held.encoded, source).root
        found = _followed(whole, node.route) if identity.name in key.name else None
        if found is not None and found.value == value:
            return line_of(data, source, found.route)
    return None


def _followed(node: Node, route: Route) -> Node | None:
    """What stands at a route, with items found by their merge keys; None where nothing does."""
    for step in route:
        found: Node | None
        if isinstance(step, Item):
            items = list(node.items())
            exact = (it for it in items if it.route[-1] == step) if step.key else iter(())
            found = next(exact, items[step.index] if step.index < len(items) else None)
        else:
            found = node[step]
        if found is None or not found.exists:
            return None
        node = found
    return node
