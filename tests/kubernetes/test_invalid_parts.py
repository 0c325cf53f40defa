"""Files that hold a part of an object, which patches complete."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bot.core.rendering import Declared
from bot.core.validation import Refusal, ValidationResult
from bot.kubernetes.invalid import invalid
from tests.states import world

REQUIRED = Refusal("spec.selector", "FieldValueRequired")


def fields(spec: dict[str, object]) -> list[object]:
    """The fields of the findings of a new Deployment that lacks its selector."""
    whole = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}
    after = world(json.dumps({**whole, "spec": spec}))
    (resource,) = after.resources
    result = ValidationResult("judged", (REQUIRED,))
    judged = replace(after, validations={resource.key: result})
    return [found.facts["field"] for found in invalid(None, resource, world(), judged)]


def template(**container: str) -> dict[str, object]:
    return {"template": {"spec": {"containers": [{"name": "c", **container}]}}}


@pytest.mark.parametrize("spec", [template(), {"replicas": 2}])
def test_a_workload_without_selector_and_images_is_a_patch(spec: dict[str, object]) -> None:
    assert fields(spec) == []


def test_a_workload_that_only_lacks_its_selector_is_refused() -> None:
    assert fields(template(image="i")) == ["spec.selector"]


@pytest.mark.parametrize(
    ("declared", "listed", "severity"),
    [(False, False, "warning"), (True, True, "warning"), (True, False, "notice")],
)
def test_what_a_file_lacks_that_nothing_applies_may_be_added_later(
    *, declared: bool, listed: bool, severity: str
) -> None:
    """A Flux Kustomization without an interval, whose parent may add it by a patch."""
    after = world(
        "{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: a},"
        " spec: {prune: true, sourceRef: {kind: GitRepository, name: a}}}"
    )
    (resource,) = after.resources
    roots = (Declared(resource.root, "apps"),)
    state = replace(
        after,
        declarations=roots if declared else (),
        applied_by={resource.key: roots} if listed else {},
    )

    found = list(invalid(None, resource, world(), state))

    assert [(finding.facts["field"], finding.severity) for finding in found] == [
        ("spec.interval", severity)
    ]
