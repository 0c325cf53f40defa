"""What an approval rests on, with the real analysis, the comment and the check of GitHub.

A finding of one rule of each kind is accepted: by its facts, by declared fields, by the whole
resource, by the content of a file. Then the manifest changes beside that, and in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from bot.analysis.process.parent import AnalysisOptions
from bot.analysis.review import review_trees
from tests.service.test_commands import events, said
from tests.service.world import World

POLICY = """\
version: 1
block: warning
rules:
  {rule}: warning
approvals: [{{rules: ["*"], users: [hubot]}}]
"""
ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: reader
  labels: {team: a}
rules:
  - {apiGroups: [""], resources: [secrets], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
subjects: [{kind: ServiceAccount, name: api, namespace: shop}]
"""
PRIVILEGED = """\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: shop}
spec:
  minReadySeconds: 1
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      containers:
        - name: agent
          image: registry.example.com/agent:1.0.0
          securityContext: {privileged: true}
"""
ROUTE = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: shop, labels: {team: a}}
spec:
  rules:
    - host: shop.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: shop, port: {number: 80}}}
"""
EXCEPTION = """\
apiVersion: kyverno.io/v2
kind: PolicyException
metadata: {name: debug, namespace: shop, labels: {team: a}}
spec:
  exceptions: [{policyName: baseline, ruleNames: [host-path]}]
  match: {any: [{resources: {kinds: [Pod], namespaces: [sandbox]}}]}
"""
BUILT_IN = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: view
  labels: {team: a}
rules:
  - {apiGroups: [""], resources: [pods], verbs: [get]}
"""
UNREADABLE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a\n"


@dataclass(frozen=True)
class Basis:
    """A manifest that a rule blocks, and two edits of it: one that an approval outlasts, if any."""

    rule: str
    text: str
    beside: tuple[str, str] | None
    within: tuple[str, str]
    ended: str


BASES = {
    "facts": Basis(
        "rbac-privilege-added", ROLE, ("team: a", "team: b"), ("[get]", "[get, list]"), ""
    ),
    "the pod template": Basis(
        "workload-privileged",
        PRIVILEGED,
        ("minReadySeconds: 1", "minReadySeconds: 2"),
        ("agent:1.0.0", "miner:1.0.0"),
        "spec.template",
    ),
    "spec and annotations": Basis(
        "route-exposed",
        ROUTE,
        ("team: a", "team: b"),
        ("name: shop, port", "name: x, port"),
        "spec",
    ),
    "the rules of a role": Basis(
        "built-in-role-changed", BUILT_IN, ("team: a", "team: b"), ("[pods]", "[secrets]"), "rules"
    ),
    "the whole resource": Basis(
        "guardrail-weakened", EXCEPTION, None, ("team: a", "team: b"), "metadata.labels"
    ),
    "the file": Basis("manifest-unreadable", UNREADABLE, None, ("{name: a", "{name: b"), ""),
}


@pytest.fixture(params=BASES)
def basis(request: pytest.FixtureRequest) -> Basis:
    """One basis of consent."""
    return BASES[request.param]


@pytest.fixture
def here(world: World, basis: Basis) -> World:
    """The service with the real analysis, and a policy under which the finding blocks."""
    options = AnalysisOptions(require_sandbox=False)
    service = replace(world.service, judge=review_trees, options=options)
    here = replace(world, service=service)
    here.github.add_collaborator(here.repository, "hubot", "write")
    here.push({".github/fairlead.yml": POLICY.format(rule=basis.rule)}, "main")
    return here


def test_an_approval_outlasts_what_it_does_not_rest_on_and_nothing_else(
    here: World, basis: Basis
) -> None:
    pull = here.pull({"apps/it.yaml": basis.text})
    assert here.review(pull) == "blocked", here.run(pull).summary
    assert basis.rule in (here.run(pull).summary or "")
    assert said(here, pull, "/fairlead approve all agreed", "hubot") == "obeyed"
    assert here.check(pull)[1] == "success"

    here.push({"README.md": "more"})
    assert (here.review(pull), here.check(pull)[1]) == ("pass", "success")
    if basis.beside:
        here.push({"apps/it.yaml": basis.text.replace(*basis.beside)})
        assert (here.review(pull), here.check(pull)[1]) == ("pass", "success")
    here.push({"apps/it.yaml": basis.text.replace(*basis.within)})
    assert (here.review(pull), here.check(pull)[1]) == ("blocked", "failure")
    _, _, ended = (here.run(pull).summary or "").partition("## Approvals that ended")
    assert "`hubot`" in ended
    assert basis.ended in ended
    here.push({"apps/it.yaml": basis.text})

    assert (here.review(pull), here.check(pull)[1]) == ("pass", "success")
    assert events(here, "approved")[0] == ("hubot", "agreed")
