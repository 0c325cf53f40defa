"""Risks: what somebody could do with a grant beyond what it says.

The primitives are those of https://kubernetes.io/docs/concepts/security/rbac-good-practices/ and
of the catalogue in docs/rbac.md, which says for each why it is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from fnmatch import fnmatchcase
from typing import Final, TypeAlias

from bot.kubernetes.rbac.boxes import Box
from bot.kubernetes.rbac.effect import RBAC_GROUP, Scoped, effective
from bot.kubernetes.rbac.rules import ALL, CLUSTER, Atom, Rule

Rules: TypeAlias = tuple[Rule, ...]

ANY_VERB: Final = "(any)"
_READ: Final = ("get", "list", "watch")
_WRITE: Final = ("create", "update", "patch")
_CHANGE: Final = ("update", "patch")
_ALTER: Final = (*_WRITE, "delete", "deletecollection")


class Level(IntEnum):
    """How far a risk reaches by itself."""

    NONE = 0
    MEDIUM = 1
    HIGH = 2
    CRITICAL = 3


@dataclass(frozen=True, slots=True)
class Primitive:
    """What must be allowed: one of the verbs on one of the resources of the group."""

    verbs: tuple[str, ...]
    group: str
    resources: tuple[str, ...]
    names: tuple[str, ...] = ()
    namespace: str = ""

    def held(self, box: Box, scope: str, scoped: Scoped) -> bool:
        """Whether the box allows it. Wildcards allow it; what has no effect does not."""
        if self.namespace and scope not in (CLUSTER, self.namespace):
            return False
        verbs = [verb for verb in self.verbs if verb in box.verbs or ALL in box.verbs]
        if ANY_VERB in self.verbs:
            verbs = ["get" if ALL in box.verbs else box.verbs[0]]
        if not verbs or not self._named(box):
            return False
        return any(
            effective(Atom(verb, self.group, resource), scope, scoped)
            for resource in self.resources
            if _reached(box, self.group, resource)
            for verb in verbs
        )

    def allowed(self, rules: Rules) -> bool:
        """Whether one of the rules allows some of it, be it for some names only."""
        return any(
            rule.admits_verb(verb) and rule.admits_group(self.group) and rule.admits_resource(held)
            for rule in rules
            for verb in self.verbs
            for held in self.resources
        )

    def _named(self, box: Box) -> bool:
        return not self.names or None in box.names or any(n in box.names for n in self.names)


def _reached(box: Box, group: str, resource: str) -> bool:
    """Whether a target is this resource; one that ends with a slash is any subresource of it."""
    _, slash, subresource = resource.partition("/")
    patterns = (ALL, resource, f"*/{subresource}") if subresource else (ALL, resource)
    some = bool(slash) and not subresource
    return any(
        target.group in (ALL, group)
        and (target.resource in patterns or (some and target.resource.startswith(resource)))
        for target in box.targets
    )


@dataclass(frozen=True, slots=True)
class Risk:
    """One way to more than was granted.

    `act` says what becomes possible (`{every}` is "every" or the names), `then` what follows.
    `wide` is the level where it holds in the whole cluster or a privileged namespace.
    """

    id: str
    wide: Level
    narrow: Level
    primitives: tuple[Primitive, ...]
    act: str
    then: str = ""
    steps: tuple[str, ...] = ()
    needs: tuple[Primitive, ...] = ()

    def complete(self, held: Rules) -> bool:
        """Whether somebody who may do all this has what the risk needs beside the grant."""
        return not self.needs or any(needed.allowed(held) for needed in self.needs)

    def level(self, scope: str, privileged: tuple[str, ...]) -> Level:
        """How far it reaches in this scope."""
        return self.wide if is_wide(scope, privileged) else self.narrow


def is_wide(scope: str, privileged: tuple[str, ...]) -> bool:
    """Whether the scope is the whole cluster or a namespace from which one reaches it."""
    return scope == CLUSTER or any(fnmatchcase(scope, pattern) for pattern in privileged)


def _on(verbs: tuple[str, ...], group: str, *resources: str) -> Primitive:
    return Primitive(verbs, group, resources)


_CRITICAL, _HIGH, _MEDIUM = Level.CRITICAL, Level.HIGH, Level.MEDIUM
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
_SECRETS_READ: Final = _on(_READ, "", "secrets")
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
    Risk(
        "secrets-token",
        _CRITICAL,
        _HIGH,
        (_on(_WRITE, "", "secrets"),),
        "make token Secrets of any ServiceAccount",
        "and read the tokens from them",
        (
            "Create a Secret of type kubernetes.io/service-account-token for a stronger account.",
            "Read the token that the control plane writes into it.",
        ),
        needs=(_SECRETS_READ,),
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

_NAMED_SPACES: Final = frozenset(
    primitive.namespace for risk in RISKS for primitive in risk.primitives
)

CLUSTER_ADMIN: Final = Risk(
    "cluster-admin",
    _CRITICAL,
    _CRITICAL,
    (),
    "do everything",
    "",
    ("Nothing more is needed.",),
)
_WHOLE_GROUPS: Final = (ALL, "", RBAC_GROUP)


def _everything(box: Box, scope: str) -> bool:
    """Whether the box is every verb on every resource, of all groups or of one that gives them."""
    groups = _WHOLE_GROUPS if scope == CLUSTER else (ALL,)
    return (
        ALL in box.verbs
        and None in box.names
        and any(target.group in groups and target.resource == ALL for target in box.targets)
    )


def risks(box: Box, scope: str, scoped: Scoped) -> Iterator[Risk]:
    """The risks that a grant carries, worst first; some only with what else the subject may do."""
    if _everything(box, scope):
        yield CLUSTER_ADMIN
    for risk in RISKS:
        if any(primitive.held(box, scope, scoped) for primitive in risk.primitives):
            yield risk


def alike(box: Box, scope: str) -> str:
    """A scope in which the box carries the same risks: namespaces differ by name alone."""
    named = scope in box.names or scope in _NAMED_SPACES
    return scope if scope == CLUSTER or named else ""
