"""The catalogue of risks: the escalation primitives, and what each of them makes possible.

The primitives are those of https://kubernetes.io/docs/concepts/security/rbac-good-practices/ and
some that matter with GitOps; docs/rbac.md lists them.
"""

from __future__ import annotations

from typing import Final

from bot.kubernetes.rbac.effect import RBAC_GROUP
from bot.kubernetes.rbac.risks import ANY_VERB, Primitive, Risk, RiskLevel

_READ: Final = ("get", "list", "watch")
_WRITE: Final = ("create", "update", "patch")
_CHANGE: Final = ("update", "patch")
_ALTER: Final = (*_WRITE, "delete", "deletecollection")


def _on(verbs: tuple[str, ...], group: str, *resources: str) -> Primitive:
    return Primitive(verbs, group, resources)


_CRITICAL, _HIGH, _MEDIUM = RiskLevel.CRITICAL, RiskLevel.HIGH, RiskLevel.MEDIUM
_ADMISSION: Final = (
    "mutatingwebhookconfigurations",
    "validatingwebhookconfigurations",
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
    "mutatingadmissionpolicies",
    "mutatingadmissionpolicybindings",
)
_CALICO: Final = ("networkpolicies", "globalnetworkpolicies")
_OTHER_POLICIES: Final = (
    ("crd.projectcalico.org", _CALICO),
    ("projectcalico.org", _CALICO),
    ("cilium.io", ("ciliumnetworkpolicies", "ciliumclusterwidenetworkpolicies")),
    (
        "policy.networking.k8s.io",
        ("adminnetworkpolicies", "baselineadminnetworkpolicies", "clusternetworkpolicies"),
    ),
)
_SCC_GROUP: Final = "security.openshift.io"
# PATCH answers with the whole object, also to an empty patch; DELETE of a collection answers with
# the whole list, also as a dry run.
_RETURNING: Final = (*_READ, "patch", "deletecollection")
_SECRETS_READ: Final = _on(_RETURNING, "", "secrets")
_SECRETS_WRITE: Final = _on(_WRITE, "", "secrets")
_APPROVAL: Final = _on(_CHANGE, "certificates.k8s.io", "certificatesigningrequests/approval")
_APPROVE: Final = _on(("approve",), "certificates.k8s.io", "signers")

