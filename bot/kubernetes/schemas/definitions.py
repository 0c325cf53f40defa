"""Schemas of CustomResourceDefinitions: the shape that a structural schema describes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.core.resource import GroupKind, Node
from bot.core.state import State
from bot.core.values import Body, Value, mapping, sequence, text
from bot.kubernetes import kinds
from bot.kubernetes.schemas.shape import (
    ANY,
    EnumShape,
    ListShape,
    MapShape,
    ObjectShape,
    Shape,
    ShapeReference,
)
from bot.records import dataclass

_DEEPEST: Final = 60
_METADATA: Final = ShapeReference("meta.v1.ObjectMeta")


@dataclass(frozen=True, slots=True)
class CustomKind:
    """A kind that a CustomResourceDefinition defines; `shapes` by served version."""

    definition: Node
    namespaced: bool
    shapes: Mapping[str, Shape]


def custom_kinds(state: State) -> Mapping[GroupKind, CustomKind]:
    """The kinds that the definitions of this state define."""
    found = {}
    for resource in state.of(kinds.CUSTOM_RESOURCE_DEFINITION):
        spec = resource.at("spec")
        group, kind = spec["group"].text, spec.at("names", "kind").text
        if group and kind:
            shapes = {
                version["name"].text or "": root_shape(
                    mapping(version.at("schema", "openAPIV3Schema").value)
                )
                for version in spec["versions"].items()
                if version["served"].value is not False
            }
            found[GroupKind(group, kind)] = CustomKind(
                resource.root, spec["scope"].text == "Namespaced", MappingProxyType(shapes)
            )
    return MappingProxyType(found)


def root_shape(schema: Body) -> Shape:
    """The shape of a whole object: every object has an API version, a kind and metadata."""
    shape = _shape(schema, _DEEPEST)
    if not isinstance(shape, ObjectShape):
        return ANY
    common: dict[str, Shape] = {"apiVersion": "string", "kind": "string", "metadata": _METADATA}
    return ObjectShape(
        MappingProxyType({**shape.fields, **common}),
        tuple(name for name in shape.required if name not in common),
        shape.is_open,
        shape.defaults,
    )


def _shape(schema: Body, depth: int) -> Shape:
    if depth == 0 or "$ref" in schema:
        return ANY
    if schema.get("x-kubernetes-int-or-string") is True:
        return "intstr"
    if schema.get("x-kubernetes-embedded-resource") is True:
        return ANY
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, depth)
    if kind == "array":
        return _list(schema, depth)
    return _scalar(schema)


def _scalar(schema: Body) -> Shape:
    values = tuple(item for item in sequence(schema.get("enum")) if isinstance(item, str))
    match schema.get("type"):
        case "string" if values and len(values) == len(sequence(schema.get("enum"))):
            return EnumShape(values)
        case "string" | "integer" | "number" | "boolean" as kind:
            return kind
        case _:
            return ANY


def _object(schema: Body, depth: int) -> Shape:
    properties = mapping(schema.get("properties"))
    additional = schema.get("additionalProperties")
    if isinstance(additional, Mapping) and not properties:
        return MapShape(_shape(additional, depth - 1))
    is_open = schema.get("x-kubernetes-preserve-unknown-fields") is True or bool(additional)
    if not properties and not is_open and "properties" not in schema:
        # Without properties everything is pruned, which is said where something stands.
        return ObjectShape(MappingProxyType({}), (), is_open=False)
    shapes = {name: _shape(mapping(value), depth - 1) for name, value in properties.items()}
    defaults: dict[str, object] = {
        name: mapping(value)["default"]
        for name, value in properties.items()
        if "default" in mapping(value)
    }
    required = tuple(name for item in sequence(schema.get("required")) if (name := text(item)))
    return ObjectShape(MappingProxyType(shapes), required, is_open, MappingProxyType(defaults))


def _list(schema: Body, depth: int) -> Shape:
    items = _shape(mapping(schema.get("items")), depth - 1)
    kind: Value = schema.get("x-kubernetes-list-type")
    keys = tuple(
        name for item in sequence(schema.get("x-kubernetes-list-map-keys")) if (name := text(item))
    )
    return ListShape(items, keys if kind == "map" else (), unique=kind == "set")
