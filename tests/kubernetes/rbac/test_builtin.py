"""The roles that every API server has, as far as reviews rest on them."""

from __future__ import annotations

import pytest

from bot.core.state import Environment, State
from bot.kubernetes.rbac.authority import authority
from bot.kubernetes.rbac.defaults.builtin import builtin_objects, is_builtin, minors
from bot.kubernetes.rbac.gains import compare
from bot.kubernetes.rbac.objects import RoleKey, read
from bot.kubernetes.rbac.rules import Atom
from bot.kubernetes.rbac.subjects import Subject, account, group
from tests.kubernetes.rbac.objects import binding, cluster_role, rule, state


def allows(name: str, atom: Atom, minor: str | None = None) -> bool:
    """Whether a cluster role of Kubernetes allows something."""
    held = authority(State((), Environment(kubernetes=minor)))
    return any(
        sourced.rule.covers(atom) for sourced in held.resolve(RoleKey("ClusterRole", "", name))
    )


@pytest.mark.parametrize(
    ("atom", "holders"),
    [
        (Atom("get", "", "pods"), {"view", "edit", "admin"}),
        (Atom("list", "apps", "deployments/status"), {"view", "edit", "admin"}),
        (Atom("get", "", "secrets"), {"edit", "admin"}),
        (Atom("create", "", "pods/exec"), {"edit", "admin"}),
        (Atom("impersonate", "", "serviceaccounts"), {"edit", "admin"}),
        (Atom("create", "", "serviceaccounts/token"), {"edit", "admin"}),
        (Atom("create", "", "pods/eviction"), {"edit", "admin"}),
        (Atom("create", "rbac.authorization.k8s.io", "rolebindings"), {"admin"}),
        (Atom("get", "rbac.authorization.k8s.io", "roles"), {"admin"}),
        (Atom("escalate", "rbac.authorization.k8s.io", "roles"), set()),
        (Atom("bind", "rbac.authorization.k8s.io", "clusterroles"), set()),
        (Atom("patch", "", "namespaces"), set()),
        (Atom("create", "", "endpoints"), set()),
        (Atom("update", "discovery.k8s.io", "endpointslices"), set()),
        (Atom("create", "", "resourcequotas"), set()),
    ],
)
def test_what_the_roles_for_people_allow(atom: Atom, holders: set[str]) -> None:
    found = {name for name in ("view", "edit", "admin") if allows(name, atom)}

    assert found == holders
    assert allows("cluster-admin", atom)


@pytest.mark.parametrize(
    ("minor", "claims"), [(None, True), ("1.34", True), ("1.33", False), ("1.30", False)]
)
def test_the_environment_says_which_version_it_has(minor: str | None, *, claims: bool) -> None:
    """Claims of devices came to the roles for people when they were turned on by default."""
    assert allows("edit", Atom("create", "resource.k8s.io", "resourceclaims"), minor) is claims


def test_a_version_that_is_not_known_gets_the_nearest_that_is() -> None:
    oldest, newest = minors()[0], minors()[-1]

    assert builtin_objects("1.99") == builtin_objects(newest) == builtin_objects(None)
    assert builtin_objects("1.4") == builtin_objects(oldest) == builtin_objects("unknown")


@pytest.mark.parametrize("minor", minors())
def test_the_api_accepts_every_object_of_every_version(minor: str) -> None:
    held = builtin_objects(minor)

    assert [key for key, found in held.items() if isinstance(read(found), tuple)] == []
    assert all(map(is_builtin, held.values()))


@pytest.mark.parametrize("minor", minors())
def test_every_binding_names_a_role_that_is_there(minor: str) -> None:
    held = authority(State((), Environment(kubernetes=minor)))

    assert [edge.role for edge in held.edges if edge.role not in held.roles] == []


@pytest.mark.parametrize(
    ("subject", "atom", "may"),
    [
        (group("system:authenticated"), Atom("get", None, "/version"), True),
        (group("system:unauthenticated"), Atom("get", None, "/version"), True),
        (group("system:unauthenticated"), Atom("get", None, "/apis"), False),
        (account("shop", "api"), Atom("get", None, "/openid/v1/jwks"), True),
        (account("kube-system", "generic-garbage-collector"), Atom("delete", "x", "y"), True),
        (
            account("kube-system", "clusterrole-aggregation-controller"),
            Atom("escalate", "rbac.authorization.k8s.io", "clusterroles"),
            True,
        ),
    ],
)
def test_who_may_do_what_in_every_cluster(subject: Subject, atom: Atom, *, may: bool) -> None:
    allowed = authority(State(())).allowed(subject, "*")

    assert any(held.covers(atom) for held in allowed) is may


def test_system_masters_is_above_authorization() -> None:
    assert authority(State(())).by_subject.get(group("system:masters")) is None


def test_the_manifests_own_version_of_a_role_counts_beside_kubernetes_own() -> None:
    redefined = cluster_role("view", rule(["get"], ["widgets"]))
    bound = binding("shop", "b", "ClusterRole/view", "User u")

    default, both = (
        {target.resource for gain in compare(state(), after).gained for target in gain.box.targets}
        for after in (state(bound), state(redefined, bound))
    )

    assert both == {*default, "widgets"}


def test_what_the_policy_knows_of_the_cluster_is_base() -> None:
    """A binding that exists in the cluster alone grants nothing new when manifests take it over."""
    held = cluster_role("r", rule(["get"], ["pods"]))
    exported = binding(None, "exported", "ClusterRole/r", "User u")
    taken = binding("shop", "taken", "ClusterRole/r", "User u")

    found = compare(
        State((held,), external=(exported,)), State((held, taken), external=(exported,))
    ).gained

    assert found == ()
