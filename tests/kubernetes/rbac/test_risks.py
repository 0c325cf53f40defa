"""What a grant makes possible, and how bad that is where it holds."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.core.finding import Finding, Severity, Steps
from bot.core.policy.model import Policy
from bot.core.state import State
from bot.kubernetes.rbac import privileges_added
from bot.kubernetes.rbac.findings import MOST_FACTS
from tests.kubernetes.rbac.objects import RBAC, binding, cluster_role, resource, rule, state

ARGO, CERTIFICATES = "argoproj.io", "certificates.k8s.io"
ERROR, WARNING, NOTICE = Severity.ERROR, Severity.WARNING, Severity.NOTICE


def found(
    *rules: Mapping[str, list[str]],
    space: str | None = None,
    had: Mapping[str, list[str]] | None = None,
) -> Finding:
    """The finding of a user's being bound to a new role with these rules."""
    before = (
        [cluster_role("had", had), binding(None, "had", "ClusterRole/had", "User u")] if had else []
    )
    held = cluster_role("r", *rules)
    bound = binding(space, "b", "ClusterRole/r", "User u")
    (only,) = privileges_added(state(*before), state(*before, held, bound))
    return only


def graded(finding: Finding) -> tuple[Severity | None, tuple[object, ...]]:
    """Severity and risks."""
    risks = finding.facts["risks"]
    assert isinstance(risks, tuple)
    return finding.severity, risks


