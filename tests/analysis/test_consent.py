"""An approval through the whole way: given for what was shown, ended by whatever changes it.

Manifests are read, judged by the real rules and settled with the approval, before and after an
edit of the resource that was accepted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.examine import examine
from bot.catalog import load_rules
from bot.core.engine.accounts import GitHubAccount
from bot.core.engine.approvals import Approval, Consent, digest
from bot.core.engine.decide import decide
from bot.core.engine.needs import Approvers
from bot.core.engine.review import Review
from bot.core.engine.settle import settle
from bot.core.finding import Severity
from bot.core.policy.reading import parse_policy
from tests.reviews import TODAY, accounts

POLICY = parse_policy("block: warning\napprovals: [{rules: ['*'], users: [hubot]}]\n")
APPROVERS = Approvers(POLICY, authors=accounts("octocat"))
DEPLOYMENT: Mapping[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "api", "namespace": "shop"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "api"}},
        "template": {
            "metadata": {"labels": {"app": "api"}},
            "spec": {
                "hostNetwork": True,
                "containers": [
                    {
                        "name": "web",
                        "image": "registry.example.com/web:1.0.0",
                        "args": ["--port", "8080"],
                        "securityContext": {"privileged": True},
                    }
                ],
            },
        },
    },
}
SERVICE: Mapping[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "api", "namespace": "shop", "annotations": {"team": "shop"}},
    "spec": {
        "type": "LoadBalancer",
        "selector": {"app": "api"},
        "ports": [{"port": 80, "targetPort": 8080}],
    },
}
EXCEPTION: Mapping[str, Any] = {
    "apiVersion": "kyverno.io/v2",
    "kind": "PolicyException",
    "metadata": {"name": "debug", "namespace": "shop", "labels": {"team": "shop"}},
    "spec": {
        "exceptions": [{"policyName": "baseline", "ruleNames": ["host-path"]}],
        "match": {"any": [{"resources": {"kinds": ["Pod"], "namespaces": ["sandbox"]}}]},
    },
}
CASES = {
    "workload-privileged": (DEPLOYMENT, ("spec.template",)),
    "service-exposed": (SERVICE, ("spec", "metadata.annotations")),
    "guardrail-weakened": (EXCEPTION, ("",)),
}
"""By rule: a resource that it blocks when it is new, and the fields that consent rests on."""

STYLES = (
    yaml.safe_dump,
    lambda body: yaml.safe_dump(body, sort_keys=False, default_flow_style=True),
    lambda body: json.dumps(body, indent=2),
    lambda body: f"# moved\n---\n{yaml.safe_dump(body, default_style='')}---\n",
)
"""Ways of writing one resource that the cluster reads alike."""

RULES = {rule.id: rule for rule in load_rules()}


def reviewed(rule: str, text: str, *approvals: Approval) -> Review:
    """The settled review of a change that adds this manifest, judged by one rule."""
    analysis = examine({}, {"apps/api.yaml": text.encode()}, POLICY, [RULES[rule]])
    review = decide(analysis, POLICY, base="a" * 40, head="b" * 40, today=TODAY)
    return settle(review, APPROVERS, Consent(approvals))


def approvals_of(review: Review) -> tuple[Approval, ...]:
    """An approval of each blocking finding, as it stands."""
    return tuple(
        Approval(
            1,
            finding.fingerprint,
            digest(finding),
            Severity.ERROR,
            finding.environments,
            GitHubAccount("hubot"),
            ("@hubot",),
            "agreed",
        )
        for finding in review.findings
        if finding.blocks
    )


def accepted(review: Review) -> set[str]:
    """The fingerprints that an approval lets pass."""
    return {item.finding.fingerprint for item in review.suppressed if "approval" in item.because}


def routes(value: Any, route: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The routes of every value below the identity of a resource."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in items:
        if (*route, key) in {("apiVersion",), ("kind",), ("metadata", "name")}:
            continue
        yield (*route, key)
        if isinstance(child, dict | list):
            yield from routes(child, (*route, key))


def edited(body: Mapping[str, Any], route: tuple[str | int, ...], new: Any) -> dict[str, Any]:
    """A copy of the body with another value at a route; None removes it."""
    copy: dict[str, Any] = json.loads(json.dumps(body))
    holder: Any = copy
    for step in route[:-1]:
        holder = holder[step]
    if new is None:
        del holder[route[-1]]
    else:
        holder[route[-1]] = new
    return copy


def at(body: Any, path: str) -> Any:
    """The value at a dotted path, None where there is none."""
    for step in path.split(".") if path else ():
        body = body.get(step) if isinstance(body, dict) else None
    return body


def rests_on(body: Mapping[str, Any], paths: tuple[str, ...]) -> str:
    """What consent rests on, as text that is equal for equal readings."""
    declared = {path: at(body, path) for path in paths if at(body, path) is not None}
    return json.dumps(declared or body, sort_keys=True)


@pytest.mark.parametrize("rule", CASES)
def test_an_approval_lets_pass_what_was_shown(rule: str) -> None:
    body, _ = CASES[rule]
    before = reviewed(rule, STYLES[0](body))
    assert before.verdict == "blocked"

    after = reviewed(rule, STYLES[0](body), *approvals_of(before))
    assert (after.verdict, accepted(after)) == (
        "pass",
        {finding.fingerprint for finding in before.findings if finding.blocks},
    )


@pytest.mark.parametrize("rule", CASES)
@given(data=st.data())
def test_an_equal_reading_keeps_an_approval_and_every_other_edit_ends_it(
    rule: str, data: st.DataObject
) -> None:
    body, paths = CASES[rule]
    given_for = reviewed(rule, STYLES[0](body))
    approvals = approvals_of(given_for)
    changed = body
    if data.draw(st.booleans(), label="edit"):
        route = data.draw(st.sampled_from(sorted(routes(body), key=str)), label="route")
        value = data.draw(
            st.none() | st.booleans() | st.integers(1, 9) | st.sampled_from(["x", "web", "*"]),
            label="value",
        )
        changed = edited(body, route, value)
    text = data.draw(st.sampled_from(STYLES), label="style")(changed)
    after = reviewed(rule, text, *approvals)

    if json.dumps(changed, sort_keys=True) == json.dumps(body, sort_keys=True):
        assert accepted(after) == {approval.fingerprint for approval in approvals}
    elif rests_on(changed, paths) != rests_on(body, paths):
        assert accepted(after) == set()
    # An edit beside what consent rests on, such as replicas, may keep it: then nothing is new.
    elif accepted(after):
        assert {digest(item.finding) for item in after.suppressed} <= {
            approval.digest for approval in approvals
        }


@pytest.mark.parametrize("rule", CASES)
def test_what_is_accepted_for_one_resource_is_not_accepted_for_another(rule: str) -> None:
    body, _ = CASES[rule]
    approvals = approvals_of(reviewed(rule, STYLES[0](body)))
    other = edited(body, ("metadata", "name"), "other")

    assert accepted(reviewed(rule, STYLES[0](other), *approvals)) == set()
