"""Immutable fields: the table of fields that the API server refuses to change in an update."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core.resource import GroupKind, Resource
from bot.core.validation import ValidationResult
from bot.kubernetes import kinds
from bot.kubernetes.apply.api_versions_table import NEWEST, OLDEST
from bot.kubernetes.apply.immutable.fields import (
    ImmutableField,
    as_map,
    as_set,
    claim_templates,
    first_text,
    fixed_pod_spec,
    is_headless,
    resources_of,
    selector_parts,
    without_directives,
)
from bot.kubernetes.apply.immutable.minors import refusing_minors
from bot.kubernetes.apply.immutable.one_way import misdirected
from bot.kubernetes.apply.refusals import RefusedChange, refused_updates

_SELECTOR: Final = (ImmutableField("spec.selector", read=selector_parts),)
_VOLUMES: Final = (
    *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc"),
    *("flexVolume", "gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs"),
    *("portworxVolume", "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume"),
)

_JOB_RESOURCES: Final = tuple(
    ImmutableField(
        f"spec.template.spec.{name}",
        read=resources_of,
        when="suspended",
        sample="spec.template.spec.containers.0.resources",
    )
    for name in ("containers", "initContainers")
)

# Which minor versions refuse a change of these fields is data (minors.py).
FIELDS: Final[Mapping[GroupKind, tuple[ImmutableField, ...]]] = MappingProxyType(
    {
        kinds.DEPLOYMENT: _SELECTOR,
        kinds.REPLICA_SET: _SELECTOR,
        kinds.DAEMON_SET: _SELECTOR,
        kinds.STATEFUL_SET: (
            *_SELECTOR,
            ImmutableField("spec.serviceName", default=""),
            ImmutableField("spec.podManagementPolicy", default="OrderedReady"),
            ImmutableField("spec.volumeClaimTemplates", read=claim_templates),
            ImmutableField("spec.revisionHistoryLimit", default=10),
        ),
        kinds.JOB: (
            ImmutableField("spec.template", when="running"),
            ImmutableField("spec.template.spec", read=without_directives, when="suspended"),
            *_JOB_RESOURCES,
            ImmutableField("spec.completions", absent="unknown"),
            ImmutableField("spec.selector", absent="unknown"),
            ImmutableField("spec.completionMode", default="NonIndexed"),
            ImmutableField("spec.podFailurePolicy"),
            ImmutableField("spec.successPolicy"),
            ImmutableField("spec.backoffLimitPerIndex"),
            ImmutableField("spec.managedBy"),
        ),
        kinds.POD: (ImmutableField("spec", read=fixed_pod_spec),),
        kinds.PERSISTENT_VOLUME_CLAIM: (
            ImmutableField("spec.accessModes"),
            ImmutableField("spec.storageClassName", absent="unknown"),
            ImmutableField("spec.volumeMode", default="Filesystem"),
            ImmutableField("spec.volumeName", absent="unknown"),
            ImmutableField("spec.selector", read=selector_parts),
            ImmutableField("spec.dataSource", absent="unknown"),
            ImmutableField("spec.dataSourceRef", absent="unknown"),
        ),
        GroupKind("", "PersistentVolume"): (
            *(ImmutableField(f"spec.{name}") for name in _VOLUMES),
            ImmutableField("spec.volumeMode", default="Filesystem"),
            ImmutableField("spec.nodeAffinity", absent="unknown"),
        ),
        kinds.STORAGE_CLASS: (
            ImmutableField("provisioner"),
            ImmutableField("parameters", read=as_map),
            ImmutableField("reclaimPolicy", default="Delete"),
            ImmutableField("volumeBindingMode", default="Immediate"),
        ),
        kinds.CONFIG_MAP: (
            ImmutableField("data", read=as_map, when="frozen"),
            ImmutableField("binaryData", read=as_map, when="frozen"),
            ImmutableField("immutable", when="frozen"),
        ),
        kinds.SECRET: (
            ImmutableField("data", read=as_map, when="frozen"),
            ImmutableField("stringData", read=as_map, when="frozen"),
            ImmutableField("immutable", when="frozen"),
            ImmutableField("type", default="Opaque"),
        ),
        kinds.SERVICE: (
            ImmutableField("spec.clusterIP", absent="unknown"),
            ImmutableField("spec.clusterIP", read=is_headless, when="has address"),
            ImmutableField("spec.loadBalancerClass", when="load balancer"),
            ImmutableField("spec.ipFamilies", read=first_text, absent="unknown"),
        ),
        kinds.PRIORITY_CLASS: (
            ImmutableField("value"),
            ImmutableField("preemptionPolicy", default="PreemptLowerPriority"),
        ),
        kinds.INGRESS_CLASS: (ImmutableField("spec.controller"),),
        kinds.ENDPOINT_SLICE: (ImmutableField("addressType"),),
        kinds.CUSTOM_RESOURCE_DEFINITION: (
            ImmutableField("spec.group"),
            ImmutableField("spec.scope"),
            ImmutableField("spec.names.kind"),
            ImmutableField("spec.names.plural"),
        ),
        GroupKind("node.k8s.io", "RuntimeClass"): (ImmutableField("handler"),),
        GroupKind("storage.k8s.io", "CSIDriver"): (
            ImmutableField("spec.attachRequired", default=True),
            ImmutableField("spec.volumeLifecycleModes", default=("Persistent",)),
        ),
        GroupKind("resource.k8s.io", "ResourceClaim"): (ImmutableField("spec"),),
        GroupKind("resource.k8s.io", "ResourceClaimTemplate"): (ImmutableField("spec"),),
        GroupKind("storage.k8s.io", "VolumeAttachment"): (ImmutableField("spec"),),
        GroupKind("storage.k8s.io", "VolumeAttributesClass"): (
            ImmutableField("driverName"),
            ImmutableField("parameters", read=as_map),
        ),
        GroupKind("apps", "ControllerRevision"): (ImmutableField("data"),),
        kinds.RESOURCE_QUOTA: (ImmutableField("spec.scopes", read=as_set),),
    }
)
"""How immutable fields are compared, by kind. `roleRef` has a rule of its own."""


def changes_refused(
    old: Resource,
    new: Resource,
    result: ValidationResult | None = None,
    minor: int | None = None,
) -> Iterator[RefusedChange]:
    """The changes that the API server refuses, by its own code where that ran.

    Elsewhere by the table in this module. The validator runs the newest minor version's code with
    the feature gates of this `minor` (None: the newest): what an older one refuses beyond that
    comes from the table as well.
    """
    if old.name.endswith("*"):  # generateName: every sync creates another object
        return
    if result is not None and result.status == "judged":
        refused = list(refused_updates(old, new, result))
        yield from refused
        older = (field for field in _in_force(new, minor) if NEWEST not in _minors(new, field))
        for change in _changed(old, new, older):
            if not any(_overlap(change.path, other.path) for other in refused):
                yield change
    else:
        yield from _changed(old, new, _in_force(new, minor))
        yield from misdirected(old, new)


def _overlap(path: str, other: str) -> bool:
    """Whether two fields are one, or one of them lies below the other."""
    return f"{path}.".startswith(f"{other}.") or f"{other}.".startswith(f"{path}.")


def _in_force(resource: Resource, minor: int | None) -> tuple[ImmutableField, ...]:
    """The table's fields of this kind that a minor version refuses to change."""
    number = NEWEST if minor is None else min(max(minor, OLDEST), NEWEST)
    fields = FIELDS.get(resource.group_kind, ())
    return tuple(field for field in fields if number in _minors(resource, field))


def _minors(resource: Resource, field: ImmutableField) -> frozenset[int]:
    """The minor versions that refuse a change of this field."""
    return refusing_minors(resource.group_kind, field.sample or field.path, field.when)


def _changed(
    old: Resource, new: Resource, fields: Iterable[ImmutableField]
) -> Iterator[RefusedChange]:
    """The immutable fields that differ between two versions of an object, in the table's order."""
    seen = set()
    for field in fields:
        refused = field.differs(old, new) and not _is_let_through(field, old, new)
        if refused and field.path not in seen:
            seen.add(field.path)
            node, side = field.place(old, new)
            yield RefusedChange(field.path, node, side)


def _is_let_through(field: ImmutableField, old: Resource, new: Resource) -> bool:
    types = {service.at("spec", "type").text for service in (old, new)}
    if field.path == "spec.clusterIP":
        return "ExternalName" in types
    if field.path == "spec.completions" and new.at("spec", "completionMode").text == "Indexed":
        return new.at("spec", "completions").value == new.at("spec", "parallelism").value
    return field.path == "spec.loadBalancerClass" and types != {"LoadBalancer"}
