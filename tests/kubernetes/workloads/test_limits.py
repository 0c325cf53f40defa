"""LimitRanges and quotas refuse what the API server's own admission refuses."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from bot.kubernetes.workloads.limit_ranges import broken_bounds
from bot.kubernetes.workloads.requests import refused
from tests.states import world

CASES = json.loads(
    (resources.files("tests.kubernetes") / "data" / "limits.json").read_text(encoding="utf-8")
)


def body(api: str, kind: str, **fields: Any) -> str:
    metadata = {"name": "x", "namespace": "a"}
    return json.dumps({"apiVersion": api, "kind": kind, "metadata": metadata, **fields})


def judged(case: Any) -> dict[str, bool]:
    texts = [body("v1", "Pod", spec=case["spec"])]
    if case["limits"]:
        texts.append(body("v1", "LimitRange", spec={"limits": case["limits"]}))
    if case["hard"]:
        texts.append(body("v1", "ResourceQuota", spec={"hard": case["hard"]}))
    state = world(*texts)
    (pod,) = (resource for resource in state.resources if resource.key.kind == "Pod")
    return {"range": any(broken_bounds(pod, state)), "quota": any(refused(pod, state))}


def test_what_upstream_refuses_is_refused_and_nothing_else() -> None:
    different = [case for case in CASES if judged(case) != case["refused"]]

    assert different == []


def test_the_cases_are_of_every_kind() -> None:
    answers = {(case["refused"]["range"], case["refused"]["quota"]) for case in CASES}

    assert answers == {(False, False), (False, True), (True, False), (True, True)}
