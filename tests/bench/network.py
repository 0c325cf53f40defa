"""How long the network rules take on a large environment in which one policy changes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from bot.catalog import load_rules
from bot.core.engine.judge import RuleFailed, judge
from bot.core.engine.rule import Rule
from bot.core.resource import Resource, ResourceKey, ResourceSource
from bot.core.state import State
from bot.core.values import Body, freeze, mapping
from tests.bench.measure import no_collector

_PREFIXES = (
    "connectivity-",
    "ingress-",
    "network-policy-",
    "pods-not-spread",
    "service-blocked-",
    "service-exposed",
    "service-selects-",
    "service-target-",
    "workload-without-network-",
)
WORKLOADS, POLICIES, SERVICES = 3000, 1000, 2000
"""The environment of the promise: one policy changed is judged in less than two seconds."""
PROMISE = 2.0


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement: the size, CPU seconds of all network rules, findings, slowest rule."""

    workloads: int
    policies: int
    services: int
    seconds: float
    findings: int
    slowest: str


def rows(scales: tuple[float, ...] = (0.5, 1.0, 2.0)) -> Iterator[Row]:
    """A row for each scale of the promised environment, each measured cold."""
    for scale in scales:
        yield measure(int(WORKLOADS * scale), int(POLICIES * scale), int(SERVICES * scale))


def measure(workloads: int, policies: int, services: int) -> Row:
    """All network rules between two states that differ in one policy, nothing decoded before."""
    bodies = list(_bodies(workloads, policies, services))
    changed = next(i for i, body in enumerate(bodies) if body["kind"] == "NetworkPolicy")
    head = [*bodies]
    head[changed] = {**bodies[changed], "spec": _opened(bodies[changed]["spec"])}
    base = tuple(map(_resource, bodies))
    after = tuple(
        _resource(body) if body is not old else same
        for body, old, same in zip(head, bodies, base, strict=True)
    )
    rules = tuple(rule for rule in load_rules() if rule.id.startswith(_PREFIXES))
    before_state, after_state = State(base), State(after)
    times: dict[str, float] = {}
    count = 0
    with no_collector():
        for rule in rules:
            start = time.process_time()
            count += _judged(rule, before_state, after_state)
            times[rule.id] = time.process_time() - start
    slowest = max(times, key=lambda rule: times[rule])
    return Row(
        workloads,
        policies,
        services,
        sum(times.values()),
        count,
        f"{slowest} {times[slowest]:.2f}",
    )


def _judged(rule: Rule, before: State, after: State) -> int:
    found = tuple(judge(before, after, [rule], {rule.id: rule.options()}))
    crashed = [held for held in found if isinstance(held, RuleFailed)]
    if crashed:
        raise RuntimeError(f"{rule.id} crashed: {crashed[0].error}")
    return len(found)


def _opened(spec: object) -> object:
    return {**dict(mapping(freeze(spec))), "ingress": [{}]}


def _resource(body: dict[str, object]) -> Resource:
    held: Body = mapping(freeze(body))
    metadata = mapping(held["metadata"])
    group = str(held["apiVersion"]).rpartition("/")[0]
    space = metadata.get("namespace")
    key = ResourceKey(
        group, str(held["kind"]), str(space) if space else None, str(metadata["name"])
    )
    return Resource.of(key, held, ResourceSource(f"{held['kind']}/{key.name}.yaml", "0" * 40, 0))


def _bodies(workloads: int, policies: int, services: int) -> Iterator[dict[str, object]]:
    spaces = max(1, workloads // 30)
    for number in range(spaces):
        yield _body("v1", "Namespace", None, f"ns-{number}", {})
    for number in range(workloads):
        app = {"app": f"app-{number}", "tier": "front" if number % 3 else "back"}
        template = {
            "metadata": {"labels": app},
            "spec": {
                "containers": [
                    {"name": "main", "ports": [{"name": "http", "containerPort": 8080}]},
                ]
            },
        }
        spec = {"replicas": 2, "selector": {"matchLabels": app}, "template": template}
        yield _body("apps/v1", "Deployment", f"ns-{number % spaces}", f"app-{number}", spec)
    for number in range(services):
        spec = {
            "selector": {"app": f"app-{number}"},
            "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
        }
        yield _body("v1", "Service", f"ns-{number % spaces}", f"app-{number}", spec)
    for number in range(policies):
        spec = {
            "podSelector": {"matchLabels": {"app": f"app-{number}"}} if number % 10 else {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {
                    "from": [
                        {"podSelector": {"matchLabels": {"tier": "front"}}},
                        {
                            "namespaceSelector": {
                                "matchLabels": {
                                    "kubernetes.io/metadata.name": f"ns-{(number + 1) % spaces}"
                                }
                            }
                        },
                        {"namespaceSelector": {"matchLabels": {"team": f"team-{number % 20}"}}},
                    ],
                    "ports": [{"port": "http"}],
                }
            ],
            "egress": [{"to": [{"namespaceSelector": {}}], "ports": [{"port": 53}]}, {}],
        }
        yield _body(
            "networking.k8s.io/v1", "NetworkPolicy", f"ns-{number % spaces}", f"np-{number}", spec
        )


def _body(
    version: str, kind: str, namespace: str | None, name: str, spec: object
) -> dict[str, object]:
    metadata: dict[str, object] = {"name": name, "labels": {"team": f"team-{len(name) % 20}"}}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}
