"""Questions to what only a renderer can say: overlays and charts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import fairlead, write
from tests.states import resource
from tests.tools import renderer_tools

RBAC = "rbac.authorization.k8s.io/v1"
SERVED = """\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: web, image: "registry.example.com/web:1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"""
OVERLAY = {
    "base/kustomization.yaml": "resources: [web.yaml]\n",
    "base/web.yaml": SERVED,
    "prod/kustomization.yaml": "resources: [../base]\nnamespace: shop\nnamePrefix: prod-\n",
}
CHART = {
    "web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
    "web/values.yaml": "verb: get\n",
    "web/templates/rbac.yaml": resource(
        "ClusterRole",
        "reader",
        "rules: [{apiGroups: [''], resources: [secrets], verbs: [{{ .Values.verb }}]}]",
        api=RBAC,
    )
    + "---\n"
    + resource(
        "ClusterRoleBinding",
        "reader",
        "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}",
        "subjects: [{kind: ServiceAccount, name: bot, namespace: shop}]",
        api=RBAC,
    ),
}


@pytest.fixture(autouse=True)
def _tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_TOOLS", str(renderer_tools()))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_the_map_shows_what_an_overlay_makes(tmp_path: Path) -> None:
    done = fairlead("map", write(tmp_path / "tree", OVERLAY), "--format", "json")

    assert {row["to"] for row in json.loads(done.stdout)["connections"]} == {"Pod shop/prod-web"}
    assert (done.status, done.stderr) == (0, "")


def test_who_can_and_grants_know_what_a_chart_gives(tmp_path: Path) -> None:
    base = write(tmp_path / "base", CHART)
    head = write(tmp_path / "head", {**CHART, "web/values.yaml": "verb: list\n"})

    able = fairlead("who-can", "get", "secrets", "--at", base, "--format", "json")
    changed = fairlead(
        "grants", "ServiceAccount/shop/bot", "--diff", base, head, "--format", "json"
    )

    assert "ServiceAccount shop/bot" in [row["subject"] for row in json.loads(able.stdout)]
    assert [(row["change"], row["verbs"]) for row in json.loads(changed.stdout)] == [
        ("gained", ["list"]),
        ("lost", ["get"]),
    ]


def test_a_first_policy_knows_the_images_of_an_overlay(tmp_path: Path) -> None:
    done = fairlead("policy", "init", write(tmp_path / "tree", OVERLAY))

    assert "registry.example.com/web" in done.stdout


def test_what_is_not_rendered_is_said_with_its_reason(tmp_path: Path) -> None:
    remote = "resources: [../base, 'https://github.com/example/x//y?ref=v1']\n"
    tree = write(tmp_path / "tree", {**OVERLAY, "prod/kustomization.yaml": remote})

    done = fairlead("who-can", "get", "secrets", "--at", tree)

    assert done.stderr.startswith("fairlead: warning: the kustomization prod is not rendered: ")
    assert done.status == 0
