"""Risks that lead to further rights: by running code, or by changing who guards the cluster."""

from __future__ import annotations

from typing import Final

from bot.kubernetes.rbac.effect import RBAC_GROUP
from bot.kubernetes.rbac.risks import ALTER, CHANGE, WRITE, Risk, RiskLevel, on

_ADMISSION: Final = (
    "mutatingwebhookconfigurations",
    "validatingwebhookconfigurations",
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
    "mutatingadmissionpolicies",
    "mutatingadmissionpolicybindings",
)

FOOTHOLDS: Final[tuple[Risk, ...]] = (
    Risk(
        "admission",
        RiskLevel.HIGH,
        RiskLevel.HIGH,
        (on(ALTER, "admissionregistration.k8s.io", *_ADMISSION),),
        "change or remove admission guards",
        "and alter what others create",
    ),
    Risk(
        "crd",
        RiskLevel.HIGH,
        RiskLevel.HIGH,
        (on(ALTER, "apiextensions.k8s.io", "customresourcedefinitions"),),
        "change or remove custom resource definitions",
        "with everything stored under them",
    ),
    Risk(
        "rbac-write",
        RiskLevel.HIGH,
        RiskLevel.HIGH,
        (
            on(
                WRITE,
                RBAC_GROUP,
                "roles",
                "clusterroles",
                "rolebindings",
                "clusterrolebindings",
            ),
        ),
        "write roles and bindings",
        "and pass on every right that it has",
    ),
    Risk(
        "impersonate",
        RiskLevel.HIGH,
        RiskLevel.HIGH,
        (
            on(("impersonate", "impersonate:serviceaccount"), "", "serviceaccounts"),
            on(("impersonate:serviceaccount",), "authentication.k8s.io", "serviceaccounts"),
            on(("impersonate",), "authentication.k8s.io", "uids", "userextras/"),
            on(
                ("impersonate:arbitrary-node", "impersonate:associated-node"),
                "authentication.k8s.io",
                "nodes",
            ),
        ),
        "act as {every} ServiceAccount",
        "with all that these may do",
        ("Send a request with Impersonate-User set to the strongest ServiceAccount in reach.",),
    ),
    Risk(
        "workload-create",
        RiskLevel.HIGH,
        RiskLevel.HIGH,
        (
            on(("create",), "", "pods"),
            on(WRITE, "", "replicationcontrollers", "podtemplates"),
            on(WRITE, "apps", "deployments", "daemonsets", "statefulsets", "replicasets"),
            on(WRITE, "batch", "jobs", "cronjobs"),
            on(WRITE, "argoproj.io", "rollouts", "workflows", "cronworkflows"),
            on(WRITE, "serving.knative.dev", "services", "configurations"),
            on(WRITE, "tekton.dev", "taskruns", "pipelineruns"),
            on(WRITE, "keda.sh", "scaledjobs"),
            on(WRITE, "apps.openshift.io", "deploymentconfigs"),
        ),
        "run pods as any ServiceAccount",
        "and mount any Secret beside them",
        (
            "Start a pod with the strongest ServiceAccount in reach, or with its Secrets mounted.",
            "Use the token or the Secret from inside the pod.",
        ),
    ),
    Risk(
        "pod-write",
        RiskLevel.HIGH,
        RiskLevel.HIGH,
        (on(CHANGE, "", "pods", "pods/ephemeralcontainers"),),
        "change the image of running pods or add containers to them",
        "and use what these pods have",
        ("Put an own image or ephemeral container into a pod.", "Use that pod's account."),
    ),
    Risk(
        "pod-exec",
        RiskLevel.HIGH,
        RiskLevel.HIGH,
        (on(("create", "get"), "", "pods/exec", "pods/attach", "pods/portforward"),),
        "run commands in pods",
        "and use what these pods have",
        ("Open a shell in a pod of a stronger account.", "Take its mounted token."),
    ),
    Risk(
        "hostpath-pv",
        RiskLevel.HIGH,
        RiskLevel.HIGH,
        (on(("create",), "", "persistentvolumes"),),
        "mount the nodes' file systems by hostPath volumes",
        "past Pod Security",
    ),
    Risk(
        "gitops-controller",
        RiskLevel.HIGH,
        RiskLevel.HIGH,
        (
            on(WRITE, "argoproj.io", "applications", "applicationsets", "appprojects"),
            on(WRITE, "kustomize.toolkit.fluxcd.io", "kustomizations"),
            on(WRITE, "helm.toolkit.fluxcd.io", "helmreleases"),
        ),
        "have the GitOps controller apply anything",
        "with the controller's own rights",
        ("Point an Application or Kustomization at an own repository.", "It is applied."),
    ),
)
