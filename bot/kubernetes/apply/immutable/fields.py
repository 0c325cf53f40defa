"""How a field is compared that the API server refuses to change, and when it may change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from bot.core.finding import Side
from bot.core.resource import Node, Resource
from bot.core.values import Value, mapping, sequence
from bot.kubernetes.workloads.quantities import quantity
from bot.records import dataclass

Absent: TypeAlias = Literal["default", "unknown"]
"""What a field stands for that one side leaves out: its default, or what the cluster put there."""

FieldReader: TypeAlias = Callable[[Node], object]
"""What of a field is compared."""


UpdateState: TypeAlias = Literal["frozen", "has address", "load balancer", "running", "suspended"]
"""What about an object at base decides which of its fields may change."""


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


def without_directives(node: Node) -> object:
    """The spec of a suspended Job's pods without what may change: scheduling, and resources.

    https://github.com/kubernetes/enhancements/tree/master/keps/sig-apps/5440-mutable-job-pod-resource-updates
    """
    kept = {k: v for k, v in node.mapping.items() if k not in _SCHEDULING}
    for name in ("containers", "initContainers"):
        kept[name] = tuple(
            {k: v for k, v in mapping(item).items() if k != "resources"}
            for item in sequence(node[name].value)
        )
    return kept


def resources_of(node: Node) -> object:
    """The resources of a list of containers, by name, without amounts' different spellings."""
    return {
        item["name"].text: {
            side: {
                name: quantity(amount.value) for name, amount in item["resources"][side].fields()
            }
            for side in ("requests", "limits")
        }
        for item in node.items()
    }


def is_headless(node: Node) -> object:
    """Whether a Service asks for no cluster address."""
    return node.text == "None"


def first_text(node: Node) -> object:
    """The first text of a list."""
    return node.texts[:1]


def as_set(node: Node) -> object:
    """A list of texts in which the order says nothing."""
    return frozenset(node.texts)


def fixed_pod_spec(node: Node) -> object:
    """A Pod's spec without the fields that an update may change, such as images and tolerations."""
    free = {"activeDeadlineSeconds", "tolerations", "schedulingGates"}
    fixed = {k: v for k, v in node.mapping.items() if k not in free}
    for name in ("containers", "initContainers"):
        fixed[name] = tuple(
            {k: v for k, v in mapping(item).items() if k != "image"}
            for item in sequence(node[name].value)
        )
    return fixed


@dataclass(frozen=True, slots=True)
class ImmutableField:
    """A field that an update cannot change, and how its values are compared.

    `when` limits the field to objects of base in a state. `sample` is the field by whose updates
    upstream's code shows which minor versions of Kubernetes refuse a change, if it is another.
    """

    path: str
    default: Value = None
    absent: Absent = "default"
    read: FieldReader = _as_it_stands
    when: UpdateState | None = None
    sample: str | None = None

    def differs(self, old: Resource, new: Resource) -> bool:
        """Whether the API server sees another value of the field."""
        if self.when is not None and not STATES[self.when](old):
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


STATES: Final[Mapping[UpdateState, Callable[[Resource], bool]]] = MappingProxyType(
    {
        "frozen": lambda resource: resource.at("immutable").value is True,
        "has address": lambda resource: resource.at("spec", "clusterIP").text != "None",
        "load balancer": lambda resource: resource.at("spec", "type").text == "LoadBalancer",
        "running": lambda resource: resource.at("spec", "suspend").value is not True,
        "suspended": lambda resource: resource.at("spec", "suspend").value is True,
    }
)
"""Whether an object is in a state."""
