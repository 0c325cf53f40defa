"""Who workloads are, beyond what the pages of the rules show."""

from __future__ import annotations

import pytest

from bot.core.finding import FileLine, Finding
from bot.core.resource import route_text
from bot.kubernetes.rbac.workload_accounts import workload_account_changes
from bot.kubernetes.workloads.service_accounts import account_changes, clouded
from tests.states import world

ACCOUNT = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: a, namespace: s}}"
TOKEN = """
apiVersion: v1
kind: Secret
metadata: {name: t, namespace: s, annotations: {kubernetes.io/service-account.name: a}}
type: kubernetes.io/service-account-token
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, namespace: s}
spec: {template: {spec: {serviceAccountName: a, containers: [{name: c, image: i}]}}}
"""
SECRETS = """
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b, namespace: s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
subjects: [{kind: ServiceAccount, name: a, namespace: s}]
"""


def place(finding: Finding) -> str:
    """The resource and the field on which a finding stands."""
    assert not isinstance(finding.node, FileLine)
    return f"{finding.node.resource.key} {route_text(finding.node.route)}"


def codes(before: str | None, after: str | None) -> list[str]:
    """The codes of what a change does to the one object."""
    old, new = (world(text).resources[0] if text else None for text in (before, after))
    return [found.code for found in account_changes(old, new)]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (None, None, []),
        (None, TOKEN, ["SA-TOKEN-SECRET"]),
        (TOKEN, None, []),
        (TOKEN, TOKEN.replace("metadata: {", "metadata: {labels: {a: b}, "), []),
        (TOKEN, TOKEN.replace("name: a}", "name: b}"), ["SA-TOKEN-SECRET"]),
        (TOKEN.replace("service-account-token", "tls"), TOKEN, ["SA-TOKEN-SECRET"]),
        (None, TOKEN.replace("service-account-token", "tls"), []),
        (None, ACCOUNT, ["SA-CREATED"]),
        (ACCOUNT, None, ["SA-DELETED"]),
        (
            ACCOUNT.replace("}}", "}, automountServiceAccountToken: false}"),
            ACCOUNT.replace("}}", "}, automountServiceAccountToken: true}"),
            ["SA-AUTOMOUNT-ENABLED"],
        ),
        (ACCOUNT, ACCOUNT.replace("}}", "}, secrets: [{name: x}, {}, {name: 1}]}"), ["SA-SECRETS"]),
    ],
)
def test_what_happens_to_an_account(
    before: str | None, after: str | None, found: list[str]
) -> None:
    assert codes(before, after) == found


def test_a_token_secret_that_names_nobody_is_one_all_the_same() -> None:
    (found,) = account_changes(
        None,
        world(
            TOKEN.replace(", annotations: {kubernetes.io/service-account.name: a}", "")
        ).resources[0],
    )

    assert found.message == "Secret s/t holds a token of a ServiceAccount that never expires"


def test_namespaces_with_cloud_identities_are_known() -> None:
    annotated = ACCOUNT.replace(
        "name: a,", "name: a, annotations: {iam.gke.io/gcp-service-account: x},"
    )

    assert clouded(world(annotated, ACCOUNT.replace("namespace: s", "namespace: t"))) == {"s"}


def workload(before: str, after: str) -> list[Finding]:
    """What a change does to who workloads are."""
    return list(workload_account_changes(world(before), world(after)))


def test_a_swap_is_as_bad_as_what_it_brings() -> None:
    other = DEPLOYMENT.replace("Name: a", "Name: b")
    (found,) = workload(f"{SECRETS}---{other}", f"{SECRETS}---{DEPLOYMENT}")

    assert (found.severity, found.facts["code"], found.facts["old"], found.facts["new"]) == (
        "warning",
        "WL-SA-CHANGED",
        "b",
        "a",
    )
    assert "they gain the right to read every Secret" in found.message
    assert [part.columns[0] for part in found.details if hasattr(part, "columns")] == ["Gained by"]


