"""Dividing less never takes away what blocks: the finest division finds no error that is missed."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest

from bot.analysis.examine import examine
from bot.catalog import load_rules
from bot.core import states
from bot.core.finding import Severity
from bot.core.policy.model import EnvironmentPolicy, Policy
from bot.core.states.environments import Environments, PlacedResources, environments_of

_RULES = tuple(
    rule
    for rule in load_rules()
    if rule.id
    in {
        "rbac-privilege-added",
        "workload-privileged",
        "reference-broken",
        "immutable-field-changed",
    }
)
_LAYOUTS = (
    ("x/a", "x/b", "x/c"),
    ("a", "b", "b/c", "d"),
    ("n/a", "n/b", "n/c", "n/d", "m"),
    ("a/p", "a/q", "b/p", "b/q"),
    tuple(f"many/n{number}" for number in range(12)),
)
_BINDING = """apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: b%d}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %s}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: t%d}]
"""
_ROLE = """apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: r%d}
rules: [{apiGroups: [''], resources: [%s], verbs: [%s]}]
"""
_SETTING = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d, namespace: a}\ndata: {x: '%d'}\n"
_POD = """apiVersion: v1
kind: Pod
metadata: {name: p%d, namespace: a}
spec:
  hostNetwork: %s
  containers: [{name: c, image: r.io/a/a:1, envFrom: [{configMapRef: {name: c%d}}]}]
"""


def _manifest(random: Random) -> str:
    """One of a few objects, so that directories often hold the same one."""
    pick = random.choice
    return pick(
        (
            _BINDING % (pick((0, 1, 2)), pick(("view", "cluster-admin", "r0", "r1")), pick((0, 1))),
            _ROLE % (pick((0, 1)), pick(("pods", "secrets", "'*'")), pick(("get", "'*'"))),
            _SETTING % (pick((0, 1, 2, 3)), pick((0, 1, 2))),
            _POD % (pick((0, 1)), pick(("true", "false")), pick((0, 1, 2, 3))),
        )
    )


def _change(seed: int) -> tuple[dict[str, bytes], dict[str, bytes]]:
    random = Random(seed)  # noqa: S311 - the same trees each time
    folders = random.choice(_LAYOUTS)
    base = {
        f"{random.choice(folders)}/f{number}.yaml": _manifest(random).encode()
        for number in range(random.randrange(4, 12))
    }
    # What each directory has for itself: two that share an object are no copies of each other.
    base |= {
        f"{folder}/own.yaml": (_SETTING % (number + 10, 0)).encode()
        for number, folder in enumerate(folders)
    }
    head = dict(base)
    for number in range(random.randrange(1, 4)):
        written = [path for path in head if not path.endswith("own.yaml")]
        path = random.choice((*written, f"{random.choice(folders)}/g{number}.yaml"))
        if path in head and random.random() < 0.3:
            del head[path]
        else:
            head[path] = _manifest(random).encode()
    return base, head


def _errors(seed: int) -> set[tuple[str, str]]:
    return {
        (finding.rule, finding.resource.name)
        for finding in examine(*_change(seed), Policy(), _RULES).findings
        if finding.severity == Severity.ERROR and finding.resource is not None
    }


def _finest(
    trees: Iterable[PlacedResources],
    named: tuple[EnvironmentPolicy, ...] = (),
    *,
    finest: bool = True,
) -> Environments:
    del finest
    return environments_of(trees, named, finest=True)


@pytest.mark.parametrize("part", range(4))
def test_the_finest_division_shows_no_error_that_is_missed(
    part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = range(part, 120, 4)
    found = {seed: _errors(seed) for seed in seeds}
    monkeypatch.setattr(states, "environments_of", _finest)
    divided = {seed: _errors(seed) for seed in seeds}

    assert any(divided.values())
    assert {
        seed: divided[seed] - found[seed] for seed in seeds if divided[seed] - found[seed]
    } == {}
