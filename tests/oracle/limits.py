"""Generates which pods LimitRanges and quotas refuse, for a fixed draw of small pods and limits.

Source: the admission of LimitRanges and the evaluator of quotas of each supported minor version of
k8s.io/kubernetes (Apache-2.0), run in the order of the API server: limits give defaults before
quotas ask.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, Final

from tests.oracle.modules import KUBERNETES
from tests.oracle.programs import output_of

TARGET: Final = Path("tests/kubernetes/data/limits.json")
PROGRAM: Final = Path("tests/oracle/limits_program/main.go")
_ROOT: Final = Path(__file__).parents[2]

_CASES: Final = 400
_AMOUNTS: Final = {"cpu": ("100m", "0.5", "1", "2"), "memory": ("64Mi", "1Gi", "128M", "2Gi")}
_HARD: Final = ("requests.cpu", "requests.memory", "limits.cpu", "limits.memory", "cpu", "pods")
_BOUNDS: Final = ("default", "defaultRequest", "min", "max", "maxLimitRequestRatio")


def generate() -> bytes:
    """The table: each case with the minor versions in which limits or a quota refuse it."""
    draw = random.Random(14)  # noqa: S311 - the same cases each time
    cases = [_case(draw) for _ in range(_CASES)]
    questions = "".join(f"{json.dumps(_question(case))}\n" for case in cases).encode()
    refused: list[dict[str, list[int]]] = [{"range": [], "quota": []} for _ in cases]
    for minor in KUBERNETES:
        answers = output_of([_ROOT / PROGRAM], minor, questions).splitlines()
        for minors, answer in zip(refused, answers, strict=True):
            for name, refuses in json.loads(answer).items():
                if refuses:
                    minors[name].append(minor)
    lines = [
        json.dumps({**case, "refused": minors}, sort_keys=True)
        for case, minors in zip(cases, refused, strict=True)
    ]
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode()


def _case(draw: random.Random) -> dict[str, Any]:
    spec: dict[str, Any] = {"containers": [_container(draw, f"c{i}") for i in range(_few(draw))]}
    if draw.random() < 0.3:
        spec["initContainers"] = [_container(draw, "i0")]
        if draw.random() < 0.5:
            spec["initContainers"][0]["restartPolicy"] = "Always"
    if draw.random() < 0.2:
        spec["resources"] = _resources(draw)
    limits = [_limit(draw) for _ in range(draw.choice((0, 1, 1, 2)))]
    hard = {name: "10" for name in _HARD if draw.random() < 0.3}
    return {"spec": spec, "limits": limits, "hard": hard}


def _few(draw: random.Random) -> int:
    return draw.choice((1, 1, 2))


def _container(draw: random.Random, name: str) -> dict[str, Any]:
    return {"name": name, "image": "example.com/a:1", "resources": _resources(draw)}


def _resources(draw: random.Random) -> dict[str, Any]:
    """Requests and limits, of which no request is above its limit."""
    sides: dict[str, dict[str, str]] = {"requests": {}, "limits": {}}
    for name, amounts in _AMOUNTS.items():
        low, high = sorted(draw.choices(range(len(amounts)), k=2), key=_order(name))
        if draw.random() < 0.6:
            sides["requests"][name] = amounts[low]
        if draw.random() < 0.6:
            sides["limits"][name] = amounts[high]
    return {side: values for side, values in sides.items() if values}


def _order(name: str) -> Any:
    """The order of the amounts by size: 64Mi, 128M, 1Gi, 2Gi."""
    return (lambda place: (0, 2, 1, 3)[place]) if name == "memory" else (lambda place: place)


def _limit(draw: random.Random) -> dict[str, Any]:
    kind = draw.choice(("Container", "Container", "Pod"))
    item: dict[str, Any] = {"type": kind}
    for bound in _BOUNDS:
        if draw.random() < 0.35 and not (kind == "Pod" and bound.startswith("default")):
            name = draw.choice(("cpu", "memory"))
            ratio = bound == "maxLimitRequestRatio"
            item[bound] = {name: "2" if ratio else draw.choice(_AMOUNTS[name])}
    return item


def _question(case: dict[str, Any]) -> dict[str, Any]:
    ranges = [{"spec": {"limits": case["limits"]}}] if case["limits"] else []
    return {
        "pod": {"metadata": {"name": "p"}, "spec": case["spec"]},
        "ranges": ranges,
        "quota": {"spec": {"hard": case["hard"]}},
    }
