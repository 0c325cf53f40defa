"""Builders of small worlds for the network rules, and what all of these rules find in a change."""

from __future__ import annotations

import json
from typing import Any

from bot.catalog import load_rules
from bot.core.engine.judge import Judged, judge
from bot.core.engine.rule import Rule
from bot.core.finding import FileLine, Finding
from bot.core.policy.model import Policy
from bot.core.state import State
from tests.states import world

Thing = dict[str, Any]

NETWORK = (
    "connectivity-narrowed",
    "connectivity-widened",
    "ingress-backend-missing",
    "ingress-unbounded",
    "network-policy-host-network",
    "network-policy-invalid",
    "network-policy-port-unserved",
    "network-policy-rules-ignored",
    "network-policy-selects-nothing",
    "network-policy-service-port",
    "pods-not-spread",
    "service-blocked-by-network-policy",
    "service-endpoints-unmatched",
    "service-exposed",
    "service-selects-nothing",
    "service-target-port-missing",
    "workload-without-network-policy",
)


def thing(api: str, kind: str, name: str, ns: str | None, **body: Any) -> Thing:
    metadata: Thing = {"name": name, **body.pop("metadata", {})}
    if ns is not None:
        metadata["namespace"] = ns
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **body}


def namespace(name: str, **labels: str) -> Thing:
    return thing("v1", "Namespace", name, None, metadata={"labels": labels})


def template(name: str, ports: tuple[str, ...], labels: Thing | None, **spec: Any) -> Thing:
    return {
        "metadata": {"labels": {"app": name} if labels is None else labels},
        "spec": {"containers": [{"name": "c", "ports": [*map(container_port, ports)]}], **spec},
    }


def container_port(text: str) -> Thing:
    """`8080`, `http:8080`, `dns:53/UDP`."""
    name, _, rest = text.rpartition(":")
    number, _, protocol = rest.partition("/")
    held: Thing = {"containerPort": int(number)}
    if name:
        held["name"] = name
    if protocol:
        held["protocol"] = protocol
    return held


def pod(
    name: str, *ports: str, ns: str = "shop", labels: Thing | None = None, **spec: Any
) -> Thing:
    made = template(name, ports, labels, **spec)
    return thing("v1", "Pod", name, ns, metadata=made["metadata"], spec=made["spec"])


def deployment(
    name: str, *ports: str, ns: str = "shop", labels: Thing | None = None, replicas: int = 1
) -> Thing:
    made = template(name, ports, labels)
    spec = {"replicas": replicas, "template": made}
    return thing("apps/v1", "Deployment", name, ns, spec=spec)


def service(name: str, *ports: str, ns: str = "shop", app: str = "", **spec: Any) -> Thing:
    """Ports are `80`, `80>8080`, `80>http`, `web=80>http/UDP`."""
    held = {"selector": {"app": app or name}, "ports": [*map(service_port, ports)], **spec}
    return thing("v1", "Service", name, ns, spec=held)


def service_port(text: str) -> Thing:
    rest, _, protocol = text.partition("/")
    name, _, rest = rest.rpartition("=")
    number, _, target = rest.partition(">")
    held: Thing = {"port": int(number)}
    if name:
        held["name"] = name
    if target:
        held["targetPort"] = int(target) if target.isdigit() else target
    if protocol:
        held["protocol"] = protocol
    return held


def app(name: str) -> Thing:
    return {"podSelector": {"matchLabels": {"app": name}}}


def ns_of(name: str) -> Thing:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def policy(name: str, ns: str = "shop", selector: Thing | None = None, **spec: Any) -> Thing:
    held = {"matchLabels": {"app": name}} if selector is None else selector
    body = {"podSelector": held, **spec}
    return thing("networking.k8s.io/v1", "NetworkPolicy", name, ns, spec=body)


def allow(*ports: Any, peers: list[Thing] | None = None, field: str = "from") -> Thing:
    """A rule: ports as numbers, names or whole items."""
    held: Thing = {}
    if ports:
        held["ports"] = [port if isinstance(port, dict) else {"port": port} for port in ports]
    if peers is not None:
        held[field] = peers
    return held


def state(things: list[Thing], settings: Policy | None = None) -> State:
    return world("\n---\n".join(json.dumps(held) for held in things), policy=settings)


def rules() -> tuple[Rule, ...]:
    return tuple(rule for rule in load_rules() if rule.id in NETWORK)


def judged(before: State, after: State) -> list[Judged]:
    held = rules()
    options = {rule.id: rule.options() for rule in held}
    found = []
    for answer in judge(before, after, held, options):
        assert isinstance(answer, Judged), answer
        found.append(answer)
    return found


def told(found: Judged) -> tuple[str, ...]:
    """A finding in short: rule, severity, code, place, and what to use instead."""
    finding: Finding = found.finding
    assert not isinstance(finding.node, FileLine)
    severity = finding.severity or found.rule.severity
    use = finding.facts.get("use", ())
    words = f" use {','.join(map(str, use))}" if isinstance(use, tuple) and use else ""
    side = "" if finding.side == "RIGHT" else " gone"
    place = f"{finding.node.resource.key}{side}"
    return (found.rule.id, str(severity), f"{finding.facts['code']}{words}", place)
