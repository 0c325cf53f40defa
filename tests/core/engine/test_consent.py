"""What an approval rests on: content, compared as the cluster reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.engine.consent import (
    FACTS_ONLY,
    MOST_CONTENT_FIELDS,
    NO_CONTENT,
    POD_TEMPLATE,
    ConsentContent,
    changed_fields,
    combined_content,
    resource_content,
)
from bot.core.resource import ListStep, Resource, ResourceKey, ResourceSource, Route
from bot.core.values import freeze, mapping

DEPLOYMENT: Mapping[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "api", "namespace": "shop", "labels": {"app": "api"}},
    "spec": {
        "replicas": 2,
        "template": {"spec": {"containers": [{"name": "web", "image": "nginx:1", "args": ["-x"]}]}},
    },
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3)
    ),
    max_leaves=12,
)


def resource_of(body: Mapping[str, Any]) -> Resource:
    group, _, _ = body["apiVersion"].rpartition("/")
    key = ResourceKey(group, body["kind"], "shop", body["metadata"]["name"])
    return Resource.of(key, mapping(freeze(dict(body))), ResourceSource("a.yaml", "0", 0))


def content(body: Mapping[str, Any], paths: tuple[str, ...] | None = None) -> ConsentContent:
    return resource_content(resource_of(body), paths)


def changed(**spec: Any) -> Mapping[str, Any]:
    return {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], **spec}}


OTHER_IMAGE = changed(
    template={"spec": {"containers": [{"name": "web", "image": "nginx:2", "args": ["-x"]}]}}
)


@given(VALUES, VALUES)
def test_any_change_of_a_resource_that_is_not_an_equal_reading_changes_its_content(
    before: Any, after: Any
) -> None:
    old, new = ({**DEPLOYMENT, "spec": spec} for spec in (before, after))

    assert (content(old).digest == content(new).digest) == (
        resource_of(old).body == resource_of(new).body and _same_types(before, after)
    )


def _same_types(before: Any, after: Any) -> bool:
    """Python takes True for 1; a cluster does not."""
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(
            _same_types(before[k], after[k]) for k in before
        )
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_same_types, before, after))
    return type(before) is type(after)


@pytest.mark.parametrize(
    ("body", "same"),
    [(DEPLOYMENT, True), (changed(replicas=9), True), (OTHER_IMAGE, False)],
)
def test_a_rule_about_pods_rests_on_the_template_and_not_on_replicas(
    body: Mapping[str, Any], *, same: bool
) -> None:
    before, after = content(DEPLOYMENT, POD_TEMPLATE), content(body, POD_TEMPLATE)

    assert (before.digest == after.digest) is same


def test_a_resource_without_the_declared_fields_counts_as_a_whole() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"nodeName": "x"}}

    assert content(pod, POD_TEMPLATE) == content(pod)


def test_complete_facts_need_no_content() -> None:
    assert content(DEPLOYMENT, FACTS_ONLY) == NO_CONTENT


def test_what_changed_is_named_by_its_field() -> None:
    before, after = content(DEPLOYMENT), content(OTHER_IMAGE)

    assert changed_fields(before.fields, after.fields) == (
        "spec.template.spec.containers[web].image",
    )


def test_fields_are_told_apart_within_a_bound() -> None:
    large = changed(items=[{"name": f"n{number}", "value": number} for number in range(500)])

    assert 0 < len(content(large).fields) <= MOST_CONTENT_FIELDS


def test_a_value_that_changes_on_every_build_does_not_count() -> None:
    route = ("spec", "template", "spec", "containers", ListStep("name=web", 0), "image")
    before, after = (
        resource_content(resource_of(body), None, (route,)) for body in (DEPLOYMENT, OTHER_IMAGE)
    )

    assert before == after


def test_a_secret_s_values_cannot_be_read_from_its_content() -> None:
    """A slow digest, and no digest of a single field that could be guessed by itself."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "a"},
        "data": {"p": "MQ=="},
    }
    other = {**secret, "data": {"p": "Mg=="}}

    assert (dict(content(secret).fields), len(content(secret).digest)) == ({}, 32)
    assert content(secret).digest != content(other).digest


def test_one_finding_of_several_environments_rests_on_the_content_of_each() -> None:
    here, there = content(DEPLOYMENT), content(OTHER_IMAGE)

    assert combined_content((here, here)) == here
    assert combined_content((here, there)) == combined_content((there, here))
    assert combined_content((here, there)).digest not in {here.digest, there.digest}


CONTAINERS = ("spec", "template", "spec", "containers")


def without(*routes: Route, **container: object) -> ConsentContent:
    """The content of a Deployment whose container has these fields, without some of its values."""
    containers = [{"name": "web", "args": ["-x", "-y"], **container}, {"name": "log"}]
    body = changed(template={"spec": {"containers": containers}})
    return resource_content(resource_of(body), None, routes)


def test_everything_beside_a_value_that_changes_on_every_build_counts() -> None:
    first = (*CONTAINERS, ListStep("name=web", 0))
    image, argument = (*first, "image"), (*first, "args", ListStep("", 0))

    assert without(image, image="a") == without(image, image="b")
    assert without(argument, args=["-x", "-y"]) == without(argument, args=["-z", "-y"])
    assert without(image, image="a") != without(image, image="b", command=["sh"])
    assert without(image, image="a") != without(image, image="b", name="other")
    assert without(argument, args=["-x", "-y"]) != without(argument, args=["-x", "-z"])
    assert without(argument, args=["-x", "-y"]) != without(argument, args=["-x"])


@pytest.mark.parametrize(
    "route",
    [
        ("spec", "absent", "image"),
        ("spec", "replicas", "image"),
        (*CONTAINERS, ListStep("", 2), "image"),
        (*CONTAINERS, "image"),
        ("spec", ListStep("", 0)),
    ],
)
def test_a_route_to_nothing_leaves_the_content_as_it_is(route: Route) -> None:
    assert without(route, image="a") == without(image="a")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"spec": "1"}, {"spec": "1"}, ()),
        ({"spec": "1"}, {"spec": "2"}, ("spec",)),
        ({"spec": "1"}, {}, ("spec",)),
        ({"spec": "1"}, {"spec.a": "1", "spec.b": "1"}, ("spec.a", "spec.b")),
        ({"spec.a": "1"}, {"spec.a[x]": "1"}, ("spec.a[x]",)),
        ({"spec.a": "1", "spec.ab": "1"}, {"spec.a": "2", "spec.ab": "2"}, ("spec.a", "spec.ab")),
        ({"": "1"}, {"": "2"}, ()),
    ],
)
def test_of_fields_that_changed_the_innermost_are_named(
    before: Mapping[str, str], after: Mapping[str, str], expected: tuple[str, ...]
) -> None:
    assert changed_fields(before, after) == expected