def test_a_swap_that_only_loses_is_a_notice() -> None:
    other = DEPLOYMENT.replace("Name: a", "Name: b")
    defined = f"{ACCOUNT.replace('name: a', 'name: b')}\n---{other}"
    (found,) = workload(f"{SECRETS}---{DEPLOYMENT}", f"{SECRETS}---\n{defined}")

    assert (found.severity, found.facts["grants"]) == ("notice", ())
    assert found.message.endswith("they gain no rights and lose others")


def test_the_rights_of_an_account_that_is_not_defined_are_not_known() -> None:
    other = DEPLOYMENT.replace("Name: a", "Name: b")
    (found,) = workload(f"{SECRETS}---{DEPLOYMENT}", f"{SECRETS}---{other}")

    assert found.message.endswith(
        "no manifest here defines that account, so its rights are not known"
    )


def test_the_account_of_a_pod_counts_where_the_pod_says_nothing() -> None:
    """That the account mounts its token stands on the account."""
    off = ACCOUNT.replace("}}", "}, automountServiceAccountToken: false}")

    assert workload(f"{off}\n---{DEPLOYMENT}", f"{ACCOUNT}\n---{DEPLOYMENT}") == []


def test_a_pod_that_no_longer_refuses_the_token_mounts_it() -> None:
    off = DEPLOYMENT.replace(
        "{spec: {service", "{spec: {automountServiceAccountToken: false, service"
    )
    (found,) = workload(off, DEPLOYMENT)

    code = "WL-TOKEN-MOUNTED"
    assert (found.side, found.facts["code"], found.key) == ("LEFT", code, code)


def test_a_token_for_an_audience_that_is_there_already_is_not_new() -> None:
    token = "{serviceAccountToken: {audience: vault, path: p}}"
    volume = f", volumes: [{{name: v, projected: {{sources: [{token}]}}}}]"
    twice = f", volumes: [{{name: v, projected: {{sources: [{token}, {token}]}}}}]"
    base, more = (
        DEPLOYMENT.replace("image: i}]", f"image: i}}]{held}") for held in (volume, twice)
    )

    assert workload(base, more) == []
    assert [found.facts["audience"] for found in workload(DEPLOYMENT, more)] == ["vault"]


def test_a_new_workload_and_one_that_goes_change_nobody() -> None:
    assert workload(ACCOUNT, f"{ACCOUNT}\n---{DEPLOYMENT}") == []
    assert workload(f"{ACCOUNT}\n---{DEPLOYMENT}", ACCOUNT) == []


def test_a_missing_account_matters_to_the_workloads_that_name_it() -> None:
    other = DEPLOYMENT.replace("Name: a", "Name: b").replace("name: d", "name: e")
    (found,) = workload(f"{ACCOUNT}\n---{DEPLOYMENT}---{other}", f"{DEPLOYMENT}---{other}")

    assert (found.severity, found.facts["code"], found.facts["object"]) == (
        "error",
        "WL-SA-MISSING",
        "Deployment/s/d",
    )
    assert (place(found), found.side) == ("ServiceAccount/s/a metadata.name", "LEFT")


def test_an_account_that_is_no_longer_named_stands_where_base_names_it() -> None:
    unnamed = DEPLOYMENT.replace("serviceAccountName: a, ", "")

    (found,) = workload(f"{SECRETS}---{DEPLOYMENT}", f"{SECRETS}---{unnamed}")

    assert (place(found), found.side) == (
        "Deployment/s/d spec.template.spec.serviceAccountName",
        "LEFT",
    )


def test_the_account_default_is_made_anew_by_the_cluster() -> None:
    account = ACCOUNT.replace("name: a", "name: default")

    assert (
        workload(
            f"{account}\n---{DEPLOYMENT.replace('Name: a', 'Name: default')}",
            DEPLOYMENT.replace("Name: a", "Name: default"),
        )
        == []
    )
