"""Resources that a change moves to another namespace keep the findings that they had."""

from __future__ import annotations

import pytest

from bot.analysis.examine import examine
from bot.catalog import load_rules
from bot.core.policy.reading import parse_policy

_SET = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: %(namespace)s}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      tolerations: [{operator: Exists}]
      containers: [{name: web, image: "example.org/a/web:%(tag)s", ports: [{containerPort: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: %(namespace)s}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}
"""
_PRIVILEGED = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: %(namespace)s}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      containers:
      - name: agent
        image: example.org/a/agent:1
        securityContext: {privileged: true}
        resources: {requests: {cpu: 1, memory: 1Gi}, limits: {memory: 1Gi}}
        livenessProbe: {exec: {command: [a]}}
"""


def _set(namespace: str, tag: str = "1") -> str:
    return _SET % {"namespace": namespace, "tag": tag}


def _tree(files: list[str]) -> dict[str, bytes]:
    return {f"{number}.yaml": text.encode() for number, text in enumerate(files)}


def _found(before: list[str], after: list[str]) -> set[str]:
    analysis = examine(_tree(before), _tree(after), parse_policy(""), load_rules())
    return {finding.rule for finding in analysis.findings}


_NEW = {
    "control-plane-toleration",
    "liveness-probe-missing",
    "pods-not-spread",
    "readiness-probe-missing",
    "resources-missing",
    "service-exposed",
    "workload-without-network-policy",
}


@pytest.mark.parametrize(
    ("before", "after", "rules"),
    [
        ([_set("a")], [_set("b")], set()),
        ([], [_set("b")], _NEW),
        ([_set("a")], [_set("a"), _set("b")], _NEW),
        ([_set("a")], [_set("b"), _set("c")], _NEW),
        (
            [_set("a")],
            [_set("b", tag="2")],
            # The Service is the same, the Deployment is another one.
            _NEW - {"service-exposed"},
        ),
    ],
)
def test_what_moved_as_it_was_has_no_new_findings(
    before: list[str], after: list[str], rules: set[str]
) -> None:
    assert _found(before, after) == rules


def test_a_privileged_pod_is_reported_in_its_new_namespace() -> None:
    base, head = (_PRIVILEGED % {"namespace": namespace} for namespace in ("a", "b"))

    assert _found([base], [head]) == {"workload-privileged"}
