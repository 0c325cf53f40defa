"""Generates the roles and bindings that an API server creates by itself.

Source: the bootstrap policy of k8s.io/kubernetes (Apache-2.0) of each supported minor version, run
with the feature gates that are on by default.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.oracle.modules import KUBERNETES
from tests.oracle.programs import output_of

TARGET: Final = Path("bot/kubernetes/data/builtin-roles.json")
PROGRAM: Final = Path("tests/oracle/roles_program/main.go")

_GROUP: Final = "rbac.authorization.k8s.io"
_ROOT: Final = Path(__file__).parents[2]


def generate() -> bytes:
    """The data file: one object a line, with the minor versions that have it in this form."""
    minors: dict[str, list[int]] = {}
    for minor in KUBERNETES:
        for text in _objects(output_of([_ROOT / PROGRAM], minor)):
            minors.setdefault(text, []).append(minor)
    ordered = sorted(minors, key=lambda text: (_name(text), minors[text]))
    lines = [f'{{"minors": {minors[text]}, "object": {text}}}' for text in ordered]
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode()


def _objects(output: bytes) -> Iterator[str]:
    for line in output.splitlines():
        entry = json.loads(line)
        whole = {"apiVersion": f"{_GROUP}/v1", "kind": entry["kind"], **entry["object"]}
        metadata = {
            "name": whole["metadata"]["name"],
            "labels": whole["metadata"]["labels"],
            **({"namespace": entry["namespace"]} if "namespace" in entry else {}),
        }
        yield json.dumps({**whole, "metadata": metadata}, sort_keys=True)


def _name(text: str) -> tuple[str, ...]:
    body: Mapping[str, Any] = json.loads(text)
    metadata = body["metadata"]
    return (body["kind"], metadata.get("namespace", ""), metadata["name"])
