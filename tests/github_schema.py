"""Whether what went over the wire is what GitHub describes: requests, answers, webhooks."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import filterfalse
from pathlib import Path
from typing import Any

import graphql
from jsonschema.exceptions import ValidationError, best_match
from openapi_schema_validator import (
    OAS30Validator,
    OAS31Validator,
    oas30_format_checker,
    oas31_format_checker,
)
from referencing import Registry
from referencing.jsonschema import DRAFT4, DRAFT202012

from bot.standin.deliveries import DeliveryAttempt
from bot.standin.exchanges import Exchange

DATA = Path(__file__).parent / "data" / "github"
API = "/api/v3"
GRAPHQL = "/api/graphql"
MAXIMUM_BODY = 65_536
MAXIMUM_PAYLOAD_BYTES = 25 * 1024 * 1024
Json = Any  # a document of the wire

# What GitHub answers without saying so at every operation.
_ANYWHERE = {400, 401, 403, 404, 405, 409, 422, 429}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the description and the pattern of its path."""

    name: str
    path: re.Pattern[str]
    described: Json


def _described_in(name: str) -> Json:
    # A schema is checked apart from its document, so its references must be absolute.
    return json.loads(_read(name).replace('"#/components/', f'"{name}#/components/'))


def _read(name: str) -> str:
    return gzip.decompress((DATA / name).read_bytes()).decode()


@cache
def _api() -> Json:
    return _described_in("api.json.gz")


@cache
def _webhooks() -> Json:
    return _described_in("webhooks.json.gz")


@cache
def graphql_schema() -> graphql.GraphQLSchema:
    """GitHub's GraphQL schema."""
    return graphql.build_schema(_read("schema.graphql.gz"), assume_valid=True)


@cache
def _operations() -> dict[str, list[Operation]]:
    found: dict[str, list[Operation]] = {}
    for template, methods in _api()["paths"].items():
        # Only these hold slashes: a path in a repository, and the names of refs.
        pattern = re.sub(r"\\{(path|ref|branch)\\}", "(.+)", re.escape(template))
        pattern = re.sub(r"\\{\w+\\}", "([^/]+)", pattern)
        for method, described in methods.items():
            name = f"{method.upper()} {template}"
            operation = Operation(name, re.compile(f"{pattern}/?"), described)
            found.setdefault(method.upper(), []).append(operation)
    # The more of a path is fixed, the better it fits: `/pulls/comments/{id}` before `/{number}`.
    for listed in found.values():
        listed.sort(key=lambda one: one.name.count("{"))
    return found


def _resolved(schema: Json) -> Json:
    while "$ref" in schema:
        _, _, kind, name = schema["$ref"].split("/")
        schema = _api()["components"][kind][name]
    return schema


def _errors(schema: Json, value: Json) -> Iterator[str]:
    registry = Registry().with_resource("api.json.gz", DRAFT4.create_resource(_api()))
    checker = OAS30Validator(schema, registry=registry, format_checker=oas30_format_checker)
    yield from map(_told, filterfalse(_of_deleted_fork, checker.iter_errors(value)))


def _of_deleted_fork(error: ValidationError) -> bool:
    """The head of a deleted fork has no repository: only the webhooks' description says so."""
    return error.instance is None and list(error.absolute_path)[-2:] == ["head", "repo"]


def _told(error: ValidationError) -> str:
    # Of alternatives, the one that came closest says most.
    inner = best_match(error.context) if error.context else None
    place = "/".join(map(str, error.absolute_path)) or "the body"
    said = error.message
    if len(said) > 300:  # the value comes first, what is wrong with it last
        said = f"{said[:100]} ... {said[-160:]}"
    return f"{place}: {said}" + (f" ({_told(inner)})" if inner else "")


def violations(exchanges: list[Exchange], *, requests: bool = True) -> Iterator[str]:
    """What in these exchanges GitHub would not have sent, or not have understood.

    Without `requests` only the answers are looked at, for tests that ask wrongly on purpose.
    """
    for exchange in exchanges:
        if exchange.path == GRAPHQL:
            found = _graphql_violations(exchange)
        elif exchange.path.startswith(API):
            found = _exchange_violations(exchange, requests=requests)
        else:
            continue
        for violation in found:
            yield f"{exchange.method} {exchange.path} -> {exchange.status}: {violation}"


def _exchange_violations(exchange: Exchange, *, requests: bool) -> Iterator[str]:
    path = exchange.path.removeprefix(API)
    listed = _operations().get(exchange.method, ())
    operation = next((one for one in listed if one.path.fullmatch(path)), None)
    if operation is None:
        yield "no such operation is described"
        return
    if requests:
        yield from _request_violations(operation, exchange)
    if not exchange.injected:
        yield from _response_violations(operation, exchange)


def _request_violations(operation: Operation, exchange: Exchange) -> Iterator[str]:
    if not exchange.user_agent:
        yield "GitHub refuses requests without User-Agent"
    yield from _query_violations(operation, exchange)
    body = operation.described.get("requestBody")
    if body is None:
        if exchange.request:
            yield f"a body where none is described: {exchange.request!r:.200}"
        return
    if exchange.request is None:
        if body.get("required"):
            yield "the body is missing"
        return
    schema = body["content"]["application/json"]["schema"]
    for error in _errors(schema, exchange.request):
        yield f"request: {error}"
    for key in _unknown_keys(schema, exchange.request):
        yield f"request: {key} is not described"
    yield from _own_rules(operation, exchange.request)


