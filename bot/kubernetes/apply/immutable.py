"""Immutable fields: the table of fields that the API server refuses to change in an update."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from bot.core.finding import Side
from bot.core.resource import GroupKind, Node, Resource
from bot.core.validation import ValidationResult
from bot.core.values import Value, mapping, sequence
from bot.kubernetes import kinds
from bot.kubernetes.apply.api_versions_table import NEWEST
from bot.kubernetes.apply.refusals import RefusedChange, refused_updates
from bot.kubernetes.workloads.quantities import quantity

Absent: TypeAlias = Literal["default", "unknown"]
"""What a field stands for that one side leaves out: its default, or what the cluster put there."""

FieldReader: TypeAlias = Callable[[Node], object]
"""What of a field is compared."""


def _as_it_stands(node: Node) -> object:
    return node.value


def _selector(node: Node) -> object:
    """A selector without its empty parts, which select like absent ones."""
    return {name: value for name, value in node.mapping.items() if value}


def _map(node: Node) -> object:
    return dict(node.mapping)


def _claims(node: Node) -> object:
    return tuple(_claim(item) for item in node.items())


def _claim(item: Node) -> object:
    """A claim template without the fields that the API server adds or ignores."""
    metadata = {k: v for k, v in item["metadata"].mapping.items() if k != "creationTimestamp"}
    spec = {"volumeMode": "Filesystem", **item["spec"].mapping, "resources": None}
    requests = item.at("spec", "resources", "requests").fields()
    return metadata, spec, {name: quantity(node.value) for name, node in requests}


# JobSpec.Template may change in these while a Job waits:
# https://kubernetes.io/docs/concepts/workloads/controllers/job/#mutable-scheduling-directives
_SCHEDULING: Final = frozenset({"nodeSelector", "affinity", "tolerations", "schedulingGates"})


def _unscheduled(node: Node) -> object:
    return {k: v for k, v in node.mapping.items() if k not in _SCHEDULING}


def _unsized(node: Node) -> object:
    """The spec of a suspended Job's pods without what may change since 1.36, resources as well.

    https://github.com/kubernetes/enhancements/tree/master/keps/sig-apps/5440-mutable-job-pod-resource-updates
    """
    kept = {k: v for k, v in node.mapping.items() if k not in _SCHEDULING}
    for name in ("containers", "initContainers"):
        kept[name] = tuple(
            {k: v for k, v in mapping(item).items() if k != "resources"}
            for item in sequence(node[name].value)
        )
    return kept


def _first(node: Node) -> object:
    return node.texts[:1]


def _set(node: Node) -> object:
    return frozenset(node.texts)


def _pod_spec(node: Node) -> object:
    """A Pod's spec without the fields that an update may change, such as images and tolerations."""
    free = {
        "activeDeadlineSeconds",
        "tolerations",
        "schedulingGates",
        "terminationGracePeriodSeconds",
    }
    fixed = {k: v for k, v in node.mapping.items() if k not in free}
    for name in ("containers", "initContainers"):
        fixed[name] = tuple(
            {k: v for k, v in mapping(item).items() if k != "image"}
            for item in sequence(node[name].value)
        )
    return fixed


@dataclass(frozen=True, slots=True)
class ImmutableField:
    """A field that an update cannot change.

    `when` limits the field to certain objects of base, `since` and `until` (excluded) to minor
    versions of Kubernetes.
    """

    path: str
    default: Value = None
    absent: Absent = "default"
    read: FieldReader = _as_it_stands
    when: Callable[[Resource], bool] | None = None
    since: int = 0
    until: int = NEWEST + 1

    def differs(self, old: Resource, new: Resource) -> bool:
        """Whether the API server sees another value of the field."""
        if self.when is not None and not self.when(old):
            return False
        before, after = self._node(old), self._node(new)
        if self.absent == "unknown" and (before.value is None or after.value is None):
            return False
        return self._read(before) != self._read(after)

    def place(self, old: Resource, new: Resource) -> tuple[Node, Side]:
        """The deepest node that differs, at head, or at base where head does not have it."""
        before, after = self._node(old), self._node(new)
        while differing := _differing(before, after):
            before, after = differing
        return (after, "RIGHT") if after.exists else (before, "LEFT")

    def _node(self, resource: Resource) -> Node:
        return resource.at(*self.path.split("."))

    def _read(self, node: Node) -> object:
        return self.default if node.value is None and self.default is not None else self.read(node)


