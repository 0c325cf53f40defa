"""The kinds of carriers, and where in each of them the carried manifests stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias

from bot.core.resource import GroupKind, Node, Resource
from bot.core.states.carriers.resource_sets import resource_set
from bot.core.states.carriers.texts import CarriedManifest, Unread, plain, steps_of, text_manifests
from bot.core.values import Body, Value, mapping, text
from bot.records import dataclass

Carried: TypeAlias = CarriedManifest | Unread

_WORK: Final = "work.open-cluster-management.io"
_POLICY: Final = "policy.open-cluster-management.io"

CLUSTER_RESOURCE_SET: Final = GroupKind("addons.cluster.x-k8s.io", "ClusterResourceSet")
RESOURCE_SET: Final = GroupKind("fluxcd.controlplane.io", "ResourceSet")
TO_OTHER_CLUSTERS: Final = (
    CLUSTER_RESOURCE_SET,
    GroupKind(_WORK, "ManifestWork"),
    GroupKind(_WORK, "ManifestWorkReplicaSet"),
    GroupKind(_POLICY, "Policy"),
    GroupKind("kubernetes.crossplane.io", "Object"),
    GroupKind("kubernetes.m.crossplane.io", "Object"),
    GroupKind("hive.openshift.io", "SelectorSyncSet"),
    GroupKind("hive.openshift.io", "SyncSet"),
)
"""The carriers whose manifests may be applied to another cluster than the one that has them."""

# Their nested values are rendered with the chart, or are a problem where it is not rendered.
_VALUES: Final = frozenset(
    {
        GroupKind("argoproj.io", "Application"),
        GroupKind("argoproj.io", "ApplicationSet"),
        GroupKind("helm.toolkit.fluxcd.io", "HelmRelease"),
    }
)
_BUILT_IN: Final = frozenset({"", "apps", "batch", "autoscaling", "policy", "extensions"})
_MOST: Final = 2_000
_WRITES: Final = ("create", "apply", "replace", "patch")


@dataclass(frozen=True, slots=True)
class Siblings:
    """The resources that are applied together with a carrier, by kind, namespace and name."""

    by_name: Mapping[tuple[str, str | None, str], Resource]


def carried_by(resource: Resource, siblings: Siblings) -> Iterator[Carried]:
    """Yield the manifests that a resource carries, and what of it cannot be read."""
    kind = resource.group_kind
    if kind == CLUSTER_RESOURCE_SET:
        yield from _cluster_resource_set(resource, siblings)
        return
    reader = READERS.get(kind)
    if reader is not None:
        yield from reader(resource)
    elif may_nest(kind) and resource.encoded.count(b'"kind":') > 1:
        yield from _looking_like_manifests(resource.root)


@lru_cache(maxsize=4096)
def may_nest(kind: GroupKind) -> bool:
    """Return whether a nested object of this kind is taken for a manifest."""
    built_in = kind.group in _BUILT_IN or kind.group.endswith(".k8s.io")
    return not built_in and kind not in _VALUES


def _objects(node: Node) -> Iterator[Carried]:
    for item in node.items():
        yield plain(item)


def _manifest_work(resource: Resource) -> Iterator[Carried]:
    """https://open-cluster-management.io/docs/concepts/work-distribution/manifestwork/."""
    yield from _objects(resource.at("spec", "workload", "manifests"))


def _manifest_work_replicas(resource: Resource) -> Iterator[Carried]:
    yield from _objects(resource.at("spec", "manifestWorkTemplate", "workload", "manifests"))


def _crossplane_object(resource: Resource) -> Iterator[Carried]:
    """https://github.com/crossplane-contrib/provider-kubernetes: `manifest` may be a text."""
    policies = resource.at("spec", "managementPolicies").texts
    if policies and not {"*", "Create", "Update"} & set(policies):
        return
    node = resource.at("spec", "forProvider", "manifest")
    if node.text is not None:
        yield from text_manifests(node)
    elif node.exists:
        yield plain(node)


def _kyverno_policy(resource: Resource) -> Iterator[Carried]:
    """https://kyverno.io/docs/policy-types/cluster-policy/generate/."""
    for rule in resource.at("spec", "rules").items():
        generate = rule["generate"]
        several = tuple(generate["foreach"].items())
        for target in several or (generate,) * generate.exists:
            if target["data"].exists:
                yield _generated(target)
            elif _copies_more_than_data(target):
                yield Unread(target, "copies objects of the cluster, which are not in the tree")


def _copies_more_than_data(target: Node) -> bool:
    """Return whether a rule copies objects other than Secrets and ConfigMaps."""
    copied = (target["kind"].text,) if target["clone"].exists else ()
    kinds = (*copied, *(name.rpartition("/")[2] for name in target["cloneList"]["kinds"].texts))
    return any(kind not in ("Secret", "ConfigMap") for kind in kinds)


def _generated(target: Node) -> CarriedManifest:
    """Return the object that a generate rule creates: its data, with the target's identity."""
    data: Body = target["data"].mapping
    metadata: dict[str, Value] = dict(mapping(data.get("metadata")))
    for name in ("name", "namespace"):
        if target[name].text:
            metadata[name] = target[name].text
    body: Body = {
        **data,
        "apiVersion": target["apiVersion"].value,
        "kind": target["kind"].value,
        "metadata": metadata,
    }
    return CarriedManifest(target.resource, steps_of(target["data"]), body)


