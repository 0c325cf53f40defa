"""Resources and the places inside them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.resource import GroupKind, Node, Resource, ResourceKey, ResourceSource, route_text
from bot.core.values import Value, freeze, thaw

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def resource(body: Mapping[str, object]) -> Resource:
    frozen = freeze(body)
    assert isinstance(frozen, Mapping)
    return Resource.of(
        ResourceKey("", "Service", "shop", "api"), frozen, ResourceSource("api.yaml", "0" * 40, 0)
    )


SERVICE = resource(
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"labels": {"app": "api", "bad": 1}},
        "spec": {
            "ports": [{"name": "http", "port": 80, "targetPort": 8080.0}, {"port": 443}],
            "selector": {"app": "api"},
            "externalIPs": ["192.0.2.1", 7],
        },
    }
)


def test_a_key_is_written_with_its_namespace_and_without_one() -> None:
    assert [
        str(ResourceKey("", "Service", "shop", "api")),
        str(ResourceKey("rbac.authorization.k8s.io", "ClusterRole", None, "admin")),
        str(GroupKind("apps", "Deployment")),
        str(GroupKind("", "Pod")),
    ] == ["Service/shop/api", "ClusterRole/admin", "apps/Deployment", "Pod"]


def test_nodes_carry_the_way_to_them() -> None:
    ports = SERVICE.at("spec", "ports")

    assert [str(port["port"]) for port in ports.items()] == [
        "Service/shop/api spec.ports[name=http].port",
        "Service/shop/api spec.ports[port=443].port",
    ]


def test_a_place_that_is_not_there_holds_nothing_and_raises_nothing() -> None:
    missing = SERVICE.at("spec", "ports", "name", "deeper")

    assert (missing.exists, missing.value, list(missing.items()), list(missing.fields())) == (
        False,
        None,
        [],
        [],
    )
    assert route_text(missing.route) == "spec.ports.name.deeper"


def test_a_value_of_the_wrong_type_is_no_value_of_the_right_one() -> None:
    ports = list(SERVICE.at("spec", "ports").items())

    assert (ports[0]["targetPort"].integer, ports[0]["port"].text) == (8080, None)
    assert SERVICE.at("spec", "externalIPs").texts == ("192.0.2.1",)
    assert dict(SERVICE.labels) == {"app": "api"}


def test_a_route_is_the_same_wherever_the_item_moves() -> None:
    def route_of(*names: str) -> object:
        body = {"spec": {"containers": [{"name": name} for name in names]}}
        held = {
            item["name"].text: item.route
            for item in resource(body).at("spec", "containers").items()
        }
        return held["web"]

    assert route_of("web", "proxy") == route_of("proxy", "web")


def test_a_subject_is_named_by_kind_namespace_and_name() -> None:
    binding = resource(
        {"subjects": [{"kind": "ServiceAccount", "namespace": "shop", "name": "api"}]}
    )

    assert [route_text(item.route) for item in binding.at("subjects").items()] == [
        "subjects[kind=ServiceAccount,namespace=shop,name=api]"
    ]


def test_a_rule_cannot_change_what_it_reads() -> None:
    spec = SERVICE.body["spec"]
    assert isinstance(spec, Mapping)

    with pytest.raises(TypeError):
        spec["type"] = "LoadBalancer"  # type: ignore[index] # what must not work
    assert isinstance(spec["ports"], tuple)


@given(JSON)
def test_freezing_loses_nothing(value: object) -> None:
    assert thaw(freeze(value)) == value


def test_what_json_has_no_word_for_is_refused() -> None:
    with pytest.raises(TypeError, match="not a JSON value: bytes"):
        freeze({"data": b"x"})


def _leaves(node: Node) -> list[Value]:
    held = [*node.items(), *(field for _, field in node.fields())]
    return [leaf for child in held for leaf in _leaves(child)] if held else [node.value]


def test_walking_the_nodes_reaches_every_value() -> None:
    assert _leaves(SERVICE.at("spec")) == ["192.0.2.1", 7, "http", 80, 8080.0, 443, "api"]