def _query_violations(operation: Operation, exchange: Exchange) -> Iterator[str]:
    parameters = {
        one["name"]: one
        for one in map(_resolved, operation.described.get("parameters", ()))
        if one["in"] == "query"
    }
    for name, text in exchange.query.items():
        if name not in parameters:
            yield f"query: {name} is not described"
            continue
        schema = _resolved(parameters[name]["schema"])
        value: Json = text
        if schema.get("type") == "integer" and text.isdecimal():
            value = int(text)
        if schema.get("type") == "boolean":
            value = {"true": True, "false": False}.get(text, text)
        for error in _errors(schema, value):
            yield f"query {name}: {error}"
    for name in (name for name, one in parameters.items() if one.get("required")):
        if name not in exchange.query:
            yield f"query: {name} is missing"


def _unknown_keys(schema: Json, value: Json, where: str = "", depth: int = 0) -> Iterator[str]:
    """Keys that no alternative of the schema describes: GitHub's schemas let any key pass."""
    schema = _resolved(schema)
    if depth > 10:
        return
    if isinstance(value, list) and "items" in schema:
        for item in value:
            yield from _unknown_keys(schema["items"], item, f"{where}[]", depth + 1)
    if not isinstance(value, dict) or schema.get("additionalProperties"):
        return
    described = dict(_described(schema))
    if not described:
        return
    for key, inner in value.items():
        if key in described:
            yield from _unknown_keys(described[key], inner, f"{where}.{key}", depth + 1)
        else:
            yield f"{where}.{key}"


def _described(schema: Json, depth: int = 0) -> Iterator[tuple[str, Json]]:
    schema = _resolved(schema)
    yield from schema.get("properties", {}).items()
    for word in ("allOf", "anyOf", "oneOf"):
        for alternative in schema.get(word, ()) if depth < 5 else ():
            yield from _described(alternative, depth + 1)


def _own_rules(operation: Operation, body: Json) -> Iterator[str]:
    """What GitHub refuses and does not describe."""
    if "/comments" in operation.name or "/reviews" in operation.name:
        texts = [body, *(body.get("comments") or ())]
        if any(len(one.get("body") or "") > MAXIMUM_BODY for one in texts):
            yield f"request: a body is longer than {MAXIMUM_BODY} characters"
    for one in (body.get("output") or {}).get("annotations") or ():
        if one.get("start_line", 1) > one.get("end_line", 1):
            yield "request: an annotation ends before it starts"
        columns = "start_column" in one or "end_column" in one
        if columns and one["start_line"] != one["end_line"]:
            yield "request: an annotation of several lines has columns"
        if len(one.get("message", "").encode()) > 64 * 1024 or len(one.get("title", "")) > 255:
            yield "request: an annotation's message or title is too long"


def _response_violations(operation: Operation, exchange: Exchange) -> Iterator[str]:
    described = operation.described["responses"].get(str(exchange.status))
    if described is None:
        if exchange.status not in _ANYWHERE:
            yield "the status is not described"
            return
        described = {"content": {"application/json": {"schema": _BASIC_ERROR}}}
    content = _resolved(described).get("content", {})
    schema = next((one["schema"] for one in content.values()), None)
    if schema is None:
        if exchange.response is not None:
            yield "response: a body where none is described"
        return
    for error in _errors(schema, exchange.response):
        yield f"response: {error}"


_BASIC_ERROR = {"$ref": "api.json.gz#/components/schemas/basic-error"}


def _graphql_violations(exchange: Exchange) -> Iterator[str]:
    if exchange.injected:
        return
    sent, schema = exchange.request, graphql_schema()
    try:
        document = graphql.parse(sent["query"])
    except graphql.GraphQLSyntaxError as error:
        yield error.message
        return
    for refused in graphql.validate(schema, document):
        yield f"request: {refused.message}"
    if exchange.status != 200 or exchange.response.get("errors"):
        return
    # The answer is executed as if it were the data: what the schema forbids cannot be resolved.
    result = graphql.execute_sync(
        schema,
        document,
        exchange.response["data"],
        variable_values=sent.get("variables"),
        field_resolver=lambda source, info, **_arguments: source[info.path.key],
        type_resolver=_type_of,
    )
    for failed in result.errors or ():
        yield f"response: {failed.message}"
    if result.data != exchange.response["data"]:
        yield "response: holds what was not asked for"


def _type_of(
    value: Json, info: graphql.GraphQLResolveInfo[Any], kind: graphql.GraphQLAbstractType
) -> str | None:
    """The named type, else the first that has the fields that were answered."""
    possible = info.schema.get_possible_types(kind)
    fitting = (one.name for one in possible if set(value) <= {*one.fields, "__typename"})
    named: str | None = value.get("__typename")
    return named or next(fitting, None)


def webhook_violations(deliveries: list[DeliveryAttempt]) -> Iterator[str]:
    """What in these deliveries GitHub would not have sent."""
    document = _webhooks()
    registry = Registry().with_resource("webhooks.json.gz", DRAFT202012.create_resource(document))
    for delivery in deliveries:
        name = "-".join(filter(None, (delivery.event, delivery.action))).replace("_", "-")
        if name not in document["webhooks"]:
            yield f"{name}: no such webhook is described"
            continue
        if len(delivery.payload) > MAXIMUM_PAYLOAD_BYTES:
            yield f"{name}: GitHub sends no payload of this size"
        schema = document["webhooks"][name]["schema"]
        checker = OAS31Validator(schema, registry=registry, format_checker=oas31_format_checker)
        for error in checker.iter_errors(delivery.body):
            yield f"{name}: {_told(error)}"
