"""The review as JSON: exactly the keys that are relied on, and a schema that says so."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bot.core.policy.model import Policy, Waiver
from bot.core.publish.review_json import review_schema, to_json
from tests.reviews import BASE, HEAD, MANY, PROBLEMS, RICH, decided, finding

WAIVER = Waiver("known", date(2027, 1, 1), rule="image-*")
FOUND = replace(finding(), facts=MappingProxyType({"ports": (80, MappingProxyType({"a": None}))}))
REVIEW = decided(
    FOUND,
    finding("image-tag-mutable", path=None),
    policy=Policy(waivers=(WAIVER,)),
    problems=PROBLEMS[:1],
    summary=MANY,
)
RESOURCE = {"group": "", "kind": "Service", "namespace": "shop", "name": "api"}
SERVICE = {
    "rule": "service-exposed",
    "severity": "error",
    "blocks": True,
    "message": "Service shop/api is newly reachable from outside",
    "environments": ["default"],
    "resource": RESOURCE,
    "location": {"path": "apps/api.yaml", "line": 12, "side": "RIGHT"},
    "related": [],
    "fingerprint": "0123456789abcdef0123",
    "facts": {"ports": [80, {"a": None}]},
}
DEPLOYMENT = {"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "api"}
DOCUMENT: dict[str, Any] = {
    "schema": "fairlead.review/1",
    "verdict": "blocked",
    "base": BASE,
    "head": HEAD,
    "findings": [SERVICE],
    "suppressed": [
        {
            **SERVICE,
            "rule": "image-tag-mutable",
            "blocks": False,
            "location": None,
            "facts": {},
            "because": {"waiver": "known", "expires": "2027-01-01"},
        }
    ],
    "problems": [
        {
            "kind": "unrendered",
            "new": False,
            "location": {"path": "apps/chart", "line": None, "side": "RIGHT"},
            "message": "a chart is not rendered",
            "id": "",
            "approvable": False,
        }
    ],
    "summary": {
        "environments": 2,
        "compared": 1312,
        "resources": {"added": 1, "changed": 2, "removed": 3},
        "class": "other",
        "images": [
            {"resource": DEPLOYMENT, "container": "api", "old": "shop/api:1", "new": "shop/api:2"}
        ],
        "grants": {"added": 1, "removed": 0},
    },
}


def test_the_document_has_these_keys_in_this_order() -> None:
    assert to_json(REVIEW) == json.dumps(DOCUMENT, indent=2) + "\n"


def test_details_and_suggestion_are_there_only_where_there_are_any() -> None:
    (found,) = json.loads(to_json(decided(RICH)))["findings"]

    assert {key: found[key] for key in found if key not in SERVICE} == {
        "details": {
            "tables": [
                {
                    "columns": ["Verb", "Resource"],
                    "rows": [["get", "secrets"], ["list", "pods/log"]],
                }
            ],
            "steps": [
                {
                    "title": "From here to the whole cluster:",
                    "steps": ["read the token", "be an admin"],
                }
            ],
            "graphs": [
                [{"from": "Deployment shop/web", "to": "Deployment shop/db", "label": "TCP 5432"}]
            ],
        },
        "suggestion": {"start": 12, "end": 13, "text": "      - get\n      - list"},
    }


def test_what_is_not_ascii_is_escaped() -> None:
    text = to_json(decided(finding(message="a \u202e b \ud800")))

    assert "a \\u202e b \\ud800" in text
    assert text.isascii()


def test_the_schema_takes_every_review() -> None:
    Draft202012Validator.check_schema(review_schema())

    for review in (REVIEW, decided(RICH), decided()):
        Draft202012Validator(review_schema()).validate(json.loads(to_json(review)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "fairlead.review/2"),
        (("verdict",), "passed"),
        (("findings", 0, "severity"), "bad"),
        (("findings", 0, "blocks"), "yes"),
        (("findings", 0, "location", "side"), "right"),
        (("findings", 0, "location", "line"), 0),
        (("suppressed", 0, "because"), None),
        (("problems", 0, "kind"), "unknown"),
        (("summary", "class"), "image"),
        (("summary", "resources", "added"), 1.5),
    ],
    ids=str,
)
def test_the_schema_refuses_another_value(path: tuple[str | int, ...], value: object) -> None:
    document = deepcopy(DOCUMENT)
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    assert not Draft202012Validator(review_schema()).is_valid(document)


def test_the_schema_asks_for_every_key() -> None:
    validator = Draft202012Validator(review_schema())
    for holder in ((), ("findings", 0), ("suppressed", 0), ("problems", 0), ("summary",)):
        place: Any = DOCUMENT
        for step in holder:
            place = place[step]
        for key in place:
            document = deepcopy(DOCUMENT)
            lacking: Any = document
            for step in holder:
                lacking = lacking[step]
            del lacking[key]
            assert not validator.is_valid(document), (holder, key)