def _sync_set(resource: Resource) -> Iterator[Carried]:
    """https://github.com/openshift/hive/blob/master/docs/syncset.md."""
    spec = resource.at("spec")
    yield from _objects(spec["resources"])
    for patch in spec["patches"].items():
        why = "patches an object of the clusters, which is not in the tree"
        yield Unread(patch, why, is_alone=True)


def _workflow(resource: Resource) -> Iterator[Carried]:
    """https://argo-workflows.readthedocs.io/en/latest/walk-through/kubernetes-resources/."""
    yield from _looking_like_manifests(resource.root)
    spec = resource.at("spec")
    for workflow in (spec, spec["workflowSpec"]):
        for template in (*workflow["templates"].items(), workflow["templateDefaults"]):
            created = template["resource"]
            if created["action"].text in _WRITES:
                yield from _created(created)


def _created(created: Node) -> Iterator[Carried]:
    """Yield the manifest that a step of a workflow applies."""
    manifest = created["manifest"]
    if created["manifestFrom"].exists:
        yield Unread(created["manifestFrom"], "applies a manifest that an earlier step makes")
    elif "{{" in (manifest.text or ""):
        yield Unread(manifest, "applies a manifest with values that are known when it runs")
    else:
        yield from text_manifests(manifest)


def _acm_policy(resource: Resource) -> Iterator[Carried]:
    """https://open-cluster-management.io/docs/getting-started/integration/policy-controllers/policy-framework/."""
    spec = resource.at("spec")
    if spec["disabled"].value is True or _informs(spec):
        return
    for template in spec["policy-templates"].items():
        definition = template["objectDefinition"]
        if definition["kind"].text == "ConfigurationPolicy":
            enforced = spec["remediationAction"].exists
            yield from _object_templates(definition["spec"], enforced=enforced)
        elif definition.exists:
            yield plain(definition)


def _configuration_policy(resource: Resource) -> Iterator[Carried]:
    yield from _object_templates(resource.at("spec"), enforced=False)


def _object_templates(spec: Node, *, enforced: bool) -> Iterator[Carried]:
    """Yield what a ConfigurationPolicy creates; `enforced` by the Policy that holds it."""
    if not enforced and _informs(spec):
        return
    if spec["object-templates-raw"].exists:
        yield Unread(spec["object-templates-raw"], "is a template that only the hub evaluates")
    for template in spec["object-templates"].items():
        if (template["complianceType"].text or "").lower() != "mustnothave":
            yield plain(template["objectDefinition"])


def _informs(spec: Node) -> bool:
    return (spec["remediationAction"].text or "").lower() in ("inform", "informonly")


def _cluster_resource_set(resource: Resource, siblings: Siblings) -> Iterator[Carried]:
    """https://cluster-api.sigs.k8s.io/tasks/cluster-resource-set.

    A Secret's content is never read: findings would show what is in it.
    """
    for reference in resource.at("spec", "resources").items():
        kind, name = reference["kind"].text or "", reference["name"].text or ""
        sibling = siblings.by_name.get((kind, resource.namespace, name))
        if kind != "ConfigMap" or sibling is None:
            where = "is a Secret" if kind == "Secret" else "is not in this repository"
            yield Unread(reference, f"applies the content of {kind} {name!r}, which {where}")
            continue
        for _, node in sibling.at("data").fields():
            yield from text_manifests(node)


def _looking_like_manifests(top: Node) -> Iterator[Carried]:
    """Yield the nested objects with apiVersion, kind and metadata, outermost ones only."""
    pending = [child for _, child in top.fields()]
    count = 0
    while pending:
        node = pending.pop()
        body = node.mapping
        if text(body.get("apiVersion")) and text(body.get("kind")) and _is_named(body):
            count += 1
            if count > _MOST:
                yield Unread(node, f"holds more than {_MOST:,} nested objects")
                return
            yield plain(node, known=False)
            continue
        pending.extend(child for _, child in node.fields())
        pending.extend(node.items())


def _is_named(body: Body) -> bool:
    metadata = mapping(body.get("metadata"))
    return bool(text(metadata.get("name")) or text(metadata.get("generateName")))


READERS: Final[Mapping[GroupKind, Callable[[Resource], Iterator[Carried]]]] = MappingProxyType(
    {
        GroupKind(_WORK, "ManifestWork"): _manifest_work,
        GroupKind(_WORK, "ManifestWorkReplicaSet"): _manifest_work_replicas,
        GroupKind("kubernetes.crossplane.io", "Object"): _crossplane_object,
        GroupKind("kubernetes.m.crossplane.io", "Object"): _crossplane_object,
        GroupKind("kyverno.io", "ClusterPolicy"): _kyverno_policy,
        GroupKind("kyverno.io", "Policy"): _kyverno_policy,
        **{
            GroupKind("argoproj.io", kind): _workflow
            for kind in ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")
        },
        GroupKind(_POLICY, "Policy"): _acm_policy,
        GroupKind(_POLICY, "ConfigurationPolicy"): _configuration_policy,
        GroupKind("hive.openshift.io", "SelectorSyncSet"): _sync_set,
        GroupKind("hive.openshift.io", "SyncSet"): _sync_set,
        RESOURCE_SET: resource_set,
    }
)