@pytest.mark.parametrize(
    ("verbs", "resources", "group", "risk", "everywhere", "shop", "argocd"),
    [
        (["*"], ["*"], "*", "cluster-admin", ERROR, ERROR, ERROR),
        (["escalate"], ["roles"], RBAC, "escalate", ERROR, ERROR, ERROR),
        (["escalate"], ["clusterroles"], RBAC, "escalate", ERROR, None, None),
        (["bind"], ["roles"], RBAC, "bind", ERROR, ERROR, ERROR),
        (["bind"], ["clusterroles"], RBAC, "bind", ERROR, ERROR, ERROR),
        *(
            ([verb], [held], RBAC, "rbac-write", ERROR, WARNING, ERROR)
            for verb in ("create", "update", "patch")
            for held in ("roles", "rolebindings")
        ),
        (["patch"], ["clusterroles"], RBAC, "rbac-write", ERROR, None, None),
        (["create"], ["clusterrolebindings"], RBAC, "rbac-write", ERROR, None, None),
        (["impersonate"], ["users"], "", "impersonate", ERROR, None, None),
        (["impersonate"], ["groups"], "", "impersonate", ERROR, None, None),
        (["impersonate"], ["serviceaccounts"], "", "impersonate", ERROR, WARNING, ERROR),
        (["impersonate"], ["uids"], "authentication.k8s.io", "impersonate", ERROR, None, None),
        (
            ["impersonate"],
            ["userextras/scopes"],
            "authentication.k8s.io",
            "impersonate",
            ERROR,
            None,
            None,
        ),
        (
            ["impersonate:user-info"],
            ["users"],
            "authentication.k8s.io",
            "impersonate",
            ERROR,
            ERROR,
            ERROR,
        ),
        *(
            ([verb], ["secrets"], "", "secrets-read", ERROR, WARNING, ERROR)
            for verb in ("get", "list", "watch")
        ),
        (["create"], ["serviceaccounts/token"], "", "token-request", ERROR, WARNING, ERROR),
        (["create"], ["pods"], "", "workload-create", ERROR, WARNING, ERROR),
        (["create"], ["podtemplates"], "", "workload-create", ERROR, WARNING, ERROR),
        (["patch"], ["replicationcontrollers"], "", "workload-create", ERROR, WARNING, ERROR),
        *(
            (["update"], [held], "apps", "workload-create", ERROR, WARNING, ERROR)
            for held in ("deployments", "daemonsets", "statefulsets", "replicasets")
        ),
        (["create"], ["jobs"], "batch", "workload-create", ERROR, WARNING, ERROR),
        (["patch"], ["cronjobs"], "batch", "workload-create", ERROR, WARNING, ERROR),
        (["create"], ["rollouts"], ARGO, "workload-create", ERROR, WARNING, ERROR),
        (["create"], ["workflows"], ARGO, "workload-create", ERROR, WARNING, ERROR),
        (["create"], ["services"], "serving.knative.dev", "workload-create", ERROR, WARNING, ERROR),
        (["create"], ["taskruns"], "tekton.dev", "workload-create", ERROR, WARNING, ERROR),
        (["patch"], ["pods"], "", "pod-write", ERROR, WARNING, ERROR),
        (["update"], ["pods/ephemeralcontainers"], "", "pod-write", ERROR, WARNING, ERROR),
        *(
            ([verb], [f"pods/{held}"], "", "pod-exec", ERROR, WARNING, ERROR)
            for verb in ("create", "get")
            for held in ("exec", "attach", "portforward")
        ),
        (["get"], ["nodes/proxy"], "", "node-proxy", ERROR, None, None),
        (["watch"], ["nodes/proxy"], "", "node-proxy", ERROR, None, None),
        (["GET", "watch"], ["nodes/proxy"], "", "node-proxy", ERROR, None, None),
        (["*"], ["nodes/proxy"], "", "node-proxy", ERROR, None, None),
        (["proxy"], ["nodes"], "", "node-proxy", ERROR, None, None),
        (["sign"], ["signers"], CERTIFICATES, "csr", ERROR, None, None),
        (["create"], ["certificatesigningrequests"], CERTIFICATES, "csr", ERROR, None, None),
        *(
            ([verb], [held], "admissionregistration.k8s.io", "admission", ERROR, None, None)
            for verb in ("create", "update", "patch", "delete")
            for held in (
                "mutatingwebhookconfigurations",
                "validatingwebhookconfigurations",
                "validatingadmissionpolicies",
                "validatingadmissionpolicybindings",
                "mutatingadmissionpolicies",
            )
        ),
        (
            ["update"],
            ["customresourcedefinitions"],
            "apiextensions.k8s.io",
            "crd",
            ERROR,
            None,
            None,
        ),
        (["create"], ["apiservices"], "apiregistration.k8s.io", "apiservice", ERROR, None, None),
        (["create"], ["persistentvolumes"], "", "hostpath-pv", ERROR, None, None),
        (["patch"], ["namespaces"], "", "namespace-labels", WARNING, NOTICE, WARNING),
        (["patch"], ["nodes"], "", "node-write", WARNING, None, None),
        (["update"], ["nodes/status"], "", "node-write", WARNING, None, None),
        (["delete"], ["nodes"], "", "node-write", WARNING, None, None),
        (["delete"], ["pods"], "", "steal-pods", WARNING, NOTICE, WARNING),
        (["create"], ["pods/eviction"], "", "steal-pods", WARNING, NOTICE, WARNING),
        (["update"], ["services/status"], "", "svc-mitm", WARNING, NOTICE, WARNING),
        (["create"], ["services"], "", "svc-mitm", WARNING, NOTICE, WARNING),
        (["patch"], ["endpoints"], "", "svc-mitm", WARNING, NOTICE, WARNING),
        (
            ["create"],
            ["endpointslices"],
            "discovery.k8s.io",
            "svc-mitm",
            WARNING,
            NOTICE,
            WARNING,
        ),
        *(
            (["create"], [held], group, "gitops-controller", ERROR, WARNING, ERROR)
            for held, group in (
                ("applications", ARGO),
                ("appprojects", ARGO),
                ("kustomizations", "kustomize.toolkit.fluxcd.io"),
                ("helmreleases", "helm.toolkit.fluxcd.io"),
            )
        ),
        *(
            (
                [verb],
                ["networkpolicies"],
                "networking.k8s.io",
                "netpol-write",
                WARNING,
                NOTICE,
                WARNING,
            )
            for verb in ("delete", "update")
        ),
        # Leases, events and the like carry no risk.
        (["create"], ["leases"], "coordination.k8s.io", None, NOTICE, NOTICE, NOTICE),
        (["create", "patch"], ["events"], "", None, NOTICE, NOTICE, NOTICE),
        (["create"], ["selfsubjectreviews"], "example.com", None, NOTICE, NOTICE, NOTICE),
        (["*"], ["widgets"], "example.com", None, WARNING, NOTICE, NOTICE),
        (["get"], ["*"], "example.com", None, WARNING, NOTICE, NOTICE),
        (["get"], ["*/status"], "example.com", None, WARNING, NOTICE, NOTICE),
    ],
)
def test_the_risk_and_where_it_holds_make_the_severity(
    *,
    verbs: list[str],
    resources: list[str],
    group: str,
    risk: str | None,
    everywhere: Severity,
    shop: Severity | None,
    argocd: Severity | None,
) -> None:
    """In the cluster, an ordinary and a privileged namespace; None: it has no effect there."""
    held = cluster_role("r", rule(verbs, resources, [group]))
    for space, severity in ((None, everywhere), ("shop", shop), ("argocd", argocd)):
        bound = binding(space, "b", "ClusterRole/r", "User u")
        graded_ = [
            (finding.severity, (finding.facts["risks"] or ("none",))[0])  # type: ignore[index] # a tuple by contract
            for finding in privileges_added(state(held), state(held, bound))
        ]
        assert graded_ == ([(severity, risk or "none")] if severity is not None else [])


