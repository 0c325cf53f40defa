# ruff: noqa: INP001 - a script beside the data that it makes
"""Cuts GitHub's descriptions of its API down to what the tests need.

    npm pack @octokit/openapi@23.0.2 @octokit/openapi-webhooks@12.1.0 \
        @octokit/graphql-schema@15.26.1         # and unpack each into a directory of its name
    python tests/data/github/slim.py DIRECTORY

Kept are the operations and webhooks listed here with every schema that they refer to, without
descriptions and examples. `CORRECTIONS` are the places where GitHub answers otherwise than its
description says.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Json = Any  # a schema document

OPERATIONS = [
    "GET /app",
    "GET /app/installations",
    "GET /app/installations/{installation_id}",
    "POST /app/installations/{installation_id}/access_tokens",
    "GET /app/hook/config",
    "GET /app/hook/deliveries",
    "GET /app/hook/deliveries/{delivery_id}",
    "POST /app/hook/deliveries/{delivery_id}/attempts",
    "POST /app-manifests/{code}/conversions",
    "GET /installation/repositories",
    "DELETE /installation/token",
    "GET /rate_limit",
    "GET /user",
    "GET /orgs/{org}/teams/{team_slug}/memberships/{username}",
    "GET /repos/{owner}/{repo}",
    "GET /repos/{owner}/{repo}/installation",
    "GET /repos/{owner}/{repo}/activity",
    "GET /repos/{owner}/{repo}/branches",
    "GET /repos/{owner}/{repo}/git/ref/{ref}",
    "GET /repos/{owner}/{repo}/contents/{path}",
    "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
    "GET /repos/{owner}/{repo}/rules/branches/{branch}",
    "GET /repos/{owner}/{repo}/rulesets",
    "GET /repos/{owner}/{repo}/rulesets/{ruleset_id}",
    "GET /repos/{owner}/{repo}/commits/{ref}/check-runs",
    "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls",
    "POST /repos/{owner}/{repo}/check-runs",
    "GET /repos/{owner}/{repo}/check-runs/{check_run_id}",
    "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}",
    "GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations",
    "POST /repos/{owner}/{repo}/check-runs/{check_run_id}/rerequest",
    "GET /repos/{owner}/{repo}/pulls",
    "GET /repos/{owner}/{repo}/pulls/{pull_number}",
    "GET /repos/{owner}/{repo}/pulls/{pull_number}/files",
    "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge",
    "POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers",
    "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
    "POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
    "PUT /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}",
    "GET /repos/{owner}/{repo}/pulls/{pull_number}/comments",
    "POST /repos/{owner}/{repo}/pulls/{pull_number}/comments",
    "POST /repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies",
    "GET /repos/{owner}/{repo}/pulls/comments/{comment_id}",
    "PATCH /repos/{owner}/{repo}/pulls/comments/{comment_id}",
    "DELETE /repos/{owner}/{repo}/pulls/comments/{comment_id}",
    "GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
    "POST /repos/{owner}/{repo}/issues/{issue_number}/comments",
    "GET /repos/{owner}/{repo}/issues/comments/{comment_id}",
    "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}",
    "DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}",
]

WEBHOOKS = [
    "check-run-completed",
    "check-run-created",
    "check-run-requested-action",
    "check-run-rerequested",
    "check-suite-completed",
    "check-suite-requested",
    "check-suite-rerequested",
    "installation-created",
    "installation-deleted",
    "installation-suspend",
    "installation-unsuspend",
    "installation-new-permissions-accepted",
    "installation-repositories-added",
    "installation-repositories-removed",
    "issue-comment-created",
    "issue-comment-deleted",
    "issue-comment-edited",
    "merge-group-checks-requested",
    "merge-group-destroyed",
    "ping",
    "pull-request-closed",
    "pull-request-converted-to-draft",
    "pull-request-edited",
    "pull-request-opened",
    "pull-request-ready-for-review",
    "pull-request-reopened",
    "pull-request-synchronize",
    "pull-request-labeled",
    "pull-request-unlabeled",
    "pull-request-enqueued",
    "pull-request-dequeued",
    "pull-request-review-edited",
    "pull-request-review-submitted",
    "pull-request-review-comment-created",
    "pull-request-review-comment-deleted",
    "pull-request-review-comment-edited",
    "push",
    "repository-archived",
    "repository-renamed",
]

# Comments on files and outdated ones have null here: their own webhook schemas say so.
CORRECTIONS = {"pull-request-review-comment": ("line", "original_line", "position")}
# Described without a body; GitHub answers with its usual one all the same.
WITH_BODY = (
    ("/orgs/{org}/teams/{team_slug}/memberships/{username}", "get", "404"),
    ("/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", "post", "422"),
)
# An App may subscribe to this one as well.
_EVENTS, _MISSING_EVENT = {"check_suite", "pull_request"}, "merge_group"
_DROPPED = {
    "discriminator",  # of `oneOf`s that say enough, in one case by a property of an array
    "description",
    "summary",
    "example",
    "examples",
    "externalDocs",
    "tags",
    "x-github",
    "x-github-breaking-changes",
    "deprecated",
    "servers",
    "operationId",
    "x-multi-segment",
    "title",
    "headers",
}


def references(schema: Json) -> Iterator[str]:
    """The component references in a document."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def bare(value: Json, *, names: bool = False) -> Json:
    """The document without descriptions; below `properties` keys are names, not keywords."""
    if isinstance(value, dict):
        return _completed(
            {
                key: bare(inner, names=not names and key in {"properties", "patternProperties"})
                for key, inner in value.items()
                if names or key not in _DROPPED
            }
        )
    return [bare(inner) for inner in value] if isinstance(value, list) else value


