"""Mutations at admission that newly give pods more rights, or weaken what limits others."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from bot.core.finding import Finding, Severity
from bot.core.state import State, changes
from bot.core.words import first_of
from bot.kubernetes.guardrails.messages import guard_name
from bot.kubernetes.guardrails.mutations.expressions import Computed
from bot.kubernetes.guardrails.mutations.fields import MUTATING, Mutation, mutations_of
from bot.kubernetes.naming import escaped
from bot.kubernetes.podsecurity.baseline import DEFAULT_CAPABILITIES

_MANY: Final = 3
_WILD: Final = frozenset({"*", "*/*", ""})
_PODS: Final = frozenset(
    {"pod", "deployment", "daemonset", "statefulset", "replicaset", "job", "cronjob"}
    | {"replicationcontroller", "podtemplate"}
)
_RIGHTS: Final = frozenset({"role", "clusterrole", "rolebinding", "clusterrolebinding"})
_GRANTING: Final = frozenset({"rules", "subjects", "roleRef", "aggregationRule"})
_LIMITS_OF_ANY: Final = frozenset({"podSelector", "policyTypes", "ingress", "egress", "hard"})
_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
_ON_NODE: Final = frozenset({"hostNetwork", "hostPID", "hostIPC", "privileged", "hostProcess"})
_IF_TRUE: Final = frozenset({"allowPrivilegeEscalation", "automountServiceAccountToken"})
_IF_FALSE: Final = frozenset({"runAsNonRoot", "readOnlyRootFilesystem"})
_IDENTITY: Final = frozenset({"image", "command", "args", "serviceAccountName", "serviceAccount"})
_PROFILES: Final = frozenset({"seccompProfile", "appArmorProfile"})
_CONTEXT: Final = frozenset({"securityContext", *_PROFILES, *_IF_FALSE, "drop"})


def mutations_added(before: State, after: State) -> Iterator[Finding]:
    """The findings about what mutations newly set, where that permits more."""
    if not any(True for _ in changes(before, after, *MUTATING)):
        return
    known = {mutation.identity for mutation in before.derived(mutations_of)}
    reported: set[str] = set()
    for mutation in after.derived(mutations_of):
        if mutation.identity in known:
            continue
        finding = _finding(mutation)
        key = (
            ""
            if finding is None
            else f"{mutation.node.resource.key} {mutation.path} {finding.severity}"
        )
        if finding is not None and key not in reported:
            reported.add(key)
            yield finding


def _finding(mutation: Mutation) -> Finding | None:
    resource = mutation.node.resource
    kinds = dict.fromkeys(escaped(target.name) for target in mutation.targets)
    names = first_of(tuple(kinds), _MANY)
    limited = _limits_changed(mutation)
    if limited:
        severity: Severity | None = Severity.ERROR
        message = f"newly changes {escaped(mutation.path[0])} of {names}, which limits others"
    else:
        severity = _severity(mutation)
        field = escaped(".".join(mutation.path))
        if mutation.value is Computed.VALUE:
            message = f"newly computes {field} of {names}: check by hand what it sets"
        elif mutation.value is None:
            message = f"newly removes {field} from {names}"
        else:
            message = f"newly sets {field} of {names} to {escaped(_shown(mutation))}"
    if severity is None:
        return None
    message = f"{guard_name(resource)} {message}"
    facts = MappingProxyType({"object": str(resource.key)})
    return Finding(mutation.node, message, severity, message, facts)


def _shown(mutation: Mutation) -> str:
    value = mutation.value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _limits_changed(mutation: Mutation) -> bool:
    """Whether a mutation changes more of what limits others than its labels and status."""
    section = mutation.path[0] if mutation.path else ""
    if section in {"metadata", "status", "apiVersion", "kind", ""}:
        return False
    if any(target.name in _WILD for target in mutation.targets):
        return not _LIMITS_OF_ANY.isdisjoint(mutation.path[1:2])
    return any(target.limits_others for target in mutation.targets)


def _severity(mutation: Mutation) -> Severity | None:
    words = {"*" if target.name in _WILD else target.word for target in mutation.targets}
    path = mutation.path
    if words & {"namespace", "*"} and path[-1:] == (_ENFORCE,):
        return _level(mutation)
    if words & _RIGHTS and not _GRANTING.isdisjoint(path[:1]):
        return Severity.WARNING if mutation.value is Computed.VALUE else Severity.ERROR
    if words & {*_PODS, "serviceaccount", "*"}:
        return _pods(mutation)
    return None


def _level(mutation: Mutation) -> Severity | None:
    """A Pod Security level; the default of the cluster is not known."""
    if mutation.value in {"privileged", None}:
        return Severity.WARNING if mutation.if_absent else Severity.ERROR
    if mutation.value is Computed.VALUE:
        return Severity.WARNING
    return Severity.WARNING if mutation.value == "baseline" and not mutation.if_absent else None


def _pods(mutation: Mutation) -> Severity | None:
    path, value = mutation.path, mutation.value
    name, holder = path[-1] if path else "", path[-2] if len(path) > 1 else ""
    if value is None:
        return Severity.WARNING if name in _CONTEXT else None
    on_node = {
        **dict.fromkeys(_ON_NODE, value is True),
        "hostPort": isinstance(value, int) and value > 0,
        "procMount": value == "Unmasked",
        "add": holder == "capabilities" and value not in DEFAULT_CAPABILITIES,
        "type": holder in _PROFILES and value == "Unconfined",
    }
    decides = name in on_node and (
        name not in {"add", "type"} or holder in {"capabilities", *_PROFILES}
    )
    if value is Computed.VALUE:
        return Severity.WARNING if decides or name in _IDENTITY or "hostPath" in path else None
    if "hostPath" in path or on_node.get(name):
        return Severity.ERROR
    less = (
        (name in _IF_TRUE and value is True)
        or (name in _IF_FALSE and value is False)
        or (name in {"runAsUser", "runAsGroup"} and value == 0 and value is not False)
    )
    return Severity.WARNING if less or name in _IDENTITY else None
