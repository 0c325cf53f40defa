"""Labels of namespaces with levels and versions that do not exist are refused."""

from __future__ import annotations

import json

import pytest

from bot.core.resource import Resource
from bot.kubernetes.apply.namespace_labels import refused_labels
from tests.states import world

PREFIX = "pod-security.kubernetes.io"


def namespace(**labels: object) -> Resource:
    metadata = {"name": "a", "labels": {f"{PREFIX}/{name}": text for name, text in labels.items()}}
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    (resource,) = world(json.dumps(body)).resources
    return resource


def refused(old: Resource | None, new: Resource) -> list[str]:
    return [str(fault.node.route[-1]) for fault in refused_labels(old, new)]


@pytest.mark.parametrize("mode", ["enforce", "audit", "warn"])
@pytest.mark.parametrize("level", ["strict", "Restricted", ""])
def test_a_level_that_does_not_exist_is_refused(mode: str, level: str) -> None:
    assert refused(None, namespace(**{mode: level})) == [f"{PREFIX}/{mode}"]


@pytest.mark.parametrize("version", ["1.30", "v1", "v1.030", "v2.1", "v1.30.1", "newest"])
def test_a_version_that_does_not_exist_is_refused(version: str) -> None:
    assert refused(None, namespace(**{"warn-version": version})) == [f"{PREFIX}/warn-version"]


@pytest.mark.parametrize("version", ["latest", "v1.0", "v1.30", "v1.99"])
def test_levels_and_versions_that_exist_are_accepted(version: str) -> None:
    labels = {"enforce": "baseline", "warn": "restricted", "audit": "privileged"}

    assert refused(None, namespace(**labels, **{"enforce-version": version})) == []


def test_what_base_has_as_well_is_not_refused() -> None:
    assert refused(namespace(enforce="strict"), namespace(enforce="strict", warn="baseline")) == []
    assert refused(namespace(enforce="strict"), namespace(enforce="tight")) != []


def test_what_a_controller_replaces_is_not_judged() -> None:
    assert refused(None, namespace(enforce="${LEVEL}")) == []