def _differing(before: Node, after: Node) -> tuple[Node, Node] | None:
    """The first pair of subfields or items that differs, where both sides have the same ones."""
    if before.mapping and after.mapping:
        keys = (
            key
            for key in {**after.mapping, **before.mapping}
            if before[key].value != after[key].value
        )
        return next(((before[key], after[key]) for key in keys), None)
    old, new = _items(before), _items(after)
    if old.keys() != new.keys():
        return None
    return next(((old[key], new[key]) for key in new if old[key].value != new[key].value), None)


def _items(node: Node) -> dict[str, Node]:
    return {f"{item.route[-1]} {place}": item for place, item in enumerate(node.items())}


def _is_frozen(resource: Resource) -> bool:
    return resource.at("immutable").value is True


def _waits(resource: Resource) -> bool:
    return resource.at("spec", "suspend").value is True


def _is_not_indexed(resource: Resource) -> bool:
    """Whether a Job's completions are fixed; those of an Indexed one follow its parallelism."""
    return resource.at("spec", "completionMode").text != "Indexed"


def _runs(resource: Resource) -> bool:
    return not _waits(resource)


def _is_none(node: Node) -> object:
    return node.text == "None"


def _has_address(resource: Resource) -> bool:
    """Whether a Service has a cluster address, which it then cannot give up."""
    return resource.at("spec", "clusterIP").text != "None"


def _is_balanced(resource: Resource) -> bool:
    return resource.at("spec", "type").text == "LoadBalancer"


_SELECTOR: Final = (ImmutableField("spec.selector", read=_selector),)
_DATA: Final = tuple(
    ImmutableField(name, read=_map, when=_is_frozen)
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
            ImmutableField("spec.volumeClaimTemplates", read=_claims),
            ImmutableField("spec.revisionHistoryLimit", default=10, until=34),
        ),
        kinds.JOB: (
            ImmutableField("spec.template", when=_runs),
            ImmutableField("spec.template.spec", read=_unscheduled, when=_waits, until=36),
            ImmutableField("spec.template.spec", read=_unsized, when=_waits, since=36),
            ImmutableField("spec.completions", absent="unknown", when=_is_not_indexed),
            ImmutableField("spec.selector", absent="unknown"),
            ImmutableField("spec.completionMode", default="NonIndexed"),
            ImmutableField("spec.podFailurePolicy"),
            ImmutableField("spec.successPolicy"),
            ImmutableField("spec.backoffLimitPerIndex"),
            ImmutableField("spec.managedBy"),
        ),
        kinds.POD: (ImmutableField("spec", read=_pod_spec),),
        kinds.PERSISTENT_VOLUME_CLAIM: (
            ImmutableField("spec.accessModes"),
            ImmutableField("spec.storageClassName", absent="unknown"),
            ImmutableField("spec.volumeMode", default="Filesystem"),
            ImmutableField("spec.volumeName", absent="unknown"),
            ImmutableField("spec.selector", read=_selector),
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
            ImmutableField("parameters", read=_map),
            ImmutableField("reclaimPolicy", default="Delete"),
            ImmutableField("volumeBindingMode", default="Immediate"),
        ),
        kinds.CONFIG_MAP: (*_DATA, ImmutableField("immutable", when=_is_frozen)),
        kinds.SECRET: (
            *_DATA,
            ImmutableField("immutable", when=_is_frozen),
            ImmutableField("type", default="Opaque"),
        ),
        kinds.SERVICE: (
            ImmutableField("spec.clusterIP", absent="unknown"),
            ImmutableField("spec.clusterIP", read=_is_none, when=_has_address),
            ImmutableField("spec.loadBalancerClass", when=_is_balanced),
            ImmutableField("spec.ipFamilies", read=_first, absent="unknown"),
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
            ImmutableField("parameters", read=_map),
        ),
        GroupKind("apps", "ControllerRevision"): (ImmutableField("data"),),
        kinds.RESOURCE_QUOTA: (ImmutableField("spec.scopes", read=_set),),
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
