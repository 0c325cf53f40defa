"""Effect of grants: rules that match no request that an API server ever receives."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.rbac.rules import ALL, CLUSTER, Atom

RBAC_GROUP: Final = "rbac.authorization.k8s.io"

STANDARD_VERBS: Final = frozenset(
    ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
)
UNNAMED_VERBS: Final = frozenset(("create", "list", "watch", "deletecollection"))
"""The verbs of requests that can come without the name of an object."""

Scoped: TypeAlias = frozenset[tuple[str, str]]
"""Resources (group, plural) that are in no namespace."""

# `users`, `groups`, `uids`, `userextras` and `signers` are virtual resources of the authorizer.
_BUILT_IN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "": "namespaces nodes persistentvolumes componentstatuses users groups",
        "admissionregistration.k8s.io": (
            "mutatingadmissionpolicies mutatingadmissionpolicybindings"
            " mutatingwebhookconfigurations validatingadmissionpolicies"
            " validatingadmissionpolicybindings validatingwebhookconfigurations"
        ),
        "apiextensions.k8s.io": "customresourcedefinitions",
        "apiregistration.k8s.io": "apiservices",
        "authentication.k8s.io": "selfsubjectreviews tokenreviews uids userextras",
        "authorization.k8s.io": (
            "selfsubjectaccessreviews selfsubjectrulesreviews subjectaccessreviews"
        ),
        "certificates.k8s.io": "certificatesigningrequests clustertrustbundles signers",
        "flowcontrol.apiserver.k8s.io": "flowschemas prioritylevelconfigurations",
        "internal.apiserver.k8s.io": "storageversions",
        "metrics.k8s.io": "nodes",
        "networking.k8s.io": "ingressclasses ipaddresses servicecidrs",
        "node.k8s.io": "runtimeclasses",
        RBAC_GROUP: "clusterrolebindings clusterroles",
        "resource.k8s.io": "deviceclasses devicetaintrules resourceslices",
        "scheduling.k8s.io": "priorityclasses",
        "storage.k8s.io": (
            "csidrivers csinodes storageclasses volumeattachments volumeattributesclasses"
        ),
        "storagemigration.k8s.io": "storageversionmigrations",
    }
)
BUILT_IN_SCOPED: Final[Scoped] = frozenset(
    (group, resource) for group, names in _BUILT_IN.items() for resource in names.split()
)


def cluster_scoped(state: State) -> Scoped:
    """The cluster-scoped resources: Kubernetes' and those of the state's CustomResourceDefinitions.

    An unknown resource counts as namespaced, so that a grant of it counts.
    """
    return BUILT_IN_SCOPED | {
        (
            definition.at("spec", "group").text or "",
            definition.at("spec", "names", "plural").text or "",
        )
        for definition in state.of(kinds.CUSTOM_RESOURCE_DEFINITION)
        if definition.at("spec", "scope").value == "Cluster"
    }


def _torn(text: str) -> str | None:
    """Why a word that contains a separator never matches, such as `get,` or `pods, services`."""
    if any(separator in text for separator in ", \t\n"):
        return f"{text!r} holds a comma or a space, so it never matches"
    return None


def dead_verb(verb: str) -> str | None:
    """Why no request ever has this verb, or None."""
    if verb not in STANDARD_VERBS and verb.lower() in STANDARD_VERBS:
        return f"request verbs are lower case, so {verb!r} never matches"
    return _torn(verb)


def dead_group(group: str) -> str | None:
    """Why no request ever names this API group, or None."""
    if "/" in group:
        return f"an API group has no version, so {group!r} never matches"
    if "*" in group and group != ALL:
        return f"only '*' alone is a wildcard of groups, so {group!r} never matches"
    return _torn(group)


def dead_resource(resource: str) -> str | None:
    """Why no request ever names this resource, or None."""
    main, _, subresource = resource.partition("/")
    if subresource == ALL:
        return f"{resource!r} is no wildcard and never matches: name each subresource, or use '*'"
    if "*" in main and main != ALL:
        return f"only '*' alone is a wildcard of resources, so {resource!r} never matches"
    if main.lower() != main:
        return f"resources are named in lower case, so {resource!r} never matches"
    return _torn(resource)


def dead_name(name: str) -> str | None:
    """Why no object can have this name, or None."""
    if name == ALL:
        return "'*' is no wildcard of names: leave resourceNames out to allow every object"
    return None


def dead_url(url: str) -> str | None:
    """Why no request ever has this URL, or None."""
    if url != ALL and not url.startswith("/"):
        return f"a URL path begins with '/', so {url!r} never matches"
    return None


def effective(atom: Atom, scope: str, scoped: Scoped) -> bool:
    """Whether some request in this scope is allowed by the atom."""
    if dead_verb(atom.verb) is not None:
        return False
    if atom.group is None:
        return scope == CLUSTER and dead_url(atom.resource) is None
    if dead_group(atom.group) is not None or dead_resource(atom.resource) is not None:
        return False
    return _named(atom) and (scope == CLUSTER or _in_namespace(atom, scope, scoped))


def _named(atom: Atom) -> bool:
    """Whether requests with this verb carry this name.

    `create` has a name by PUT or server-side apply, `list` and `watch` have one where the field
    selector names it, `deletecollection` never has one.
    """
    if atom.name is None:
        return True
    if atom.name == "":
        return atom.verb in UNNAMED_VERBS or atom.verb == ALL
    return dead_name(atom.name) is None and atom.verb != "deletecollection"


def _in_namespace(atom: Atom, namespace: str, scoped: Scoped) -> bool:
    main = atom.resource.partition("/")[0]
    if (atom.group, main) not in scoped:
        return True
    if (atom.group, main) == ("", "namespaces"):
        # A request for a Namespace object carries its own name as the namespace:
        # kubernetes/apiserver pkg/endpoints/request/requestinfo.go
        return atom.verb not in UNNAMED_VERBS and atom.name in (None, namespace)
    if (atom.group, main) == ("security.openshift.io", "securitycontextconstraints"):
        # OpenShift asks for `use` in the namespace of the pod.
        return atom.verb in ("use", ALL)
    if (atom.group, atom.resource) == (RBAC_GROUP, "clusterroles"):
        # `bind` on a ClusterRole is checked in the namespace of the binding:
        # kubernetes/kubernetes pkg/registry/rbac/escalation_check.go
        return atom.verb in ("bind", ALL)
    return False
