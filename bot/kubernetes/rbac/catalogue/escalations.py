"""Risks that lead to every right in the cluster: other identities and their credentials."""

from __future__ import annotations

from itertools import permutations
from typing import Final

from bot.kubernetes.rbac.effect import RBAC_GROUP
from bot.kubernetes.rbac.risks import (
    ALTER,
    ANY_VERB,
    CHANGE,
    READ,
    WRITE,
    Primitive,
    Risk,
    RiskLevel,
    on,
)

# PATCH answers with the whole object, also to an empty patch; DELETE of a collection answers with
# the whole list, also as a dry run.
_RETURNING: Final = (*READ, "patch", "deletecollection")
_SECRETS_READ: Final = on(_RETURNING, "", "secrets")
_SECRETS_WRITE: Final = on(WRITE, "", "secrets")
_APPROVAL: Final = on(CHANGE, "certificates.k8s.io", "certificatesigningrequests/approval")
_APPROVE: Final = on(("approve",), "certificates.k8s.io", "signers")

ESCALATIONS: Final[tuple[Risk, ...]] = (
    Risk(
        "escalate",
        RiskLevel.CRITICAL,
        RiskLevel.CRITICAL,
        (on(("escalate",), RBAC_GROUP, "roles", "clusterroles"),),
        "write any right into a role",
        "including rights that it does not have",
        (
            "Add `* on *` to a role that the subject is bound to: escalate skips the check.",
            "Use the new rights at once.",
        ),
    ),
    Risk(
        "bind",
        RiskLevel.CRITICAL,
        RiskLevel.CRITICAL,
        (on(("bind",), RBAC_GROUP, "roles", "clusterroles"),),
        "bind {every} role to anybody",
        "including cluster-admin to itself",
        (
            "Create a binding of cluster-admin to the subject itself: bind skips the check.",
            "Act as cluster-admin, in the namespace of the binding or everywhere.",
        ),
    ),
    Risk(
        "impersonate",
        RiskLevel.CRITICAL,
        RiskLevel.CRITICAL,
        (
            on(("impersonate",), "", "users", "groups"),
            on(("impersonate:user-info",), "authentication.k8s.io", "users", "groups"),
        ),
        "act as {every} user or group",
        "system:masters among them",
        ("Send a request with the header Impersonate-Group: system:masters.",),
    ),
    Risk(
        "secrets-read",
        RiskLevel.CRITICAL,
        RiskLevel.HIGH,
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
        RiskLevel.CRITICAL,
        RiskLevel.HIGH,
        (on(("create",), "", "serviceaccounts/token"),),
        "mint tokens of {every} ServiceAccount",
        "and act as the strongest of them",
        ("Request a token of the strongest ServiceAccount in reach.", "Act as that account."),
    ),
    *(
        Risk(
            "secrets-token",
            RiskLevel.CRITICAL,
            RiskLevel.HIGH,
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
        RiskLevel.CRITICAL,
        RiskLevel.HIGH,
        (on((ANY_VERB,), "", "nodes/proxy"), on(("proxy",), "", "nodes")),
        "run commands in every pod through the kubelets",
        "past admission and audit",
        (
            "Reach a kubelet's API through nodes/proxy; reading is enough for its exec endpoint.",
            "Run a command in a pod of a stronger account and take its token.",
        ),
    ),
    Risk(
        "csr",
        RiskLevel.CRITICAL,
        RiskLevel.HIGH,
        (on(("sign",), "certificates.k8s.io", "signers"),),
        "sign client certificates",
        "in anybody's name",
        ("Sign a certificate for the group system:masters.", "Log in with it."),
    ),
    # Approving takes both: whichever comes last completes it.
    *(
        Risk(
            "csr",
            RiskLevel.CRITICAL,
            RiskLevel.HIGH,
            (gained,),
            "approve client certificates",
            "in anybody's name",
            ("Request a certificate in the name of somebody stronger.", "Approve it.", "Log in."),
            needs=(other,),
        )
        for gained, other in permutations((_APPROVAL, _APPROVE))
    ),
    Risk(
        "csr",
        RiskLevel.CRITICAL,
        RiskLevel.HIGH,
        (on(("create",), "certificates.k8s.io", "certificatesigningrequests"),),
        "request certificates in anybody's name",
        "which an approver may sign",
    ),
    Risk(
        "cloud-auth-map",
        RiskLevel.CRITICAL,
        RiskLevel.CRITICAL,
        (Primitive(CHANGE, "", ("configmaps",), ("aws-auth",), "kube-system"),),
        "change who in AWS is who in the cluster (ConfigMap kube-system/aws-auth)",
        "and map itself to system:masters",
        ("Map an own IAM role to system:masters in kube-system/aws-auth.", "Log in with it."),
    ),
    Risk(
        "apiservice",
        RiskLevel.CRITICAL,
        RiskLevel.CRITICAL,
        (on(ALTER, "apiregistration.k8s.io", "apiservices"),),
        "redirect whole API groups to a server of its own",
        "and see the requests and tokens that reach it",
        ("Point an APIService at an own server.", "Answer for the API and collect credentials."),
    ),
)
