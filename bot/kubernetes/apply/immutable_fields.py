"""How a field is compared that the API server refuses to change, and when it may change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from bot.core.finding import Side
from bot.core.resource import Node, Resource
from bot.core.values import Value, mapping, sequence
from bot.kubernetes.apply.api_versions_table import NEWEST
from bot.kubernetes.workloads.quantities import quantity
from bot.records import dataclass

Absent: TypeAlias = Literal["default", "unknown"]
"""What a field stands for that one side leaves out: its default, or what the cluster put there."""

FieldReader: TypeAlias = Callable[[Node], object]
"""What of a field is compared."""


def _as_it_stands(node: Node) -> object:
    return node.value


def selector_parts(node: Node) -> object:
    """A selector without its empty parts, which select like absent ones."""
    return {name: value for name, value in node.mapping.items() if value}


def as_map(node: Node) -> object:
    """The fields of a map, an absent one as an empty one."""
    return dict(node.mapping)


def claim_templates(node: Node) -> object:
    """The claim templates of a StatefulSet, each without what an update may change."""
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


def without_scheduling(node: Node) -> object:
    """A pod template without the fields that a waiting Job may change."""
    return {k: v for k, v in node.mapping.items() if k not in _SCHEDULING}


def without_sizes(node: Node) -> object:
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


def first_text(node: Node) -> object:
    """The first text of a list."""
    return node.texts[:1]


def as_set(node: Node) -> object:
    """A list of texts in which the order says nothing."""
    return frozenset(node.texts)


def fixed_pod_spec(node: Node) -> object:
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


def is_frozen(resource: Resource) -> bool:
    """Whether a ConfigMap or Secret is marked as immutable."""
    return resource.at("immutable").value is True


def is_suspended(resource: Resource) -> bool:
    """Whether a Job is suspended."""
    return resource.at("spec", "suspend").value is True


def is_not_indexed(resource: Resource) -> bool:
    """Whether a Job's completions are fixed; those of an Indexed one follow its parallelism."""
    return resource.at("spec", "completionMode").text != "Indexed"


def is_running(resource: Resource) -> bool:
    """Whether a Job is not suspended."""
    return not is_suspended(resource)


def is_headless(node: Node) -> object:
    """Whether a Service asks for no cluster address."""
    return node.text == "None"


def has_address(resource: Resource) -> bool:
    """Whether a Service has a cluster address, which it then cannot give up."""
    return resource.at("spec", "clusterIP").text != "None"


def is_load_balancer(resource: Resource) -> bool:
    """Whether a Service is of type LoadBalancer."""
    return resource.at("spec", "type").text == "LoadBalancer"
