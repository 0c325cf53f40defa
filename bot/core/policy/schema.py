"""The policy's JSON Schema, generated from the policy's types, for publishing and validation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from bot.core.finding import Severity
from bot.core.policy.descriptions import describe
from bot.core.policy.layers import BRANCHES
from bot.core.policy.model import Policy

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_PATH: Final = "/policy.schema.json"
"""Where a service publishes the schema of its version, below its own address."""

_SEVERITIES: Final = [*map(str, Severity), "off"]

_TEXT: Final = {"type": "string", "minLength": 1}
_MOST_BRANCHES: Final = 50
_MOST_NAMES: Final = 20
"""The most globs in one entry of `branches`."""

# A JSON Schema is JSON: what stands in it is known to no type checker.
Schema = dict[str, Any]


def policy_schema(options: Mapping[str, type] | None = None) -> Schema:
    """The schema of a policy file.

    `options` maps rule ids to options types; without it, any rule id is legal and options are not
    checked.
    """
    types = dict(sorted((options or {}).items()))
    references, definitions = msgspec.json.schema_components(
        [Policy, *types.values()], ref_template="#/$defs/{name}"
    )
    types_by_name = {name: _as_written(definition) for name, definition in definitions.items()}
    top = types_by_name.pop("Policy")
    types_by_name.pop("RulePolicy")
    own_types = {
        rule: _target(definition, types_by_name)
        for rule, definition in zip(types, references[1:], strict=True)
    }
    for name in [
        definition["$ref"].rpartition("/")[2]
        for definition in references[1:]
        if "$ref" in definition
    ]:
        types_by_name.pop(name, None)
    top["properties"]["rules"] = {
        "description": "What is said of single rules: a severity, `off`, or a mapping.",
        "type": "object",
        "default": {},
        "properties": {rule: _rule(definition) for rule, definition in own_types.items()},
        "additionalProperties": False if options is not None else _rule(None),
    }
    top["properties"][BRANCHES] = _branches(list(top["properties"]))
    title = {"title": "The policy of Fairlead: .github/fairlead.yml"}
    schema = {"$schema": _DIALECT, **top, **title, "$defs": dict(sorted(types_by_name.items()))}
    describe(schema)
    return schema


def schema_url(service: str) -> str:
    """The address of the policy's schema at a service with this address."""
    return service.rstrip("/") + SCHEMA_PATH


def published(schema: Schema, service: str) -> Schema:
    """The schema as a service with this address publishes it: with its own address as `$id`."""
    return {"$schema": schema["$schema"], "$id": schema_url(service), **schema}


def _branches(keys: list[str]) -> Schema:
    """The schema of settings by target branch: everything but the version."""
    names = {
        "description": "Globs.",
        "type": "array",
        "minItems": 1,
        "maxItems": _MOST_NAMES,
        "items": _TEXT,
    }
    settings = {key: {"$ref": f"#/properties/{key}"} for key in keys if key != "version"}
    return {
        "description": "What differs by target branch; the first entry that names it counts.",
        "type": "array",
        "maxItems": _MOST_BRANCHES,
        "default": [],
        "items": {
            "type": "object",
            "properties": {"names": names, **settings},
            "required": ["names"],
            "additionalProperties": False,
        },
    }


def _target(reference: Schema, definitions: Mapping[str, Schema]) -> Schema:
    name = reference.get("$ref", "").rpartition("/")[2]
    return definitions[name] if name else reference


def _rule(options: Schema | None) -> Schema:
    """The schema of one rule: a severity, or a mapping that may also set options."""
    severity = {"description": "Instead of the rule's own severity.", "enum": _SEVERITIES}
    mode = {
        "description": "With `observe` its findings are shown and block nothing.",
        "enum": ["enforce", "observe"],
    }
    properties = options.get("properties", {}) if options is not None else {}
    mapping = {
        "type": "object",
        "properties": {"severity": severity, "mode": mode, **properties},
        "additionalProperties": options is None,
    }
    return {"anyOf": [{"enum": _SEVERITIES}, mapping]}


def _as_written(schema: Any) -> Any:
    """The schema with hyphenated keys, unknown keys refused and null not allowed."""
    if isinstance(schema, list):
        return [_as_written(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "anyOf" in schema:
        choices = [item for item in schema["anyOf"] if item != {"type": "null"}]
        if len(choices) == 1:
            rest = {key: item for key, item in schema.items() if key not in {"anyOf", "default"}}
            return _as_written({**choices[0], **rest})
    out = {key: _as_written(item) for key, item in schema.items()}
    if isinstance(schema.get("description"), str):
        out["description"] = " ".join(schema["description"].split())
    if isinstance(schema.get("default"), dict):
        del out["default"]  # the defaults stand at the keys inside
    if "properties" in schema:
        out["properties"] = {written(key): item for key, item in out["properties"].items()}
        out["additionalProperties"] = False
        required = [written(key) for key in out.pop("required", [])]
        out |= {"required": required} if required else {}
    return out


def written(name: str) -> str:
    """A field's name as the policy writes it."""
    return name.replace("_", "-")
