"""The engine: whom it asks, what it takes away, and what a crash means."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.catalog import NoOptions
from bot.core.engine.judge import Judged, RuleFailed, judge
from bot.core.engine.page import Page
from bot.core.engine.rule import Compare, Reach, Rule
from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind, ListStep, Node, Resource
from bot.core.state import State
from tests.states import world

SERVICE, NAMESPACE = GroupKind("", "Service"), GroupKind("", "Namespace")
POLICY = GroupKind("networking.k8s.io", "NetworkPolicy")


def wrong_ports(subject: Resource, state: State, options: object) -> Iterator[Finding]:
    """Every port of a policy that no Service of its namespace has."""
    del options
    served = {
        port["port"].integer
        for service in state.of(SERVICE, namespace=subject.namespace)
        for port in service.at("spec", "ports").items()
    }
    for rule in subject.at("spec", "ingress").items():
        for port in rule["ports"].items():
            if port["port"].integer not in served:
                yield Finding(port["port"], f"port {port['port'].integer} is not served")


def removed(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    for old in before.of(SERVICE):
        if after.get(old.key) is None:
            yield Finding(old.at("metadata", "name"), f"{old.key} is gone", side="LEFT")


def crashing(before: State, after: State, options: object) -> Iterator[Finding]:
    raise RecursionError(before, after, options)


def a_find(reach: Reach = "namespace") -> Rule:
    page = Page("wrong-ports", "", {}, "")
    context = frozenset({POLICY, SERVICE})
    return Rule(
        "wrong-ports",
        lambda: page,
        Severity.WARNING,
        frozenset({POLICY}),
        context,
        reach,
        NoOptions,
        find=wrong_ports,
    )


def a_compare(function: Compare, name: str = "removed") -> Rule:
    page = Page(name, "", {}, "")
    kinds = frozenset({SERVICE})
    return Rule(
        name, lambda: page, Severity.ERROR, kinds, kinds, "resource", NoOptions, compare=function
    )


def found(before: State, after: State, *rules: Rule) -> list[str]:
    options = {rule.id: rule.options() for rule in rules}
    return [
        f"{held.rule} crashed: {held.error}"
        if isinstance(held, RuleFailed)
        else held.finding.message
        for held in judge(before, after, rules, options)
    ]


def service(port: int, namespace: str = "shop") -> str:
    return (
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: api, namespace: {namespace}}}\n"
        f"spec: {{ports: [{{port: {port}}}]}}\n"
    )


def policy(*rules: str) -> str:
    text = (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        "metadata: {name: api, namespace: shop}\nspec:\n  ingress:\n"
    )
    return text + "".join(f"  - {rule}\n" for rule in rules)


def test_a_finding_that_base_had_is_not_reported() -> None:
    wrong, more = policy("ports: [{port: 1}]"), policy("ports: [{port: 2}]", "ports: [{port: 1}]")

    assert found(world(wrong), world(more), a_find()) == ["port 2 is not served"]


def test_an_edit_elsewhere_in_the_namespace_asks_the_untouched_subject_again() -> None:
    held = policy("ports: [{port: 80}]")

    assert found(world(held, service(80)), world(held, service(81)), a_find()) == [
        "port 80 is not served"
    ]


def test_an_edit_in_another_namespace_asks_nobody() -> None:
    held = policy("ports: [{port: 80}]")
    before, after = world(held, service(80, "other")), world(held, service(81, "other"))

    assert found(before, after, a_find()) == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_like_items_the_changed_one_is_new(order: tuple[int, int]) -> None:
    """Two items of a list without merge key share a fingerprint; base had one of them."""
    old, new = "{ports: [{port: 9}]}", "{ports: [{port: 9}], from: [{podSelector: {}}]}"
    rules = [(old, new)[index] for index in order]
    (judged,) = judge(world(policy(old)), world(policy(*rules)), [a_find()], {"wrong-ports": None})
    assert isinstance(judged, Judged)
    assert isinstance(judged.finding.node, Node)

    indices = [step.index for step in judged.finding.node.route if isinstance(step, ListStep)]

    assert indices == [rules.index(new), 0]


def test_the_same_against_the_same_finds_nothing() -> None:
    text = policy("ports: [{port: 1}]")

    assert found(world(text), world(text), a_find(), a_compare(removed)) == []


def test_a_compare_rule_speaks_of_what_head_no_longer_has() -> None:
    assert found(world(service(80)), world(), a_compare(removed)) == ["Service/shop/api is gone"]


def test_a_crashing_rule_stops_no_other() -> None:
    rules = (a_compare(crashing, "crashing"), a_compare(removed))

    assert found(world(service(80)), world(), *rules) == [
        "crashing crashed: RecursionError",
        "Service/shop/api is gone",
    ]


def test_findings_that_are_alike_have_different_fingerprints() -> None:
    twice = policy("ports: [{port: 1}]", "ports: [{port: 1}]")
    marks = [
        held.fingerprint
        for held in judge(world(), world(twice), [a_find()], {"wrong-ports": None})
        if isinstance(held, Judged)
    ]

    assert len(marks) == len(set(marks)) == 2


def test_a_fingerprint_knows_neither_line_nor_environment() -> None:
    one = policy("ports: [{port: 1}]")
    moved = f"# a comment\n\n{one}"
    first, second = (
        list(judge(world(), world(text), [a_find()], {"wrong-ports": None}))
        for text in (one, moved)
    )
    assert isinstance(first[0], Judged)
    assert isinstance(second[0], Judged)

    assert first[0].fingerprint == second[0].fingerprint


NAMED = "apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{a: '{}'}}}}\n"


@pytest.mark.parametrize(
    ("reach", "kinds", "cause", "expected"),
    [
        ("resource", {POLICY}, "service", []),
        ("namespace", {POLICY}, "service", ["NetworkPolicy/shop/api"]),
        ("environment", {POLICY}, "service", ["NetworkPolicy/other/api", "NetworkPolicy/shop/api"]),
        ("namespace", {POLICY}, "namespace", ["NetworkPolicy/other/api", "NetworkPolicy/shop/api"]),
        ("namespace", (), "service", ["NetworkPolicy/shop/api", "Service/shop/api"]),
        ("namespace", {POLICY}, "nothing", []),
        ("environment", {POLICY}, "nothing", []),
    ],
)
def test_a_rule_is_asked_about_what_a_change_can_reach(
    reach: Reach, kinds: frozenset[GroupKind], cause: str, expected: list[str]
) -> None:
    asked: list[str] = []

    def note(subject: Resource, state: State, options: object) -> Iterator[Finding]:
        del options
        if state is after:
            asked.append(str(subject.key))
        yield from ()

    policies = (
        policy("ports: [{port: 80}]"),
        policy("ports: [{port: 80}]").replace("shop", "other"),
    )
    edits = {"service": service(81), "namespace": NAMED.format(1), "nothing": ""}
    steady = {"service": service(80), "namespace": NAMED.format(0), "nothing": ""}
    before, after = world(*policies, steady[cause]), world(*policies, edits[cause])
    rule = Rule(
        "noting",
        lambda: Page("noting", "", {}, ""),
        Severity.NOTICE,
        frozenset(kinds),
        frozenset({SERVICE, NAMESPACE}),
        reach,
        NoOptions,
        find=note,
    )

    assert (found(before, after, rule), asked) == ([], expected)