RISKS: Final[tuple[Risk, ...]] = (
    Risk(
        "escalate",
        _CRITICAL,
        _CRITICAL,
        (_on(("escalate",), RBAC_GROUP, "roles", "clusterroles"),),
        "write any right into a role",
        "including rights that it does not have",
        (
            "Add `* on *` to a role that the subject is bound to: escalate skips the check.",
            "Use the new rights at once.",
        ),
    ),
    Risk(
        "bind",
        _CRITICAL,
        _CRITICAL,
        (_on(("bind",), RBAC_GROUP, "roles", "clusterroles"),),
        "bind {every} role to anybody",
        "including cluster-admin to itself",
        (
            "Create a binding of cluster-admin to the subject itself: bind skips the check.",
            "Act as cluster-admin, in the namespace of the binding or everywhere.",
        ),
    ),
    Risk(
        "impersonate",
        _CRITICAL,
        _CRITICAL,
        (
            _on(("impersonate",), "", "users", "groups"),
            _on(("impersonate:user-info",), "authentication.k8s.io", "users", "groups"),
        ),
        "act as {every} user or group",
        "system:masters among them",
        ("Send a request with the header Impersonate-Group: system:masters.",),
    ),
    Risk(
        "secrets-read",
        _CRITICAL,
        _HIGH,
        (_SECRETS_READ,),
        "read {every} Secret",
        "and with them any account's token",
        (
            "List the Secrets; list and watch return their contents.",
            "Take the token or password of a stronger account from them.",
            "Act as that account.",
        ),
    ),
    Risk(
        "token-request",
        _CRITICAL,
        _HIGH,
        (_on(("create",), "", "serviceaccounts/token"),),
        "mint tokens of {every} ServiceAccount",
        "and act as the strongest of them",
        ("Request a token of the strongest ServiceAccount in reach.", "Act as that account."),
    ),
    *(
        Risk(
            "secrets-token",
            _CRITICAL,
            _HIGH,
            (half,),
            "make and read token Secrets of any ServiceAccount",
            "and act as the strongest of them",
            (
                "Create a Secret of type kubernetes.io/service-account-token for such a one.",
                "Read the token that the control plane writes into it.",
            ),
            needs=(other,),
        )
        for half, other in (
            (_SECRETS_WRITE, _SECRETS_READ),
            (_SECRETS_READ, _SECRETS_WRITE),
        )
    ),
    Risk(
        "node-proxy",
        _CRITICAL,
        _HIGH,
        (_on((ANY_VERB,), "", "nodes/proxy"), _on(("proxy",), "", "nodes")),
        "run commands in every pod through the kubelets",
        "past admission and audit",
        (
            "Reach a kubelet's API through nodes/proxy; reading is enough for its exec endpoint.",
            "Run a command in a pod of a stronger account and take its token.",
        ),
    ),
    Risk(
        "csr",
        _CRITICAL,
        _HIGH,
        (_on(("sign",), "certificates.k8s.io", "signers"),),
        "sign client certificates",
        "in anybody's name",
        ("Sign a certificate for the group system:masters.", "Log in with it."),
    ),
    Risk(
        "csr",
        _CRITICAL,
        _HIGH,
        (_APPROVAL,),
        "approve client certificates",
        "in anybody's name",
        ("Request a certificate in the name of somebody stronger.", "Approve it.", "Log in."),
        needs=(_APPROVE,),
    ),
    Risk(
        "csr",
        _CRITICAL,
        _HIGH,
        (_APPROVE,),
        "approve client certificates",
        "in anybody's name",
        ("Request a certificate in the name of somebody stronger.", "Approve it.", "Log in."),
        needs=(_APPROVAL,),
    ),
    Risk(
        "csr",
        _CRITICAL,
        _HIGH,
        (_on(("create",), "certificates.k8s.io", "certificatesigningrequests"),),
        "request certificates in anybody's name",
        "which an approver may sign",
    ),
    Risk(
        "cloud-auth-map",
        _CRITICAL,
        _CRITICAL,
        (Primitive(_CHANGE, "", ("configmaps",), ("aws-auth",), "kube-system"),),
        "change who in AWS is who in the cluster (ConfigMap kube-system/aws-auth)",
        "and map itself to system:masters",
        ("Map an own IAM role to system:masters in kube-system/aws-auth.", "Log in with it."),
    ),
    Risk(
        "apiservice",
        _CRITICAL,
        _CRITICAL,
        (_on(_ALTER, "apiregistration.k8s.io", "apiservices"),),
        "redirect whole API groups to a server of its own",
        "and see the requests and tokens that reach it",
        ("Point an APIService at an own server.", "Answer for the API and collect credentials."),
    ),
    Risk(
        "admission",
        _HIGH,
        _HIGH,
        (_on(_ALTER, "admissionregistration.k8s.io", *_ADMISSION),),
        "change or remove admission guards",
        "and alter what others create",
    ),
    Risk(
        "crd",
        _HIGH,
        _HIGH,
        (_on(_ALTER, "apiextensions.k8s.io", "customresourcedefinitions"),),
        "change or remove custom resource definitions",
        "with everything stored under them",
    ),
    Risk(
        "rbac-write",
        _HIGH,
        _HIGH,
        (
            _on(
                _WRITE,
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
        _HIGH,
        _HIGH,
        (
            _on(("impersonate", "impersonate:serviceaccount"), "", "serviceaccounts"),
            _on(("impersonate:serviceaccount",), "authentication.k8s.io", "serviceaccounts"),
            _on(("impersonate",), "authentication.k8s.io", "uids", "userextras/"),
            _on(
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
        _HIGH,
        _HIGH,
        (
            _on(("create",), "", "pods"),
            _on(_WRITE, "", "replicationcontrollers", "podtemplates"),
            _on(_WRITE, "apps", "deployments", "daemonsets", "statefulsets", "replicasets"),
            _on(_WRITE, "batch", "jobs", "cronjobs"),
            _on(_WRITE, "argoproj.io", "rollouts", "workflows", "cronworkflows"),
            _on(_WRITE, "serving.knative.dev", "services", "configurations"),
            _on(_WRITE, "tekton.dev", "taskruns", "pipelineruns"),
            _on(_WRITE, "keda.sh", "scaledjobs"),
            _on(_WRITE, "apps.openshift.io", "deploymentconfigs"),
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
        _HIGH,
        _HIGH,
        (_on(_CHANGE, "", "pods", "pods/ephemeralcontainers"),),
        "change the image of running pods or add containers to them",
        "and use what these pods have",
        ("Put an own image or ephemeral container into a pod.", "Use that pod's account."),
    ),
    Risk(
        "pod-exec",
        _HIGH,
        _HIGH,
        (_on(("create", "get"), "", "pods/exec", "pods/attach", "pods/portforward"),),
        "run commands in pods",
        "and use what these pods have",
        ("Open a shell in a pod of a stronger account.", "Take its mounted token."),
    ),
    Risk(
        "hostpath-pv",
        _HIGH,
        _HIGH,
        (_on(("create",), "", "persistentvolumes"),),
        "mount the nodes' file systems by hostPath volumes",
        "past Pod Security",
    ),
    Risk(
        "gitops-controller",
        _HIGH,
        _HIGH,
        (
            _on(_WRITE, "argoproj.io", "applications", "applicationsets", "appprojects"),
            _on(_WRITE, "kustomize.toolkit.fluxcd.io", "kustomizations"),
            _on(_WRITE, "helm.toolkit.fluxcd.io", "helmreleases"),
        ),
        "have the GitOps controller apply anything",
        "with the controller's own rights",
        ("Point an Application or Kustomization at an own repository.", "It is applied."),
    ),
    Risk(
        "namespace-labels",
        _MEDIUM,
        _MEDIUM,
        (_on(_CHANGE, "", "namespaces"),),
        "change namespaces' labels",
        "and so their Pod Security level and network policies",
    ),
    Risk(
        "node-write",
        _MEDIUM,
        _MEDIUM,
        (_on(_CHANGE, "", "nodes", "nodes/status"), _on(("delete",), "", "nodes")),
        "change or remove nodes",
        "and so where pods run",
    ),
    Risk(
        "scc-host",
        _CRITICAL,
        _HIGH,
        (
            Primitive(
                ("use",),
                _SCC_GROUP,
                ("securitycontextconstraints",),
                ("privileged", "hostaccess", "hostmount", "hostmount-anyuid", "node-exporter"),
            ),
        ),
        "run pods that are privileged or mount the host",
        "and so take over the node",
    ),
    Risk(
        "scc-lax",
        _HIGH,
        _MEDIUM,
        (
            Primitive(
                ("use",),
                _SCC_GROUP,
                ("securitycontextconstraints",),
                ("anyuid", "hostnetwork", "hostnetwork-v2"),
            ),
        ),
        "run pods as root or on the network of the node",
    ),
    Risk(
        "steal-pods",
        _MEDIUM,
        _MEDIUM,
        (
            _on(("delete", "deletecollection"), "", "pods"),
            _on(("create",), "", "pods/eviction"),
        ),
        "delete or evict pods",
    ),
    Risk(
        "svc-mitm",
        _MEDIUM,
        _MEDIUM,
        (
            _on(_CHANGE, "", "services/status"),
            _on(_WRITE, "", "services", "endpoints"),
            _on(_WRITE, "discovery.k8s.io", "endpointslices"),
        ),
        "redirect the traffic of Services",
    ),
    Risk(
        "netpol-write",
        _MEDIUM,
        _MEDIUM,
        (
            _on(
                ("update", "patch", "delete", "deletecollection"),
                "networking.k8s.io",
                "networkpolicies",
            ),
            *(
                _on(("update", "patch", "delete", "deletecollection"), group, *resources)
                for group, resources in _OTHER_POLICIES
            ),
        ),
        "change or remove network policies",
    ),
)
"""Worst first; of several that a grant carries, the message names the first ones."""

CLOUD_IDENTITY: Final = Risk(
    "cloud-auth-map",
    _CRITICAL,
    _HIGH,
    (_on(_WRITE, "", "serviceaccounts"),),
    "give ServiceAccounts other cloud identities",
    "as far as the cloud trusts this cluster",
)
"""Only where accounts have cloud identities at all."""

CLUSTER_ADMIN: Final = Risk(
    "cluster-admin",
    _CRITICAL,
    _CRITICAL,
    (),
    "do everything",
    "",
    ("Nothing more is needed.",),
)
