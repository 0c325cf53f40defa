"""The review beside a real server: what it refuses is said, what it accepts is not blocked."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from bot.analysis.examine import examine_trees
from bot.catalog import load_rules
from bot.core.policy.model import Policy
from bot.render.programs import find_validator
from bot.render.validator import ValidatorProgram
from tests.kube_apiserver.changes import ObjectChange, changes
from tests.kube_apiserver.further import further_changes
from tests.kube_apiserver.objects import DEFINITION
from tests.kube_apiserver.server import Server, running_server
from tests.states import Grove
from tests.tools import validator_tools

pytestmark = [
    pytest.mark.kube_apiserver,
    pytest.mark.filterwarnings("ignore:Unverified HTTPS request"),
]

MOST: Final = 1500
_REFUSING: Final = {
    "manifest-invalid",
    "immutable-field-changed",
    "network-policy-invalid",
    "rbac-invalid",
    "rbac-role-ref-changed",
    "manifest-unreadable",
}


@dataclass(slots=True)
class Table:
    """How the answers of the review and of the server compare."""

    refused: int = 0
    accepted: int = 0
    missed: list[str] = field(default_factory=list)
    surplus: list[str] = field(default_factory=list)


@pytest.mark.parametrize(
    "cases", [changes(MOST), list(further_changes())], ids=["generated", "further"]
)
def test_what_the_server_refuses_the_review_says(tmp_path: Path, cases: list[ObjectChange]) -> None:
    reviewed = blocked(cases)
    table = Table()
    with running_server(tmp_path) as server:
        prepare(server)
        for place, change in enumerate(cases):
            refusal = answer(server, change)
            if refusal is None:
                continue
            count(table, change, refusal, said=place in reviewed)

    print(json.dumps({"refused": table.refused, "accepted": table.accepted}))  # noqa: T201
    print(*table.missed, sep="\n")  # noqa: T201
    print(*table.surplus, sep="\n")  # noqa: T201
    assert table.refused + table.accepted >= 300
    assert table.surplus == []
    assert len(table.missed) <= 0.02 * table.refused


def count(table: Table, change: ObjectChange, refusal: str, *, said: bool) -> None:
    if refusal:
        table.refused += 1
        if not said:
            table.missed.append(f"missed: {change.what}: {refusal[:160]}")
    else:
        table.accepted += 1
        if said:
            table.surplus.append(f"surplus: {change.what}")


def prepare(server: Server) -> None:
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    assert server.apply("/api/v1/namespaces/shop", space, dry_run=False).ok
    definition = yaml.safe_load(DEFINITION)
    place = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gears.example.com"
    assert server.apply(place, definition, dry_run=False).ok
    while not server.session.get(f"{server.address}/apis/example.com/v1").ok:
        continue


def answer(server: Server, change: ObjectChange) -> str | None:
    """Why the server refuses the change, empty where it accepts; None where base is not there."""
    if change.base is not None and not server.apply(change.path, change.base, dry_run=False).ok:
        return None
    response = server.apply(change.path, change.head, dry_run=True)
    if response.ok:
        return ""
    body: dict[str, Any] = response.json()
    return str(body.get("message", response.status_code))


def blocked(cases: list[ObjectChange]) -> set[int]:
    """The changes on which the review has an error or warning of a rule about refusals."""
    base = {"definition.yaml": DEFINITION}
    head = {"definition.yaml": DEFINITION}
    for place, change in enumerate(cases):
        if change.base is not None:
            base[f"all/{place}.yaml"] = text(change.base)
        head[f"all/{place}.yaml"] = text(change.head)
    grove = Grove(base, head)
    rules = [rule for rule in load_rules() if rule.id in _REFUSING]
    binary = find_validator([validator_tools()])
    assert binary is not None
    analysis = examine_trees(
        grove.question(Policy(), "shop"),
        grove.content(),
        rules,
        validator=ValidatorProgram(binary),
    )
    assert [p.message for p in analysis.problems if p.kind == "rule-failed"] == []
    return {
        int(finding.location.path.removeprefix("all/").removesuffix(".yaml"))
        for finding in analysis.findings
        if finding.location is not None and finding.location.path.startswith("all/")
        # Rules that match no request are warnings about objects that the server takes.
        if finding.rule != "rbac-invalid" or finding.severity == "error"
    }


def text(body: object) -> str:
    return yaml.safe_dump(body, sort_keys=False)
