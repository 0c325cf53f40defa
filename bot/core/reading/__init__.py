"""Bytes into manifests, exactly as the cluster reads them."""

from __future__ import annotations

import msgspec
import yaml

from bot.core.manifest import Manifest, Object, ReadError, Reading
from bot.core.resource import Item, Route, Source

_encode = msgspec.json.Encoder(order="sorted").encode


def read_manifest(data: bytes) -> Manifest:
    """Both readings of a file. Never raises, whatever the bytes are."""
    objects = []
    try:
        for number, chunk in enumerate(data.decode().split("\n---\n")):
            value = yaml.load(chunk, yaml.CSafeLoader)
            held = [value]
            nested = isinstance(value, dict) and isinstance(value.get("items"), list)
            if nested:
                held = value["items"]
            for index, item in enumerate(held):
                if item is not None:
                    objects.append(Object(_encode(item), number, (index,) if nested else ()))
    except (yaml.YAMLError, ValueError) as error:
        reading = Reading(tuple(objects), ReadError(type(error).__name__, 1))
        return Manifest(reading, reading, resembles=True)
    return Manifest(Reading(tuple(objects)), Reading(tuple(objects)))


def line_of(data: bytes, source: Source, route: Route) -> int | None:
    """The line (1-based) of the key of the deepest field of `route` that exists."""
    chunks = data.decode().split("\n---\n")
    first = sum(chunk.count("\n") + 2 for chunk in chunks[: source.document])
    node = yaml.compose(chunks[source.document], yaml.CSafeLoader)
    line = node.start_mark.line
    steps = (*(("items", *(Item("", i) for i in source.item)) if source.item else ()), *route)
    for step in steps:
        if isinstance(step, Item):
            if step.index >= len(node.value):
                break
            node = node.value[step.index]
            line = node.start_mark.line
        else:
            found = [
                (k, v) for k, v in getattr(node, "value", ()) if getattr(k, "value", None) == step
            ]
            if not found:
                break
            line, node = found[-1][0].start_mark.line, found[-1][1]
    return first + line + 1
