"""Generates the published schemas of Kubernetes' own kinds, slimmed.

Source: `api/openapi-spec/swagger.json` of k8s.io/kubernetes for each supported minor version
(Apache-2.0); the values of enumerations, which that file lacks, from
`pkg/generated/openapi/zz_generated.openapi.go`.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.oracle.modules import KUBERNETES, kubernetes

TARGET: Final = Path("bot/kubernetes/data/schemas.json.zz")

_PREFIX: Final = "#/definitions/"
_FUNCTION: Final = re.compile(r"func schema_(?:k8sio_)?(\w+?)\(ref")
_PROPERTY: Final = re.compile(r'^\t{5}"([^"]+)": \{$')
_ENUM: Final = re.compile(r"Enum:\s+\[\]interface\{\}\{(.*)\}")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
# Where the object of an enumeration may also be empty or be extended by the cluster.
_OPEN: Final = frozenset({"io.k8s.api.core.v1.PersistentVolumeClaimCondition.type"})
_SPECIAL: Final[Mapping[str, str]] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "intstr",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "any",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "any",
}


def generate() -> bytes:
    """The data file: one entry for each minor version, definitions that are alike once."""
    shapes: dict[str, int] = {}
    minors = {}
    for minor in KUBERNETES:
        swagger = json.loads((kubernetes(minor) / "api/openapi-spec/swagger.json").read_bytes())
        enums = _enumerations(kubernetes(minor))
        definitions = {}
        for name, definition in swagger["definitions"].items():
            if name.startswith("io.k8s.apiextensions-apiserver") and "JSON" in name:
                continue
            encoded = json.dumps(_shape(name, definition, enums), sort_keys=True)
            definitions[_short(name)] = shapes.setdefault(encoded, len(shapes))
        minors[str(minor)] = {"kinds": dict(_kinds(swagger)), "definitions": definitions}
    whole = {"shapes": [json.loads(text) for text in shapes], "minors": minors}
    return zlib.compress(json.dumps(whole, separators=(",", ":"), sort_keys=True).encode(), 9)


def _short(name: str) -> str:
    return name.removeprefix("io.k8s.").replace("apimachinery.pkg.apis.", "").removeprefix("api.")


def _shape(
    name: str, definition: Mapping[str, Any], enums: Mapping[str, Mapping[str, list[str]]]
) -> list[Any]:
    """`[fields by name, required names]`, or a type's name where the definition is no object."""
    if definition.get("type") != "object" or "properties" not in definition:
        return [_type(definition), []]
    values = enums.get(_go_name(name), {})
    fields = {}
    for field, schema in definition["properties"].items():
        kind = _type(schema)
        if kind == "string" and field in values and f"{name}.{field}" not in _OPEN:
            kind = {"enum": values[field]}
        fields[field] = kind
    return [fields, definition.get("required", [])]


def _go_name(name: str) -> str:
    """`apps_v1_Deployment` for `io.k8s.api.apps.v1.Deployment`, the generated function's name."""
    return "_".join(re.split(r"[.]", name.removeprefix("io.k8s.")))


def _type(schema: Mapping[str, Any]) -> Any:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_PREFIX)
        if name.startswith("io.k8s.apiextensions-apiserver") and "JSON" in name:
            return "any"
        return _SPECIAL.get(name) or {"ref": _short(name)}
    kind = schema.get("type")
    if kind == "array":
        keys = schema.get("x-kubernetes-list-map-keys") or []
        return {"list": _type(schema["items"]), **({"keys": keys} if keys else {})}
    if kind == "object" and "additionalProperties" in schema:
        return {"map": _type(schema["additionalProperties"])}
    if kind == "string" and schema.get("format") == "byte":
        return "bytes"
    return kind if kind in {"string", "integer", "number", "boolean"} else "any"


def _kinds(swagger: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """Each group, version and kind with a path of its own: definition, and whether namespaced."""
    definitions = {
        (kind["group"], kind["version"], kind["kind"]): _short(name)
        for name, definition in swagger["definitions"].items()
        for kind in definition.get("x-kubernetes-group-version-kind", ())
    }
    found: dict[str, list[Any]] = {}
    for path, item in swagger["paths"].items():
        kind = item.get("post", {}).get("x-kubernetes-group-version-kind")
        if kind is None or path.endswith("}") or "}/" in path.partition("{namespace}/")[2]:
            continue
        key = (kind["group"], kind["version"], kind["kind"])
        if key in definitions and kind["kind"] not in {"Binding", "Eviction", "TokenRequest"}:
            name = "/".join(part for part in key if part)
            namespaced = "/namespaces/{namespace}/" in path
            found[name] = [definitions[key], int(namespaced)]
    yield from sorted(found.items())


def _enumerations(folder: Path) -> dict[str, dict[str, list[str]]]:
    """The values of each enumerated property, by the generated function and the property."""
    text = (folder / "pkg/generated/openapi/zz_generated.openapi.go").read_text(encoding="utf-8")
    found: dict[str, dict[str, list[str]]] = {}
    function = field = ""
    for line in text.splitlines():
        if match := _FUNCTION.match(line):
            function = match[1]
        elif match := _PROPERTY.match(line):
            field = match[1]
        elif (match := _ENUM.search(line)) and field:
            found.setdefault(function, {})[field] = _QUOTED.findall(match[1])
    return found
