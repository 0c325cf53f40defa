"""Closed namespaces: where what is not here is not there."""

from __future__ import annotations

import pytest

from bot.core.policy.model import KnownRbac, Policy
from tests.states import Files, Grove, Link, Submodule, resource

PLAIN: Files = {"a/x.yaml": resource("ConfigMap", "x", namespace="shop")}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {"shop"}),
        ({"ns.yaml": resource("Namespace", "empty")}, {"shop", "empty"}),
        ({"k/kustomization.yaml": "namePrefix: x\n"}, set()),
        ({"k/kustomization.yaml": "namePrefix: x\nnamespace: other\n"}, {"shop"}),
        ({"k/kustomization.yaml": "namePrefix: x\nnamespace: shop\n"}, set()),
        ({"k/Chart.yaml": "name: k\n"}, set()),
        ({"broken.yaml": "apiVersion: v1\nkind: [\n"}, set()),
        ({"linked.yaml": Link("elsewhere.yaml")}, set()),
        ({"README": Link("docs/README.md"), "docs/README.md": "x"}, {"shop"}),
        ({"more": Link("a")}, set()),
        ({"library": Submodule("1" * 40)}, set()),
        ({"pointer.yaml": "version https://git-lfs.github.com/spec/v1\noid sha256:1\n"}, set()),
    ],
)
def test_a_namespace_is_closed_when_every_root_that_could_fill_it_was_read(
    more: Files, expected: set[str]
) -> None:
    (pair,) = Grove({}, {**PLAIN, **more}).states().pairs

    assert pair.after.closed == expected


def test_what_is_open_in_one_environment_does_not_open_another() -> None:
    files: Files = {
        "p/x.yaml": resource("ConfigMap", "x", namespace="shop"),
        "t/x.yaml": resource("ConfigMap", "x", namespace="shop"),
        "t/Chart.yaml": "name: t\n",
    }

    states = Grove({}, files).states()

    assert {pair.after.environment.name: pair.after.closed for pair in states.pairs} == {
        "p": {"shop"},
        "t": frozenset(),
    }


def test_exported_objects_are_known_as_base_has_them_and_are_no_manifests() -> None:
    role = resource("ClusterRole", "%s", api="rbac.authorization.k8s.io/v1")
    base: Files = {**PLAIN, ".export/roles.yaml": role % "old"}
    head: Files = {
        "a/x.yaml": resource("ConfigMap", "x", "data: {a: b}", namespace="shop"),
        ".export/roles.yaml": role % "new",
        ".export/more.yaml": role % "more",
    }

    (pair,) = Grove(base, head).states(Policy(rbac=KnownRbac((".export/*.yaml",)))).pairs

    for state in (pair.before, pair.after):
        assert [held.name for held in state.external] == ["old"]
        assert [held.name for held in state.resources] == ["x"]