@pytest.mark.parametrize(
    "wildcard",
    [
        rule(["*"], ["secrets"]),
        rule(["get"], ["*"]),
        rule(["get"], ["secrets"], ["*"]),
        rule(["get"], ["*"], ["*"]),
    ],
)
def test_wildcards_carry_the_risks_of_what_they_stand_for(wildcard: dict[str, list[str]]) -> None:
    severity, risks = graded(found(wildcard))

    assert (severity, "secrets-read" in risks) == (ERROR, True)


def test_writing_secrets_makes_tokens_only_together_with_reading_them() -> None:
    write, read = rule(["create"], ["secrets"]), rule(["get"], ["secrets"])

    assert graded(found(write)) == (NOTICE, ())
    assert graded(found(write, had=read)) == (ERROR, ("secrets-token",))
    assert graded(found(read, had=write)) == (ERROR, ("secrets-read", "secrets-token"))
    assert graded(found(read)) == (ERROR, ("secrets-read",))
    assert "secrets-token" in graded(found(write, read))[1]


def test_approving_certificates_takes_the_request_and_the_signer() -> None:
    request = rule(["update"], ["certificatesigningrequests/approval"], [CERTIFICATES])
    signer = rule(["approve"], ["signers"], [CERTIFICATES], ["example.com/*"])

    assert graded(found(request)) == (NOTICE, ())
    assert graded(found(signer)) == (NOTICE, ())
    assert graded(found(request, had=signer)) == (ERROR, ("csr",))
    assert graded(found(signer, had=request)) == (ERROR, ("csr",))


@pytest.mark.parametrize(
    ("space", "names", "severity"),
    [
        (None, [], ERROR),
        ("kube-system", [], ERROR),
        ("kube-system", ["aws-auth"], ERROR),
        ("kube-system", ["other"], NOTICE),
        ("shop", [], NOTICE),
        (None, ["other"], NOTICE),
    ],
)
def test_the_map_of_cloud_users_is_one_config_map(
    space: str | None, names: list[str], severity: Severity
) -> None:
    held = found(rule(["patch"], ["configmaps"], names=names), space=space)

    assert graded(held) == (severity, ("cloud-auth-map",) if severity == ERROR else ())


@pytest.mark.parametrize(("space", "severity"), [(None, ERROR), ("shop", WARNING), ("b", NOTICE)])
def test_changing_accounts_is_a_risk_where_they_are_somebody_in_a_cloud(
    space: str | None, severity: Severity
) -> None:
    annotations = {"eks.amazonaws.com/role-arn": "arn"}
    body = {"metadata": {"annotations": annotations}}
    accounts = resource("ServiceAccount", "shop", "api", body, group="")
    held = cluster_role("r", rule(["patch"], ["serviceaccounts"]))
    bound = binding(space, "b", "ClusterRole/r", "User u")

    (only,) = privileges_added(state(accounts, held), state(accounts, held, bound))

    assert graded(only) == (severity, ("cloud-auth-map",) if severity != NOTICE else ())


