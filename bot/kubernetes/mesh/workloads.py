"""The workloads that Istio's policies tell apart.

https://istio.io/latest/docs/reference/config/type/workload-selector/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bot.core.resource import GroupKind, Resource
from bot.core.state import State
from bot.kubernetes.naming import escaped
from bot.kubernetes.workloads.pods import pod_templates
from bot.records import dataclass

GROUP: Final = "security.istio.io"
PEER_AUTHENTICATION: Final = GroupKind(GROUP, "PeerAuthentication")
AUTHORIZATION_POLICY: Final = GroupKind(GROUP, "AuthorizationPolicy")

ROOT: Final = "istio-system"
"""The namespace whose policies hold in the whole mesh, unless `meshConfig` names another.

https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-root_namespace
"""

_ANY_NAMESPACE: Final = ""


@dataclass(frozen=True, slots=True)
class MeshWorkload:
    """The pods with certain labels in a namespace, or what a policy names as its target.

    The namespace is empty for one that no policy names, and `target` is the kind and name of a
    Gateway or Service.
    """

    namespace: str
    labels: frozenset[tuple[str, str]] = frozenset()
    target: str = ""

    def __str__(self) -> str:
        if self.target:
            return f"{escaped(self.target)} in namespace {escaped(self.namespace)}"
        pods = "pods"
        if self.labels:
            pods += " with " + ",".join(
                f"{escaped(key)}={escaped(value)}" for key, value in sorted(self.labels)
            )
        where = f"in namespace {escaped(self.namespace)}" if self.namespace else "in the whole mesh"
        return f"{pods} {where}"


def selects(policy: Resource, workload: MeshWorkload) -> bool:
    """Whether a policy holds for a workload.

    One with `targetRefs` holds for these alone.
    https://github.com/istio/istio/blob/1.27.0/pilot/pkg/model/policyattachment.go
    """
    targets = target_names(policy)
    if targets or workload.target:
        return workload.target in targets and policy.namespace == workload.namespace
    if policy.namespace not in {ROOT, workload.namespace}:
        return False
    return selected_labels(policy) <= workload.labels


def selected_labels(policy: Resource) -> frozenset[tuple[str, str]]:
    """The labels that a policy's `selector` asks for; none selects everything."""
    labels = policy.at("spec", "selector", "matchLabels").mapping
    return frozenset((key, value) for key, value in labels.items() if isinstance(value, str))


def target_names(policy: Resource) -> tuple[str, ...]:
    """The Gateways and Services that a policy is attached to."""
    spec = policy.at("spec")
    references = (spec["targetRef"], *spec["targetRefs"].items())
    return tuple(
        f"{reference['kind'].text} {reference['name'].text}"
        for reference in references
        if reference["name"].exists
    )


def workloads(before: State, after: State, kind: GroupKind) -> tuple[MeshWorkload, ...]:
    """One workload for each class that the policies of two states tell apart, widest first.

    Pods that base has and head no longer has are left out: what is gone receives no requests.
    """
    policies = [*before.of(kind), *after.of(kind)]
    every = {
        workload
        for policy in policies
        for namespace in _namespaces(policy, policies)
        for workload in _named(policy, namespace)
    }
    old, new = _pods(before), _pods(after)
    present = (each for each in every if _matching(each, new) or not _matching(each, old))
    return tuple(sorted(present, key=lambda each: (each.namespace, len(each.labels), str(each))))


def _namespaces(policy: Resource, policies: list[Resource]) -> frozenset[str]:
    """The namespaces in which a policy holds; a policy of the root namespace holds in all."""
    if policy.namespace != ROOT:
        return frozenset({policy.namespace or _ANY_NAMESPACE})
    return frozenset({_ANY_NAMESPACE, *(each.namespace or "" for each in policies)})


def _named(policy: Resource, namespace: str) -> Iterator[MeshWorkload]:
    targets = target_names(policy)
    for target in targets:
        yield MeshWorkload(policy.namespace or _ANY_NAMESPACE, target=target)
    if not targets:
        yield MeshWorkload(namespace)
        yield MeshWorkload(namespace, selected_labels(policy))


def _pods(state: State) -> Mapping[str, list[frozenset[tuple[str, str]]]]:
    pods: dict[str, list[frozenset[tuple[str, str]]]] = {}
    for resource in state.resources:
        for template in pod_templates(resource):
            pods.setdefault(template.namespace, []).append(frozenset(template.labels.items()))
    return pods


def _matching(workload: MeshWorkload, pods: Mapping[str, list[frozenset[tuple[str, str]]]]) -> bool:
    if workload.target or not workload.namespace:
        return True
    return any(workload.labels <= labels for labels in pods.get(workload.namespace, ()))
