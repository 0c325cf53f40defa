"""What a manifest says stays in one line of a message."""

from __future__ import annotations

import json

import pytest

from bot.catalog import load_rules
from bot.kubernetes.naming import escaped
from tests.rules.judging import findings

HOSTILE = "a\n## b\u2028\x1b[2J"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nginx:1.27", "nginx:1.27"),
        ("a b", "'a b'"),
        ("a\nb", "'a\\nb'"),
        ("ghсr.io", "'gh\\u0441r.io'"),  # noqa: RUF001 - a look-alike
        ("", "''"),
        ("x" * 301, f"'{'x' * 120}...'"),
    ],
)
def test_what_is_not_plain_is_escaped_and_cut(text: str, expected: str) -> None:
    assert escaped(text) == expected


def hostile_pod() -> str:
    container = {
        "name": HOSTILE,
        "image": HOSTILE,
        "ports": [{"containerPort": 1, "hostPort": 1}],
        "livenessProbe": {"httpGet": {"host": HOSTILE}},
        "securityContext": {
            "privileged": True,
            "procMount": HOSTILE,
            "seLinuxOptions": {"type": HOSTILE, "user": "x"},
            "capabilities": {"add": [HOSTILE]},
        },
    }
    spec = {
        "nodeName": HOSTILE,
        "securityContext": {"sysctls": [{"name": HOSTILE}]},
        "volumes": [{"name": "v", "hostPath": {"path": HOSTILE}}, {"name": "w", HOSTILE: {}}],
        "containers": [container],
    }
    annotation = f"container.apparmor.security.beta.kubernetes.io/{HOSTILE}"
    metadata = {"name": "p", "namespace": "shop", "annotations": {annotation: "x"}}
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})


NAMESPACE = """
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}
"""


def test_no_message_holds_what_would_break_out_of_it() -> None:
    found = [
        held.message
        for rule in load_rules()
        if rule.id not in {"manifest-ambiguous", "manifest-unreadable"}
        for held in findings(rule.id, "", hostile_pod() + NAMESPACE)
    ]

    assert len(found) > 10
    assert [text for text in found if not text.isprintable()] == []
