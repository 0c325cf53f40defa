"""GraphQL requests, answered from nested mappings of fields by graphql-core.

`schema.graphql` beside this module is the served part of GitHub's schema. A field is a value, or a
function of `info` and the field's arguments that returns one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import graphql

MOST_TOKENS: Final = 5000
"""A longer document is refused."""

Field = Any  # a value, or a function of `info` and the field's arguments
Arguments = dict[str, Any]


class RequestRefused(graphql.GraphQLError):
    """A refusal in GitHub's words; `type` is GitHub's machine-readable reason."""

    def __init__(self, message: str, type_: str) -> None:
        super().__init__(message, extensions={"type": type_})


@cache
def schema() -> graphql.GraphQLSchema:
    """The served part of GitHub's schema."""
    text = (Path(__file__).parent / "schema.graphql").read_text(encoding="utf-8")
    return graphql.build_schema(text)


def respond(query: str, roots: Mapping[str, Field], variables: Mapping[str, Any]) -> dict[str, Any]:
    """The response to a document: `data`, and `errors` where there are any."""
    try:
        document = graphql.parse(query, max_tokens=MOST_TOKENS)
    except (graphql.GraphQLError, RecursionError) as error:
        return {"data": None, "errors": [{"message": str(error)}]}
    if errors := graphql.validate(schema(), document):
        return {"data": None, "errors": list(map(_error, errors))}
    result = graphql.execute_sync(schema(), document, roots, variable_values=dict(variables))
    response: dict[str, Any] = {"data": result.data}
    return response | ({"errors": list(map(_error, result.errors))} if result.errors else {})


def _error(error: graphql.GraphQLError) -> dict[str, Any]:
    reason = (error.extensions or {}).get("type")
    return {"message": error.message} | ({"type": reason} if reason else {})


def connection(items: Sequence[Any], shape: Callable[[Any], Field]) -> Callable[..., Field]:
    """A field that returns a page of items; a cursor is an index of the list."""

    def page(
        info: graphql.GraphQLResolveInfo[Any],
        *,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Field:
        del info, before
        start = int(after or 0)
        end = start + (first or last or 100)
        if last:
            start, end = max(len(items) - last, 0), len(items)
        nodes = [shape(item) for item in items[start:end]]
        page_info = {
            "hasNextPage": end < len(items),
            "hasPreviousPage": start > 0,
            "endCursor": str(min(end, len(items))) if nodes else None,
            "startCursor": str(start) if nodes else None,
        }
        edges = [{"node": node, "cursor": str(start + n + 1)} for n, node in enumerate(nodes)]
        return {"nodes": nodes, "edges": edges, "totalCount": len(items), "pageInfo": page_info}

    return page
