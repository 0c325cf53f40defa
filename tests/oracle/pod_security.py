"""Generates what the Pod Security Standards forbid of each pod of a table, by version.

Source: the checks of k8s.io/pod-security-admission (Apache-2.0), run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from tests.oracle.modules import KUBERNETES
from tests.oracle.programs import output_of

TARGET: Final = Path("tests/kubernetes/data/podsecurity.json")
PROGRAM: Final = Path("tests/oracle/pod_security_program/main.go")
_NEWEST: Final = max(KUBERNETES)
RELEASES: Final = (f"kubernetes {KUBERNETES[_NEWEST]}",)
_ROOT: Final = Path(__file__).parents[2]


def generate() -> bytes:
    """The table: its own pods, with the failing checks of each level as the program says them.

    A new pod is added to the table by hand, with its name alone.
    """
    cases = json.loads((_ROOT / TARGET).read_text("utf-8"))["cases"]
    pods = "".join(f"{json.dumps(case['pod'])}\n" for case in cases).encode()
    answers = output_of([_ROOT / PROGRAM], _NEWEST, pods).splitlines()
    origin = (
        f"k8s.io/pod-security-admission of Kubernetes {KUBERNETES[_NEWEST]}: the failing checks of "
        "each level, by the version since which they fail"
    )
    lines = [
        json.dumps({"name": case["name"], "pod": case["pod"], **json.loads(answer)})
        for case, answer in zip(cases, answers, strict=True)
    ]
    text = f'{{"origin": {json.dumps(origin)},\n"cases": [\n' + ",\n".join(lines) + "\n]}\n"
    return text.encode()
