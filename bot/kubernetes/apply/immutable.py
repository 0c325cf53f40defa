"""Immutable fields: the table of fields that the API server refuses to change in an update."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core.resource import GroupKind, Resource
from bot.core.validation import ValidationResult
from bot.kubernetes import kinds
from bot.kubernetes.apply.api_versions_table import NEWEST
from bot.kubernetes.apply.immutable_fields import (
    ImmutableField,
    as_map,
    as_set,
    claim_templates,
    first_text,
    fixed_pod_spec,
    has_address,
    is_frozen,
    is_headless,
    is_load_balancer,
    is_not_indexed,
    is_running,
    is_suspended,
    selector_parts,
    without_scheduling,
    without_sizes,
)
from bot.kubernetes.apply.refusals import RefusedChange, refused_updates
from bot.kubernetes.workloads.quantities import quantity

_SELECTOR: Final = (ImmutableField("spec.selector", read=selector_parts),)
_DATA: Final = tuple(
    ImmutableField(name, read=as_map, when=is_frozen)
    for name in ("data", "binaryData", "stringData")
)
_VOLUMES: Final = (
    *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc"),
    *("flexVolume", "gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs"),
    *("portworxVolume", "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume"),
)

# From the update validation of each kind (pkg/apis/*/validation in kubernetes/kubernetes).
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
            ImmutableField("spec.revisionHistoryLimit", default=10, until=34),
        ),
        kinds.JOB: (
            ImmutableField("spec.template", when=is_running),
            ImmutableField(
                "spec.template.spec", read=without_scheduling, when=is_suspended, until=36
            ),
            ImmutableField("spec.template.spec", read=without_sizes, when=is_suspended, since=36),
            ImmutableField("spec.completions", absent="unknown", when=is_not_indexed),
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
        kinds.CONFIG_MAP: (*_DATA, ImmutableField("immutable", when=is_frozen)),
        kinds.SECRET: (
            *_DATA,
            ImmutableField("immutable", when=is_frozen),
            ImmutableField("type", default="Opaque"),
        ),
        kinds.SERVICE: (
            ImmutableField("spec.clusterIP", absent="unknown"),
            ImmutableField("spec.clusterIP", read=is_headless, when=has_address),
            ImmutableField("spec.loadBalancerClass", when=is_load_balancer),
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
        GroupKind("certificates.k8s.io", "CertificateSigningRequest"): (ImmutableField("spec"),),
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
"""What cannot change, by kind. `roleRef` has a rule of its own."""


def changes_refused(
    old: Resource,
    new: Resource,
    result: ValidationResult | None = None,
    minor: int | None = None,
) -> Iterator[RefusedChange]:
    """The changes that the API server refuses, by its own code where that ran.

    Elsewhere by the table in this module. The validator runs the newest minor version's code with
    the feature gates of this `minor` (None: the newest): what changed without a gate is in the
    table as well.
    """
    if old.name.endswith("*"):  # generateName: every sync creates another object
        return
    if result is not None and result.status == "judged":
        refused = list(refused_updates(old, new, result))
        yield from refused
        paths = {change.path for change in refused}
        older = (field for field in _in_force(new, minor) if field.until <= NEWEST)
        ungated = (field for field in older if field.path in _UNGATED)
        yield from (change for change in _changed(old, new, ungated) if change.path not in paths)
    else:
        yield from _changed(old, new, _in_force(new, minor))
        yield from _shrunk(old, new)


# Fields whose rule changed between minor versions without a feature gate.
_UNGATED: Final = frozenset({"spec.revisionHistoryLimit"})


def _in_force(resource: Resource, minor: int | None) -> tuple[ImmutableField, ...]:
    """The table's fields of this kind in a minor version."""
    number = NEWEST if minor is None else minor
    fields = FIELDS.get(resource.group_kind, ())
    return tuple(field for field in fields if field.since <= number < field.until)


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
    return field.path == "spec.loadBalancerClass" and types != {"LoadBalancer"}


def _shrunk(old: Resource, new: Resource) -> Iterator[RefusedChange]:
    """The storage request of a claim, where the update lowers it: claims can only grow."""
    if new.group_kind != kinds.PERSISTENT_VOLUME_CLAIM:
        return
    path = "spec.resources.requests.storage"
    before, after = (quantity(resource.at(*path.split(".")).value) for resource in (old, new))
    if before is not None and after is not None and after < before:
        yield RefusedChange(path, new.at(*path.split(".")), "RIGHT")