def test_the_policy_says_which_namespaces_are_privileged() -> None:
    held = cluster_role("r", rule(["get"], ["secrets"]))
    bound = binding("vault-1", "b", "ClusterRole/r", "User u")
    policy = Policy(privileged_namespaces=("vault-*",))

    (only,) = privileges_added(State((held,)), State((held, bound), policy=policy))

    assert only.severity == ERROR


@pytest.mark.parametrize("name", ["view", "edit", "admin"])
def test_a_team_in_its_own_namespace_blocks_nothing(name: str) -> None:
    bound = binding("team-a", "team", f"ClusterRole/{name}", "Group team-a")

    (only,) = privileges_added(state(), state(bound))

    assert only.severity == (NOTICE if name == "view" else WARNING)
    assert "\n" not in only.message


@pytest.mark.parametrize("name", ["view", "edit", "admin", "cluster-admin"])
def test_the_same_roles_in_the_whole_cluster(name: str) -> None:
    bound = binding(None, "team", f"ClusterRole/{name}", "Group team-a")

    (only,) = privileges_added(state(), state(bound))

    assert only.severity == (NOTICE if name == "view" else ERROR)


@pytest.mark.parametrize(
    ("rules", "space", "sentence"),
    [
        (
            [rule(["get", "list"], ["secrets"])],
            None,
            "User u can now read every Secret in the cluster, and with them any account's token",
        ),
        (
            [rule(["get"], ["secrets"])],
            "shop",
            "User u can now read every Secret in namespace shop",
        ),
        (
            [rule(["get"], ["secrets"], names=["db", "mail"])],
            None,
            "User u can now read Secret db and mail in the cluster",
        ),
        ([rule(["*"], ["*"], ["*"])], None, "User u can now do everything in the cluster"),
        (
            [rule(["impersonate"], ["users"], names=["jane"])],
            None,
            "User u can now act as user or group jane in the cluster",
        ),
        (
            [rule(["get"], ["pods"]), rule(["list"], ["services"])],
            "shop",
            (
                "User u can now do what ClusterRole r allows in namespace shop:"
                " get and list pods and services"
            ),
        ),
        (
            [rule(["*"], ["widgets/status"], ["example.com"], ["one"])],
            None,
            (
                "User u can now do what ClusterRole r allows in the cluster:"
                " use every verb on widgets.example.com/status named one"
            ),
        ),
        (
            [rule(["get"], urls=["/metrics"])],
            None,
            "User u can now do what ClusterRole r allows in the cluster: get /metrics",
        ),
    ],
)
def test_the_sentence_says_what_becomes_possible(
    rules: list[dict[str, list[str]]], space: str | None, sentence: str
) -> None:
    assert found(*rules, space=space).message == sentence


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("Group system:unauthenticated", "Group system:unauthenticated (whoever does not log in)"),
        ("User system:anonymous", "User system:anonymous (whoever does not log in)"),
        (
            "Group system:serviceaccounts",
            "Group system:serviceaccounts (every account in the cluster)",
        ),
        (
            "Group system:serviceaccounts:ci",
            "Group system:serviceaccounts:ci (every account of namespace ci)",
        ),
        (
            "ServiceAccount shop/default",
            "ServiceAccount shop/default (every pod there that names no account)",
        ),
        ("Group team", "Group team"),
    ],
)
def test_the_sentence_says_whom_a_group_holds(subject: str, said: str) -> None:
    held = cluster_role("r", rule(["get"], ["pods"]))
    bound = binding("shop", "b", "ClusterRole/r", subject)

    (only,) = privileges_added(state(held), state(held, bound))

    assert only.message.startswith(f"{said} can now")


def test_the_subjects_of_a_cause_are_in_one_sentence() -> None:
    held = cluster_role("r", rule(["get"], ["secrets"]))
    bound = binding("shop", "b", "ClusterRole/r", *(f"User u{n}" for n in range(5)))

    (only,) = privileges_added(state(held), state(held, bound))

    assert only.message.startswith(
        "User u0, User u1 and 3 other subjects can now read every Secret"
    )