def _completed(schema: Json) -> Json:
    """The schema with the enumerations as they are meant."""
    values = schema.get("enum")
    if not isinstance(values, list):
        return schema
    more: list[str | None] = [None] if schema.get("nullable") and None not in values else []
    if set(values) >= _EVENTS and _MISSING_EVENT not in values:
        more.append(_MISSING_EVENT)
    return schema | {"enum": values + more}


def closure(document: Json, roots: Json) -> Json:
    """The components that the roots refer to, directly or through each other."""
    kept: dict[str, dict[str, Json]] = {}
    waiting = list(references(roots))
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        if name not in kept.setdefault(kind, {}):
            kept[kind][name] = bare(document["components"][kind][name])
            waiting += references(kept[kind][name])
    return {kind: dict(sorted(found.items())) for kind, found in sorted(kept.items())}


def operation(raw: Json) -> Json:
    """An operation with JSON bodies alone."""
    slim = bare(raw)
    for body in [slim.get("requestBody"), *slim["responses"].values()]:
        if isinstance(body, dict) and "content" in body:
            kept = {kind: one for kind, one in body["content"].items() if kind.endswith("json")}
            plain = kept.get("application/json")
            body["content"] = {"application/json": plain} if plain else kept
    return slim


def slim_api(document: Json) -> Json:
    """The operations above."""
    paths: dict[str, Json] = {}
    for line in OPERATIONS:
        method, path = line.split()
        paths.setdefault(path, {})[method.lower()] = operation(
            document["paths"][path][method.lower()]
        )
    for path, method, status in WITH_BODY:
        del paths[path][method]["responses"][status]
    # Its inlined copy of `installation` asks of each account to be a user and an enterprise.
    listed = paths["/app/installations"]["get"]["responses"]["200"]["content"]
    listed["application/json"]["schema"]["items"] = {"$ref": "#/components/schemas/installation"}
    components = closure(document, paths)
    for name, properties in CORRECTIONS.items():
        for each in properties:
            components["schemas"][name]["properties"][each]["nullable"] = True
    return {"openapi": document["openapi"], "paths": paths, "components": components}


def slim_webhooks(document: Json) -> Json:
    """The payload schemas of the webhooks above."""
    schemas = {
        name: bare(document["webhooks"][name]["post"]["requestBody"]["content"]["application/json"])
        for name in WEBHOOKS
    }
    return {"webhooks": schemas, "components": closure(document, schemas)}


def slim_graphql(text: str) -> str:
    """The GraphQL schema without descriptions."""
    without = re.sub(r'"""[\s\S]*?"""', "", text)
    return "\n".join(line.rstrip() for line in without.split("\n") if line.strip()) + "\n"


def write(name: str, text: str) -> None:
    """A compressed file, the same bytes from the same text."""
    data = gzip.compress(text.encode(), compresslevel=9, mtime=0)
    (HERE / name).write_bytes(data)
    print(f"{name}: {len(text):,} characters, {len(data):,} bytes")  # noqa: T201 - a script


def main(directory: Path) -> None:
    """The three files beside this script, made anew."""
    dump: Callable[[Json], str] = lambda value: json.dumps(value, separators=(",", ":"))  # noqa: E731
    for package, slim, name in (
        ("octokit-openapi-23.0.2", slim_api, "api.json.gz"),
        ("octokit-openapi-webhooks-12.1.0", slim_webhooks, "webhooks.json.gz"),
    ):
        source = directory / package / "package" / "generated" / "api.github.com.json"
        write(name, dump(slim(json.loads(source.read_text()))) + "\n")
    source = directory / "octokit-graphql-schema-15.26.1" / "package" / "schema.graphql"
    write("schema.graphql.gz", slim_graphql(source.read_text()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
