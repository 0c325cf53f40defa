"""Changes of form that grant nothing, on generated trees."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.resource import Resource, ResourceSource
from bot.kubernetes.rbac.gains import compare
from tests.kubernetes.rbac.objects import resource, state
from tests.kubernetes.rbac.test_against_authorizer import TREES

Body = dict[str, Any]  # JSON of any shape, as an edit finds it
ROLES = {"Role", "ClusterRole"}


def _edited(held: Resource, edit: Callable[[Body], None]) -> Resource:
    body = msgspec.json.decode(held.encoded)
    edit(body)
    return resource(held.key.kind, held.namespace, body["metadata"]["name"], body)


def _reversed(held: Resource) -> Resource:
    """Rules, and whatever they list, the other way round; subjects too."""

    def edit(body: Body) -> None:
        for rule in body.get("rules", []):
            for values in rule.values():
                values.reverse()
        for field in ("rules", "subjects"):
            body.get(field, []).reverse()

    return _edited(held, edit)


def _split(held: Resource) -> Resource:
    """A rule for each verb."""

    def edit(body: Body) -> None:
        if "rules" in body:
            body["rules"] = [
                {**rule, "verbs": [verb]} for rule in body["rules"] for verb in rule["verbs"]
            ]

    return _edited(held, edit)


def _twice(held: Resource) -> Resource:
    """Every rule twice, and everything that it lists."""

    def edit(body: Body) -> None:
        for rule in body.get("rules", []):
            for values in rule.values():
                values.extend(values)
        if "rules" in body:
            body["rules"] += body["rules"]

    return _edited(held, edit)


def _renamed(held: Resource) -> Resource:
    """Bindings and roles under other names, and roleRefs with them."""

    def edit(body: Body) -> None:
        place = body["metadata"] if "rules" in body else body["roleRef"]
        place["name"] = f"{place['name']}-renamed"
        if "rules" not in body:
            body["metadata"]["name"] += "-renamed"

    return _edited(held, edit)


def _moved(held: Resource) -> Resource:
    return Resource(
        held.key, held.api_version, held.encoded, ResourceSource("other/b.yaml", "x", 3)
    )


def _as_user(held: Resource) -> Resource:
    """Service accounts written as the users that they are."""

    def edit(body: Body) -> None:
        for place, subject in enumerate(body.get("subjects", [])):
            if subject["kind"] == "ServiceAccount":
                name = f"system:serviceaccount:{subject['namespace']}:{subject['name']}"
                body["subjects"][place] = {"kind": "User", "name": name}

    return _edited(held, edit)


FORMS = (_reversed, _split, _twice, _renamed, _moved, _as_user)


@pytest.mark.parametrize("form", [pytest.param(form, id=form.__name__[1:]) for form in FORMS])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=TREES)
def test_another_form_grants_nothing(
    form: Callable[[Resource], Resource], tree: list[Resource]
) -> None:
    comparison = compare(state(*tree), state(*map(form, tree)))

    assert (comparison.gained, comparison.lost) == ((), ())


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(TREES, st.randoms(use_true_random=False))
def test_order_of_objects_says_nothing(tree: list[Resource], random: Random) -> None:
    other = list(tree)
    random.shuffle(other)

    assert compare(state(*tree), state(*other)).gained == ()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(TREES)
def test_a_role_and_an_equal_cluster_role_grant_the_same_in_a_namespace(
    tree: list[Resource],
) -> None:
    def cluster(held: Resource) -> Resource:
        body = msgspec.json.decode(held.encoded)
        if held.key.kind == "Role":
            name = f"{held.namespace}-{held.name}"
            return resource("ClusterRole", None, name, {"rules": body["rules"]})
        if held.key.kind == "RoleBinding" and body["roleRef"]["kind"] == "Role":
            name = f"{held.namespace}-{body['roleRef']['name']}"
            body["roleRef"] = {"kind": "ClusterRole", "name": name}
            return resource("RoleBinding", held.namespace, held.name, body)
        return held

    comparison = compare(state(*tree), state(*map(cluster, tree)))

    assert (comparison.gained, comparison.lost) == ((), ())


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(TREES, TREES)
def test_what_is_gained_one_way_is_lost_the_other(
    base: list[Resource], head: list[Resource]
) -> None:
    there = compare(state(*base), state(*head))
    back = compare(state(*head), state(*base))

    assert (there.gained, there.lost) == (back.lost, back.gained)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(TREES, st.data())
def test_taking_objects_away_grants_nothing(tree: list[Resource], data: st.DataObject) -> None:
    """Permissions only add up: there is no deny."""
    kept = [held for held in tree if data.draw(st.booleans())]

    assert compare(state(*tree), state(*kept)).gained == ()
