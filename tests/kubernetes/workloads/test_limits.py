"""LimitRanges and quotas refuse what the API server's own admission refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from typing import Any

from bot.kubernetes.apply.api_versions_table import NEWEST, OLDEST
from bot.kubernetes.workloads.limit_ranges import broken_bounds
from bot.kubernetes.workloads.requests import refused
from tests.states import world

CASES = json.loads(
    (resources.files("tests.kubernetes") / "data" / "limits.json").read_text(encoding="utf-8")
)


def body(api: str, kind: str, **fields: Any) -> str:
    metadata = {"name": "x", "namespace": "a"}
    return json.dumps({"apiVersion": api, "kind": kind, "metadata": metadata, **fields})


def judged(case: Any) -> dict[str, list[int]]:
    """The minor versions in which limits and a quota refuse the pod of a case."""
    texts = [body("v1", "Pod", spec=case["spec"])]
    if case["limits"]:
        texts.append(body("v1", "LimitRange", spec={"limits": case["limits"]}))
    if case["hard"]:
        texts.append(body("v1", "ResourceQuota", spec={"hard": case["hard"]}))
    whole = world(*texts)
    verdicts: dict[str, list[int]] = {"range": [], "quota": []}
    for minor in range(OLDEST, NEWEST + 1):
        version = replace(whole.environment, kubernetes=f"1.{minor}")
        state = replace(whole, environment=version)
        (pod,) = (resource for resource in state.resources if resource.key.kind == "Pod")
        if any(broken_bounds(pod, state)):
            verdicts["range"].append(minor)
        if any(refused(pod, state)):
            verdicts["quota"].append(minor)
    return verdicts


def test_what_upstream_refuses_is_refused_and_nothing_else() -> None:
    different = [case for case in CASES if judged(case) != case["refused"]]

    assert different == []


def test_the_cases_are_of_every_kind() -> None:
    answers = {tuple(bool(case["refused"][name]) for name in ("range", "quota")) for case in CASES}

    assert answers == {(False, False), (False, True), (True, False), (True, True)}


def test_a_case_is_judged_differently_by_minor_versions() -> None:
    """Since 1.34 a quota demands nothing of containers of a pod with resources of its own."""
    assert any(0 < len(case["refused"]["quota"]) < NEWEST - OLDEST + 1 for case in CASES)
