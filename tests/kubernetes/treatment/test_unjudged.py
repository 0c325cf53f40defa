"""Kinds that act on pods, traffic or rights and that no rule judges."""

from __future__ import annotations

from bot.analysis.examine import examine
from bot.catalog import load_rules
from bot.core.policy.model import Policy
from bot.core.states.carriers.kinds import READERS
from bot.kubernetes.treatment.kinds_table import UNJUDGED_KINDS


def policies(*names: str) -> dict[str, bytes]:
    documents = (
        "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\n"
        f"metadata: {{name: {name}}}\nspec: {{order: 1}}\n"
        for name in names
    )
    return {"calico.yaml": "---\n".join(documents).encode()}


def problems(base: dict[str, bytes], head: dict[str, bytes]) -> list[tuple[str, bool, str]]:
    found = examine(base, head, Policy(), ()).problems
    return [
        (problem.message, problem.new, problem.location.side if problem.location else "")
        for problem in found
    ]


def test_changed_resources_of_a_kind_that_is_not_modelled_are_named_once() -> None:
    message = (
        "not judged: 3 Calico GlobalNetworkPolicies (a, b, c), as no rule knows what they let "
        "through or refuse; review them by hand"
    )

    assert problems({}, policies("a", "b", "c")) == [(message, True, "RIGHT")]


def test_a_removed_one_is_named_at_base() -> None:
    ((message, new, side),) = problems(policies("a", "b"), policies("b"))

    assert message.startswith("not judged: 1 Calico GlobalNetworkPolicy (a)")
    assert (new, side) == (False, "LEFT")


def test_unchanged_ones_are_not_named() -> None:
    assert problems(policies("a"), policies("a")) == []


def test_no_kind_is_judged_by_a_rule_and_named_as_not_judged() -> None:
    judged = {kind for rule in load_rules() for kind in rule.subjects}

    assert not judged & set(UNJUDGED_KINDS)
    assert not set(READERS) & set(UNJUDGED_KINDS)


def test_the_problem_can_be_accepted_and_returns_when_the_resources_change() -> None:
    first, same, other = (
        examine({}, policies(*names), Policy(), ()).problems[0]
        for names in (("a",), ("a",), ("a", "b"))
    )

    assert first.digest
    assert (first.id, first.digest) == (same.id, same.digest)
    assert first.id == other.id
    assert first.digest != other.digest


def test_environments_are_named_together() -> None:
    head = {
        f"clusters/{name}/{path}": text for name in "xy" for path, text in policies("a").items()
    }

    ((message, _, _),) = problems({}, head)

    assert message.startswith("not judged: 1 Calico GlobalNetworkPolicy (a)")


SET = b"""\
apiVersion: addons.cluster.x-k8s.io/v1beta1
kind: ClusterResourceSet
metadata: {name: crs, namespace: capi}
spec: {resources: [{kind: ConfigMap, name: content}]}
"""
CONTENT = b"""\
apiVersion: v1
kind: ConfigMap
metadata: {name: content, namespace: capi}
data: {all.yaml: "%s"}
"""


def test_a_changed_text_that_an_unchanged_carrier_applies_is_named() -> None:
    base = {"set.yaml": SET, "content.yaml": CONTENT % b"kind: [a"}
    changed = {**base, "content.yaml": CONTENT % b"kind: [b"}

    message = "ConfigMap/capi/content holds a text that cannot be read as YAML"
    other = CONTENT.replace(b"content", b"other") % b""

    assert problems(base, changed) == [
        (f"{message}, so what it applies is not judged", False, "RIGHT")
    ]
    assert problems(base, {**base, "other.yaml": other}) == []
