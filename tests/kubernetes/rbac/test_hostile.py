"""Whatever stands in the fields of an object, rules about rights answer and never fail."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.resource import Resource
from bot.kubernetes import rbac
from bot.kubernetes.authority import gitops
from bot.kubernetes.guardrails.weakened import guardrails_weakened
from bot.kubernetes.rbac import workload_accounts
from bot.kubernetes.workloads.service_accounts import account_changes
from tests.kubernetes.rbac.objects import RBAC, resource, state

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["", "*", "a", "get", "\n", "é"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "kind", "verbs", "resources", "namespace", "spec", "a/b", "data"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
FIELDS = {
    "Role": (RBAC, ["rules", "aggregationRule"]),
    "ClusterRole": (RBAC, ["rules", "aggregationRule"]),
    "RoleBinding": (RBAC, ["roleRef", "subjects"]),
    "ClusterRoleBinding": (RBAC, ["roleRef", "subjects"]),
    "ServiceAccount": ("", ["secrets", "imagePullSecrets", "automountServiceAccountToken"]),
    "Secret": ("", ["type"]),
    "ConfigMap": ("", ["data"]),
    "Namespace": ("", ["spec"]),
    "Deployment": ("apps", ["spec"]),
    "AppProject": ("argoproj.io", ["spec"]),
    "Application": ("argoproj.io", ["spec"]),
    "Kustomization": ("kustomize.toolkit.fluxcd.io", ["spec"]),
    "ClusterPolicy": ("kyverno.io", ["spec"]),
    "K8sThing": ("constraints.gatekeeper.sh", ["spec"]),
    "ValidatingWebhookConfiguration": ("admissionregistration.k8s.io", ["webhooks"]),
    "ValidatingAdmissionPolicy": ("admissionregistration.k8s.io", ["spec"]),
}
DEEP = {
    "spec": ["template", "rules", "match", "destinations", "roles", "validations", "kubeConfig"],
    "rules": ["verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"],
    "roleRef": ["apiGroup", "kind", "name"],
    "subjects": ["kind", "name", "namespace", "apiGroup"],
    "aggregationRule": ["clusterRoleSelectors"],
    "webhooks": ["name", "failurePolicy", "namespaceSelector", "matchConditions"],
}


@st.composite
def _objects(draw: st.DrawFn) -> Resource:
    kind = draw(st.sampled_from(sorted(FIELDS)))
    group, fields = FIELDS[kind]
    body: dict[str, object] = {}
    for field in fields:
        held = st.dictionaries(st.sampled_from(DEEP.get(field, ["name"])), JSON, max_size=4)
        body[field] = draw(st.one_of(JSON, held, st.lists(held, max_size=3)))
    labels = {"pod-security.kubernetes.io/enforce": draw(JSON)}
    body["metadata"] = {"labels": labels, "annotations": draw(JSON)}
    space = None if kind.startswith("Cluster") or kind in ("Namespace", "K8sThing") else "shop"
    return resource(kind, space, draw(st.sampled_from(["x", "argocd-rbac-cm"])), body, group=group)


TREES = st.lists(_objects(), max_size=4, unique_by=lambda held: held.key)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(TREES, TREES)
def test_no_object_makes_a_rule_fail(base: list[Resource], head: list[Resource]) -> None:
    before, after = state(*base), state(*head)
    found = [
        *rbac.privileges_added(before, after),
        *rbac.roles_widened(before, after),
        *rbac.unknown_roles(before, after),
        *rbac.edited_role_refs(before, after),
        *(finding for held in head for finding in rbac.invalid(held)),
        *workload_accounts.workload_account_changes(before, after),
        *gitops.authority_widened(before, after),
        *guardrails_weakened(before, after),
    ]
    changed = [one for held in head for one in account_changes(before.get(held.key), held)]
    counts = rbac.grant_difference(before, after)

    assert all([*(one.message for one in found), *(one.message for one in changed)])
    assert min(counts.added, counts.removed) >= 0
