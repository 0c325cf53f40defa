"""A Service under another name that asks for a number which the old one still has."""

from __future__ import annotations

import pytest

from rules import manifest_invalid
from tests.analysis.law import Repository, application, flux, found, review
from tests.analysis.law_cases import SYNC
from tests.states import world

MESSAGE = "Service shop/new asks for {}, which Service shop/old has until it is deleted"


def service(name: str, fields: str = "type: NodePort, ports: [{port: 80, nodePort: 30080}]") -> str:
    return (
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\n"
        f"spec: {{{fields}}}\n"
    )


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ("type: NodePort, ports: [{port: 80, nodePort: 30080}]", "node port 30080"),
        ("clusterIP: 10.96.0.9, ports: [{port: 80}]", "cluster address 10.96.0.9"),
    ],
)
def test_a_number_that_the_old_service_still_has(fields: str, number: str) -> None:
    before, after = world(service("old", fields)), world(service("new", fields))

    [finding] = manifest_invalid.compare(before, after, None)
    assert (finding.severity, finding.message.partition(":")[0]) == (
        "warning",
        MESSAGE.format(number),
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (service("old"), service("new", "type: NodePort, ports: [{port: 80}]")),
        (service("old"), service("new", "ports: [{port: 80, nodePort: 30081}], type: NodePort")),
        (service("old"), service("old")),
        (service("old", "clusterIP: None, ports: [{port: 80}]"), service("new", "clusterIP: None")),
    ],
)
def test_a_number_that_is_free_is_quiet(before: str, after: str) -> None:
    assert list(manifest_invalid.compare(world(before), world(after), None)) == []


@pytest.mark.parametrize(
    ("owner", "severities"),
    [
        (flux("apps", "apps"), ["error"]),
        (application("apps", "apps"), []),
        (application("apps", "apps", sync="automated: {}"), ["warning"]),
    ],
)
def test_whether_the_old_one_is_deleted_first(owner: str, severities: list[str]) -> None:
    base = {"sync.yaml": SYNC, "owner.yaml": owner, "apps/service.yaml": service("old")}
    analysis = review(Repository(base, {**base, "apps/service.yaml": service("new")}), builds=True)

    assert [str(each.severity) for each in found(analysis, "manifest-invalid")] == severities
