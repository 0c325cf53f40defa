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
from zlib import adler32

from bot.core.reading.yaml_texts import block_text, value_of
from bot.core.resource import Node, Resource
from bot.core.states.carriers.texts import CarriedManifest, Unread, plain, text_manifests
from bot.core.values import EMPTY, Body, Value, mapping, sequence
from bot.errors import UnbuildableError
from bot.patterns import pattern

_ACTION: Final = pattern(r"<<-?\s*(?P<inner>.*?)\s*-?>>", re.DOTALL)
_FIELD: Final = pattern(r"inputs(?P<steps>(?:\.[A-Za-z_][A-Za-z0-9_]*)+)", re.ASCII)
_MOST: Final = 500
_DISABLED: Final = "fluxcd.controlplane.io/reconcile"
_FLATTEN: Final = "Flatten"
_PERMUTE: Final = "Permute"
_PUNCTUATION: Final = pattern(r"[^a-z0-9]+")


class _NotPlainError(ValueError):
    """An expression that is more than a field of the input, or a field that the input lacks."""


def resource_set(resource: Resource) -> Iterator[CarriedManifest | Unread]:
    """Yield the resources of a ResourceSet and of its steps, once for each of its inputs."""
    if (resource.annotations.get(_DISABLED) or "").lower() == "disabled":
        return
    spec = resource.at("spec")
    inputs, unread = _inputs(spec)
    if unread is not None:
        yield unread
    for part in (spec, *spec["steps"].items()):
        yield from _built(part, inputs if unread is None else None)


def _built(part: Node, inputs: tuple[Body, ...] | None) -> Iterator[CarriedManifest | Unread]:
    """Yield the resources of a ResourceSet or of one step; `inputs` is None if they are unknown."""
    space = part.resource.namespace or ""
    for node in part["resources"].items():
        if "<<" not in block_text(node.value):
            yield replace(plain(node), namespace=space)
        elif inputs is not None:
            yield from (_filled_resource(node, values, space) for values in inputs)
    template = part["resourcesTemplate"]
    if template.text and inputs is not None:
        for values in inputs:
            yield from _filled_text(template, values, space)


def _inputs(spec: Node) -> tuple[tuple[Body, ...], Unread | None]:
    """Return the inputs, and the part of the ResourceSet because of which they are unknown.

    Inputs of the set itself are alike under both strategies, but for the name that `Permute` puts
    before their fields.
    https://github.com/controlplaneio-fluxcd/flux-operator/blob/v0.58.1/internal/inputs/combine.go
    """
    stated = tuple(map(mapping, sequence(spec["inputs"].value)))
    strategy = spec["inputStrategy"]["name"].text or _FLATTEN
    if spec["inputsFrom"].value:
        return stated, Unread(spec["inputsFrom"], "takes its inputs from the cluster")
    if strategy not in (_FLATTEN, _PERMUTE):
        return stated, Unread(spec["inputStrategy"], "combines its inputs by an unknown strategy")
    if len(stated) > _MOST:
        return stated[:_MOST], Unread(spec["inputs"], f"has more than {_MOST} inputs")
    provider = _provider(spec.resource)
    inputs: tuple[Body, ...] = tuple({**values, "provider": provider} for values in stated)
    if strategy == _PERMUTE:
        inputs = tuple(_permuted(inputs, spec.resource.name))
    return inputs or (EMPTY,), None


def _provider(resource: Resource) -> Body:
    """Return what every input says of the object that states it."""
    return {
        "apiVersion": resource.api_version,
        "kind": resource.group_kind.kind,
        "name": resource.name,
        "namespace": resource.namespace,
    }


def _permuted(inputs: tuple[Body, ...], name: str) -> Iterator[Body]:
    """Yield the inputs under the name of their only provider, each with the id of its place."""
    key = _PUNCTUATION.sub("_", name.lower()).strip("_")
    for number, values in enumerate(inputs):
        yield {key: values, "id": str(adler32(f"{key}={number}".encode()))}


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

    if "<<" in _ACTION.sub("", template):
        raise _NotPlainError("an expression without an end")
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
