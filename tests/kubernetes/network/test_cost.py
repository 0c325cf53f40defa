"""What neither side of a change touches is not modelled, however large the environment is."""

from __future__ import annotations

from dataclasses import replace

from bot.catalog import load_rules
from bot.core.engine.judge import Judged, judge
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.network import state_policies
from bot.kubernetes.rbac.objects import read
from tests.states import world

_TEAM = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: team-{number}}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
      - {{name: web, image: "r.io/team/web:1", ports: [{{name: http, containerPort: 8080}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: team-{number}}}
spec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: http}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web, namespace: team-{number}}}
spec:
  podSelector: {{matchLabels: {{app: web}}}}
  policyTypes: [Ingress]
  ingress: [{{from: [{{podSelector: {{}}}}], ports: [{{port: {port}}}]}}]
"""


def _states(teams: int) -> tuple[State, State]:
    """An environment, and the same one with another port in one policy."""
    before = world("---\n".join(_TEAM.format(number=n, port=8080) for n in range(teams)))
    changed = {each.key: each for each in world(_TEAM.format(number=3, port=80)).resources}
    resources = tuple(
        changed[each.key]
        if each.key in changed and each.encoded != changed[each.key].encoded
        else each
        for each in before.resources
    )
    return before, replace(before, resources=resources)


def _judged(before: State, after: State) -> set[str]:
    options = {rule.id: rule.options() for rule in load_rules()}
    found = judge(before, after, load_rules(), options)
    return {each.rule.id for each in found if isinstance(each, Judged)}


def _computed(states: tuple[State, State], build: object) -> set[str]:
    """The namespaces of the resources of which `build` was computed."""
    return {
        each.namespace or ""
        for state in states
        for each in state.resources
        if build in each._derived
    }


_NEIGHBOUR = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: other-{number}, namespace: {space}}}
spec:
  podSelector: {{matchLabels: {{app: other-{number}}}}}
  policyTypes: [Ingress, Egress]
  ingress: [{{ports: [{{port: 8080}}]}}]
  egress:
  - to: [{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: kube-system}}}}}}]
    ports: [{{port: 53, protocol: UDP}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: other-{number}, namespace: {space}}}
spec:
  selector: {{matchLabels: {{app: other-{number}}}}}
  template:
    metadata: {{labels: {{app: other-{number}}}}}
    spec: {{containers: [{{name: web, image: "r.io/team/other:1"}}]}}
"""


def test_a_change_models_as_much_in_a_large_environment_as_in_a_small_one() -> None:
    def modelled(neighbours: int) -> list[str]:
        others = "".join(
            _NEIGHBOUR.format(number=n, space=f"team-{3 if n % 2 else n}")
            for n in range(neighbours)
        )
        before = world(_TEAM.format(number=3, port=8080) + others)
        after = world(_TEAM.format(number=3, port=80) + others)
        _judged(before, after)
        return [
            each.name
            for state in (before, after)
            for each in state.resources
            if state_policies._resource_policies in each._derived
        ]

    assert modelled(20) == modelled(100) == ["web", "web"]


def test_only_policies_within_reach_of_a_change_are_modelled() -> None:
    states = _states(teams=30)

    rules = _judged(*states)

    assert "network-policy-service-port" in rules
    assert _computed(states, state_policies._resource_policies) == {"team-3"}
    assert _computed(states, read) == set()


def test_the_policies_that_a_change_touches_are_looked_for_once() -> None:
    """Several rules ask for them, some once for each namespace of the change."""
    before, after = _states(teams=30)

    _judged(before, after)

    (asked,) = {*before._among, *after._among}
    assert {key.name for key in asked[0]} == {"web"}
    assert [len(state._among[asked]) for state in (before, after)] == [1, 1]


def test_services_that_ask_for_no_number_are_not_decoded_for_a_change_elsewhere() -> None:
    states = _states(teams=30)

    _judged(*states)

    decoded = {
        each.namespace
        for state in states
        for each in state.of(kinds.SERVICE)
        if "body" in vars(each)
    }
    assert decoded == {"team-3"}
