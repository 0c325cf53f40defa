"""What changes between resources: fields by merge key, nothing secret, equal changes together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bot.core.diff.difference import difference
from bot.core.diff.fields import FieldComparison
from bot.core.diff.model import (
    LONGEST_VALUE,
    MOST_FIELDS,
    ChangedResource,
    Difference,
    DifferenceGroup,
    FieldChange,
)
from bot.core.diff.paths import route_path
from bot.core.resource import ListStep, Resource, ResourceKey, ResourceSource
from bot.core.state import Change
from bot.core.values import freeze, mapping

SOURCE = ResourceSource("apps.yaml", "0" * 40, 0)


def resource(
    spec: Any, kind: str = "Deployment", name: str = "api", group: str = "apps", **fields: Any
) -> Resource:
    body = {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": name}, **fields}
    if spec is not None:
        body["spec"] = spec
    return Resource.of(ResourceKey(group, kind, "shop", name), mapping(freeze(body)), SOURCE)


def changed(before: Any, after: Any, **names: Any) -> Change:
    return Change(resource(before, **names), resource(after, **names))


def fields_of(before: Any, after: Any, **names: Any) -> list[tuple[str, str | None, str | None]]:
    change = changed(before, after, **names)
    assert change.before is not None
    assert change.after is not None
    fields, more = FieldComparison().fields(change.before, change.after)
    assert more == 0
    return [(field.path, field.before, field.after) for field in fields]


def pod(containers: list[Mapping[str, Any]], **spec: Any) -> Mapping[str, Any]:
    return {"template": {"spec": {"containers": containers, **spec}}}


def test_a_list_with_merge_keys_is_compared_by_them() -> None:
    before = pod([{"name": "web", "image": "a:1"}, {"name": "log", "image": "b:1"}])
    after = pod(
        [
            {"name": "proxy", "image": "c:1"},
            {"name": "log", "image": "b:1"},
            {"name": "web", "image": "a:2"},
        ]
    )

    assert fields_of(before, after) == [
        (
            "spec.template.spec.containers[name=proxy]",
            None,
            '{"image":"c:1","name":"proxy"}',
        ),
        ("spec.template.spec.containers[name=web].image", "a:1", "a:2"),
        ("spec.template.spec.containers[order]", "web, log", "log, web"),
    ]


def test_an_order_that_changes_is_shown_and_a_new_item_changes_none() -> None:
    """Init containers run in their order, and a variable sees only those before it."""
    fetch, wait = {"name": "fetch", "image": "a:1"}, {"name": "wait", "image": "b:1"}
    path = "spec.template.spec.initContainers"

    swapped = fields_of(
        pod([], initContainers=[fetch, wait]), pod([], initContainers=[wait, fetch])
    )
    between = fields_of(
        pod([], initContainers=[fetch, wait]),
        pod([], initContainers=[fetch, {"name": "new"}, wait]),
    )

    assert swapped == [(f"{path}[order]", "fetch, wait", "wait, fetch")]
    assert between == [(f"{path}[name=new]", None, '{"name":"new"}')]


def test_ports_and_environment_variables_have_their_own_keys() -> None:
    before = {
        "ports": [{"port": 80, "protocol": "TCP"}, {"port": 443, "protocol": "TCP"}],
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
    }
    after = {
        "ports": [{"port": 443, "protocol": "TCP", "targetPort": 8443}],
        "env": [{"name": "B", "value": "3"}, {"name": "A", "value": "1"}],
    }

    assert fields_of(before, after) == [
        ("spec.env[name=B].value", "2", "3"),
        ("spec.env[order]", "A, B", "B, A"),
        ("spec.ports[port=443,protocol=TCP].targetPort", None, "8443"),
        ("spec.ports[port=80,protocol=TCP]", '{"port":80,"protocol":"TCP"}', None),
    ]


def test_an_item_in_the_middle_of_a_list_without_merge_keys_moves_no_other() -> None:
    before = {"apps": [{"app": name, "size": 1} for name in ("a", "c", "d")]}
    after = {"apps": [{"app": name, "size": 1} for name in ("a", "b", "c", "d")]}

    assert fields_of(before, after) == [("spec.apps[app=b]", None, '{"app":"b","size":1}')]


def test_arguments_keep_their_order() -> None:
    assert fields_of({"args": ["a", "b", "c"]}, {"args": ["a", "x", "c", "d"]}) == [
        ("spec.args[1]", "b", "x"),
        ("spec.args[3]", None, "d"),
    ]


def test_types_count_and_equal_numbers_do_not() -> None:
    assert fields_of({"a": 1, "b": 80.0, "c": None}, {"a": "1", "b": 80, "c": {}}) == [
        ("spec.a", "1", '"1"'),
        ("spec.c", "null", "{}"),
    ]


@pytest.mark.parametrize(
    ("field", "before", "after"),
    [("data", {"password": "b2xk"}, {"password": "bmV3", "user": "YQ=="}), ("type", "a", "b")],
)
def test_of_a_secret_only_names_and_keys_are_shown(field: str, before: Any, after: Any) -> None:
    old, new = (
        resource(None, kind="Secret", group="", **{field: value}) for value in (before, after)
    )
    fields, _ = FieldComparison().fields(old, new)

    assert {value for change in fields for value in (change.before, change.after)} <= {
        "(hidden)",
        None,
    }
    assert {change.path.partition(".")[0] for change in fields} == {field}


def test_what_a_secret_holds_is_hidden_wherever_it_stands() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "data": {"k": "hush"},
    }
    plain: dict[str, Any] = {"env": [{"name": "DB_PASSWORD", "value": "hush"}], "manifests": []}
    after = {"env": [{"name": "DB_PASSWORD", "value": "hush2"}], "manifests": [secret]}

    texts = str(fields_of(plain, after)) + str(fields_of({}, after))

    assert "hush" not in texts
    assert "[name=DB_PASSWORD].value" in texts


@pytest.mark.parametrize(
    "text", ["password: hush", "API_KEY=hush", '{"token": "hush"}', "private_key = hush"]
)
def test_a_password_in_a_text_is_hidden(text: str) -> None:
    (change,) = fields_of({"text": f"a\n{text}\nb"}, {"text": f"a\n{text}2\nb"})

    assert "hush" not in str(change)


def test_of_a_long_text_only_the_lines_that_differ_are_shown() -> None:
    before = "\n".join(f"line {number}" for number in range(500))
    after = before.replace("line 250\n", "line two hundred and fifty\n")

    assert fields_of({"text": before}, {"text": after}) == [
        ("spec.text", "line 250", "line two hundred and fifty")
    ]


def test_a_long_value_is_cut() -> None:
    ((_, before, after),) = fields_of({"a": "x" * 1000}, {"a": "y" * 1000})

    assert (len(before or ""), len(after or "")) == (LONGEST_VALUE, LONGEST_VALUE)


def test_more_fields_than_are_listed_are_counted() -> None:
    old, new = ({"items": {f"k{n}": side for n in range(200)}} for side in ("a", "b"))
    change = changed(old, new)

    (group,) = difference([("default", [change])]).groups

    assert (len(group.fields), group.omitted) == (MOST_FIELDS, 200 - MOST_FIELDS)


def test_deep_nesting_is_bounded() -> None:
    old: Any = "a"
    new: Any = "b"
    for _ in range(95):
        old, new = [old], [new]

    ((path, _, _),) = fields_of({"deep": old}, {"deep": new})

    assert path.startswith("spec.deep")


def test_a_resource_that_is_too_large_is_said_to_have_more() -> None:
    old, new = ({"blob": side * 600_000} for side in ("a", "b"))

    assert difference([("default", [changed(old, new)])]).groups == (
        DifferenceGroup(
            "changed",
            (ChangedResource(ResourceKey("apps", "Deployment", "shop", "api"), ("default",)),),
            (),
            1,
        ),
    )


def test_equal_changes_are_one_group_and_the_worst_stand_first() -> None:
    before, after = pod([{"name": "web", "image": "a:1"}]), pod([{"name": "web", "image": "a:2"}])
    pods = [changed(before, after, name=name) for name in ("b", "a")]
    role = resource(None, kind="ClusterRoleBinding", name="ci", group="rbac.authorization.k8s.io")
    config = resource(None, kind="ConfigMap", name="c", group="")

    found = difference(
        [
            ("staging", [*pods, Change(None, config)]),
            ("production", [*pods, Change(role, None)]),
        ]
    )

    both = ("staging", "production")
    assert found == Difference(
        (
            DifferenceGroup("removed", (ChangedResource(role.key, ("production",)),)),
            DifferenceGroup(
                "changed",
                tuple(
                    ChangedResource(ResourceKey("apps", "Deployment", "shop", name), both)
                    for name in ("a", "b")
                ),
                (FieldChange("spec.template.spec.containers[name=web].image", "a:1", "a:2"),),
            ),
            DifferenceGroup("added", (ChangedResource(config.key, ("staging",)),)),
        )
    )
    assert [found.count(change) for change in ("added", "changed", "removed")] == [1, 2, 1]


def test_values_that_change_on_every_build_are_left_out() -> None:
    change = changed({"a": 1, "checksum": "x"}, {"a": 1, "checksum": "y"})
    key = change.key
    route = ("spec", "checksum")

    assert difference([("default", [change])], {key: (route_path(route),)}) == Difference()
    assert len(difference([("default", [change])]).groups) == 1


SERVER: list[tuple[str, Any, Any]] = [
    ("metadata.creationTimestamp", None, "2026-11-30T16:00:00Z"),
    ("metadata.deletionTimestamp", None, "2026-11-30T16:00:00Z"),
    ("metadata.deletionGracePeriodSeconds", None, 30),
    ("metadata.generation", 3, 4),
    ("metadata.managedFields", [{"manager": "kubectl"}], []),
    ("metadata.resourceVersion", "100", "101"),
    ("metadata.selfLink", "/a", "/b"),
    ("metadata.uid", "a", "b"),
    ("status.replicas", 1, 2),
    ("spec.template.metadata.creationTimestamp", ..., None),
]
"""What the API server fills in: the path, and two values, of which `...` is absent."""

WRITTEN: list[tuple[str, Any, Any]] = [
    ("metadata.annotations[checksum/config]", "a", "b"),
    ("metadata.annotations[deployment.kubernetes.io/revision]", "3", "4"),
    ("metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]", "{}", "[]"),
    ("metadata.labels[app.kubernetes.io/version]", "1.0", "1.1"),
    ("metadata.labels[helm.sh/chart]", "web-1.0", "web-1.1"),
    ("metadata.labels.chart", "web-1.0", "web-1.1"),
    ("spec.template.metadata.annotations[checksum/config]", "a", "b"),
    ("spec.template.metadata.creationTimestamp", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
    ("spec.template.metadata.labels[helm.sh/chart]", "web-1.0", "web-1.1"),
]
"""What often changes and still reaches the cluster: on a pod template it starts new pods."""


def holding(path: str, value: Any, group: str) -> Resource:
    """A resource with a value at a path, `...` for none."""
    body: dict[str, Any] = {
        "apiVersion": f"{group}/v1",
        "kind": "Deployment",
        "metadata": {"name": "api", "annotations": {"a": "b"}, "labels": {"a": "b"}},
        "spec": {"template": {"metadata": {"annotations": {"a": "b"}, "labels": {"a": "b"}}}},
        "status": {"phase": "x"},
    }
    place, *steps = [step for step in re.split(r"\.(?![^[]*\])|\[(.*)\]", path) if step]
    target = body[place]
    for step in steps[:-1]:
        target = target[step]
    if value is not ...:
        target[steps[-1]] = value
    key = ResourceKey(group, "Deployment", "shop", "api")
    return Resource.of(key, mapping(freeze(body)), SOURCE)


@pytest.mark.parametrize(("path", "before", "after"), SERVER)
def test_what_the_api_server_fills_in_is_no_change(path: str, before: Any, after: Any) -> None:
    change = Change(holding(path, before, "apps"), holding(path, after, "apps"))

    assert difference([("default", [change])]) == Difference()


@pytest.mark.parametrize(("path", "before", "after"), WRITTEN)
def test_what_is_written_to_the_cluster_is_shown(path: str, before: str, after: str) -> None:
    change = Change(holding(path, before, "apps"), holding(path, after, "apps"))

    (group,) = difference([("default", [change])]).groups

    assert group.fields == (FieldChange(path, before, after),)


def test_a_custom_resource_may_get_its_status_from_the_manifest() -> None:
    """Without a status subresource, the server stores it like any other field."""
    change = Change(*(holding("status.phase", value, "example.com") for value in ("a", "b")))

    (group,) = difference([("default", [change])]).groups

    assert group.fields == (FieldChange("status.phase", "a", "b"),)


def test_what_a_new_chart_version_changes_everywhere_stands_last() -> None:
    label, image = "metadata.labels[helm.sh/chart]", "spec.template.image"
    role = "rbac.authorization.k8s.io"
    changes = [
        Change(*(holding(label, value, role) for value in ("1", "2"))),
        Change(*(holding(image, value, "apps") for value in ("a:1", "a:2"))),
    ]

    groups = difference([("default", changes)]).groups

    assert [group.fields[0].path for group in groups] == [image, label]


def test_a_route_into_a_list_without_merge_keys_ends_at_the_list() -> None:
    route = ("spec", ListStep("name=web", 0), "args", ListStep("--port", 1))

    assert route_path(route) == "spec[name=web].args"


def test_the_same_resource_is_compared_with_itself_silently() -> None:
    same = resource({"a": 1})

    assert difference([("default", [Change(same, replace(same, source=SOURCE))])]) == Difference()