def test_the_way_to_the_cluster_names_the_account_that_it_leads_to() -> None:
    operator = binding(
        None, "operator", "ClusterRole/cluster-admin", "ServiceAccount shop/operator"
    )
    held = cluster_role("r", rule(["create"], ["serviceaccounts/token"]))
    bound = binding("shop", "b", "ClusterRole/r", "User u")

    (only,) = privileges_added(state(operator, held), state(operator, held, bound))

    assert [part for part in only.details if isinstance(part, Steps)] == [
        Steps(
            "How this leads to further permissions",
            (
                "Request a token of the strongest ServiceAccount in reach.",
                "Act as that account.",
                "In reach is ServiceAccount shop/operator, which may do everything.",
            ),
        )
    ]


def test_the_facts_are_single_grants() -> None:
    held = cluster_role("r", rule(["get"], ["pods"], names=["a"]), rule(["get"], urls=["/x"]))
    bound = binding(None, "b", "ClusterRole/r", "ServiceAccount shop/api")

    (only,) = privileges_added(state(held), state(held, bound))

    subject = {"kind": "ServiceAccount", "namespace": "shop", "name": "api"}
    assert only.facts == {
        "grants": (
            {
                "subject": subject,
                "scope": "*",
                "verb": "get",
                "apiGroup": "",
                "resource": "pods",
                "resourceName": "a",
            },
            {"subject": subject, "scope": "*", "verb": "get", "nonResourceURL": "/x"},
        ),
        "risks": (),
    }


def test_very_many_grants_are_counted_and_not_all_listed() -> None:
    """A rule of a million grants costs no more than its text."""
    names = [f"n{n}" for n in range(1000)]
    verbs = [f"v{n}" for n in range(1000)]
    only = found(rule(verbs, ["pods"], names=names))

    grants = only.facts["grants"]
    assert isinstance(grants, tuple)
    assert (len(grants), only.facts["grantsTotal"]) == (MOST_FACTS, 1_000_000)
    assert len(str(only.facts["grantsDigest"])) == 32


def test_grants_that_are_not_listed_count_for_an_approval() -> None:
    """The digest of the facts changes with each grant, and not with the order of grants."""
    names = [f"n{n}" for n in range(100)]
    verbs = [f"v{n}" for n in range(100)]
    digests = [
        found(rule(verbs, ["pods"], names=last_names)).facts["grantsDigest"]
        for last_names in (names, [*names[:-1], "other"], names)
    ]
    two = [rule(verbs, [resource], names=names) for resource in ("pods", "secrets")]

    assert digests[0] == digests[2] != digests[1]
    assert [found(*rules).facts["grantsTotal"] for rules in (two, two[::-1])] == [20_000, 20_000]
    assert found(*two).facts["grantsDigest"] == found(*two[::-1]).facts["grantsDigest"]


def test_the_facts_of_all_findings_together_are_bounded() -> None:
    held = cluster_role("r", rule([f"v{n}" for n in range(100)], [f"r{n}" for n in range(50)]))
    bound = [binding("shop", f"b{n}", "ClusterRole/r", f"User u{n}") for n in range(6)]

    counts = [
        (len(grants), finding.facts.get("grantsTotal"))
        for finding in privileges_added(state(held), state(held, *bound))
        if isinstance(grants := finding.facts["grants"], tuple)
    ]

    assert counts == [(5000, None)] * 4 + [(0, 5000)] * 2


def test_custom_resources_that_make_pods_are_known_by_group() -> None:
    """A resource of the same name in another group carries no risk."""
    assert graded(found(rule(["create"], ["workflows"], ["example.com"]))) == (NOTICE, ())


def test_a_secret_of_another_group_is_no_secret() -> None:
    held = resource("Role", "shop", "r", {"rules": [rule(["get"], ["secrets"], ["example.com"])]})
    bound = binding("shop", "b", "Role/r", "User u")

    (only,) = privileges_added(state(held), state(held, bound))

    assert graded(only) == (NOTICE, ())
