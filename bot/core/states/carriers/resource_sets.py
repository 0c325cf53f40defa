"""The resources of a Flux Operator ResourceSet, with the inputs that it states filled in.

https://fluxoperator.dev/docs/crd/resourceset/. The operator writes each resource as YAML, executes
it as a Go template with the delimiters `<<` and `>>` for each input, and reads the result.
Expressions that are one field of the input are filled in here; any other one is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from bot.core.reading.yaml_texts import block_text, value_of
from bot.core.resource import Node, Resource
from bot.core.states.carriers.texts import CarriedManifest, Unread, plain, text_manifests
from bot.core.values import EMPTY, Body, Value, mapping, sequence
from bot.errors import UnbuildableError

_ACTION: Final = re.compile(r"<<-?\s*(?P<inner>.*?)\s*-?>>", re.DOTALL)
_FIELD: Final = re.compile(r"inputs(?P<steps>(?:\.[A-Za-z_][A-Za-z0-9_]*)+)", re.ASCII)
_MOST: Final = 500
_DISABLED: Final = "fluxcd.controlplane.io/reconcile"


class _NotPlainError(ValueError):
    """An expression that is more than a field of the input, or a field that the input lacks."""


def resource_set(resource: Resource) -> Iterator[CarriedManifest | Unread]:
    """Yield the resources of a ResourceSet, once for each of its inputs."""
    if (resource.annotations.get(_DISABLED) or "").lower() == "disabled":
        return
    spec = resource.at("spec")
    inputs, unread = _inputs(spec)
    space = resource.namespace or ""
    if unread is not None:
        yield unread
    for node in spec["resources"].items():
        if "<<" not in block_text(node.value):
            yield replace(plain(node), namespace=space)
        elif unread is None:
            yield from (_filled_resource(node, values, space) for values in inputs)
    template = spec["resourcesTemplate"]
    if template.text and unread is None:
        for values in inputs:
            yield from _filled_text(template, values, space)


def _inputs(spec: Node) -> tuple[tuple[Body, ...], Unread | None]:
    """Return the inputs, and the part of the ResourceSet because of which they are unknown."""
    held = tuple(map(mapping, sequence(spec["inputs"].value)))
    if spec["inputsFrom"].value:
        return held, Unread(spec["inputsFrom"], "takes its inputs from the cluster")
    if spec["inputStrategy"].exists:
        return held, Unread(spec["inputStrategy"], "combines its inputs by a strategy")
    if len(held) > _MOST:
        return held[:_MOST], Unread(spec["inputs"], f"has more than {_MOST} inputs")
    return held or (EMPTY,), None


def _filled_resource(node: Node, values: Body, space: str) -> CarriedManifest | Unread:
    try:
        body = mapping(value_of(_executed(block_text(node.value), values).encode()))
    except (_NotPlainError, UnbuildableError):
        return Unread(node, "has a template expression that only the Flux Operator evaluates")
    return replace(plain(node), body=body, namespace=space)


def _filled_text(node: Node, values: Body, space: str) -> Iterator[CarriedManifest | Unread]:
    try:
        content = _executed(node.text or "", values)
    except _NotPlainError:
        yield Unread(node, "has a template expression that only the Flux Operator evaluates")
        return
    filled = Node(node.resource, node.route, content)
    for manifest in text_manifests(filled):
        yield (
            replace(manifest, namespace=space)
            if isinstance(manifest, CarriedManifest)
            else manifest
        )


def _executed(template: str, values: Body) -> str:
    """Return a template with each expression replaced. Raises _NotPlainError."""

    def replacement(match: re.Match[str]) -> str:
        named = _FIELD.fullmatch(match["inner"])
        trims = match[0].startswith("<<-") or match[0].endswith("->>")
        if named is None or trims:
            raise _NotPlainError(match[0])
        return _text(_at(values, named["steps"][1:].split(".")))

    return _ACTION.sub(replacement, template)


def _at(values: Body, names: list[str]) -> Value:
    value: Value = values
    for name in names:
        if not isinstance(value, Mapping) or name not in value:
            raise _NotPlainError(name)
        value = value[name]
    return value


def _text(value: Value) -> str:
    """Return a value as Go's text/template prints it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    raise _NotPlainError(type(value).__name__)
