"""The picture of a network, as people ask for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import fairlead, write

PODS = """\
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: db, ports: [{containerPort: 5432}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: site, namespace: shop}
spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
"""
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress, Egress]
  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 5432}]}]
  egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: 443}]}]
"""
OPENED = POLICY.replace("{app: web}", "{app: batch}").replace("443", "53")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write(tmp_path / "base", {"pods.yaml": PODS, "policy.yaml": POLICY})


@pytest.fixture
def head(tmp_path: Path) -> Path:
    return write(tmp_path / "head", {"pods.yaml": PODS, "policy.yaml": OPENED})


def test_the_map_lists_who_reaches_what(base: Path) -> None:
    done = fairlead("map", base)

    assert (done.status, done.stdout) == (
        0,
        """\
Ingress shop/site
  from outside the cluster on its hosts
Pod shop/db
  from Pod shop/web on TCP 5432
Pod shop/web
  from Ingress shop/site on TCP 8080
  from anything on every port
  from outside the cluster on TCP 8080
addresses 192.0.2.0/24
  from Pod shop/db on TCP 443
""",
    )


def test_the_map_of_a_difference_shows_what_comes_and_goes(base: Path, head: Path) -> None:
    done = fairlead("map", "--diff", base, head)

    assert (done.status, done.stdout) == (
        0,
        """\
Pod shop/db
- from Pod shop/web on TCP 5432
addresses 192.0.2.0/24
- from Pod shop/db on TCP 443
+ from Pod shop/db on TCP 53
""",
    )


def test_the_map_is_a_graph(base: Path, head: Path) -> None:
    done = fairlead("map", "--diff", base, head, "--format", "mermaid")

    assert (
        done.stdout
        == """\
flowchart LR
  n0["Pod shop/db"]
  n1["addresses 192.0.2.0/24"]
  n2["Pod shop/web"]
  n0 -.->|"TCP 443"| n1
  n0 ==>|"TCP 53"| n1
  n2 -.->|"TCP 5432"| n0
"""
    )


def test_the_map_is_json(base: Path) -> None:
    done = fairlead("map", base, "-n", "shop", "--format", "json")
    held = json.loads(done.stdout)

    assert held["schema"] == "fairlead.map/1"
    assert {
        "environment": "default",
        "from": "Pod shop/web",
        "to": "Pod shop/db",
        "ports": "TCP 5432",
        "change": None,
    } in held["connections"]


def test_a_namespace_without_pods_has_no_connections(base: Path) -> None:
    done = fairlead("map", base, "-n", "empty")

    assert (done.status, done.stdout) == (0, "No connections.\n")


def test_an_environment_that_is_not_there_is_wrong_use(base: Path) -> None:
    done = fairlead("map", base, "--environment", "moon")

    assert done.status != 0
    assert "unknown environment 'moon': choose from default" in done.stderr
