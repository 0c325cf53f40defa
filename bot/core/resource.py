"""A resource, the places inside it, and the routes that name them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar, cast

import msgspec

from bot.core import values
from bot.core.values import Body, Value, freeze

T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class GroupKind:
    """An API group and a kind: `apps/Deployment`, or just `Service` in the core group."""

    group: str
    kind: str

    def __str__(self) -> str:
        return f"{self.group}/{self.kind}" if self.group else self.kind


@dataclass(frozen=True, slots=True)
class ResourceKey:
    """What makes a resource that resource in a cluster. The API version is no part of it.

    `namespace` is the effective one, None for cluster-scoped kinds. A resource with `generateName`
    has no identity in the cluster; its name here is `PREFIX*`.
    """

    group: str
    kind: str
    namespace: str | None
    name: str

    @property
    def group_kind(self) -> GroupKind:
        """The group and kind alone."""
        return GroupKind(self.group, self.kind)

    @property
    def sort_key(self) -> tuple[str, str, str, str]:
        """What keys are sorted by; every field is text."""
        return (self.kind, self.group, self.namespace or "", self.name)

    def __str__(self) -> str:
        """`Kind/namespace/name`, or `Kind/name` where there is no namespace."""
        parts = (self.kind, self.namespace, self.name)
        return "/".join(part for part in parts if part is not None)


@dataclass(frozen=True, slots=True)
class ListStep:
    """A step of a route into a list.

    `key` is the item's merge key as text (`name=web`, `port=8080,protocol=TCP`), or empty where
    such a list has none; `index` finds the item in the text and is no part of its identity.
    """

    key: str
    index: int = field(compare=False)

    def __str__(self) -> str:
        return f"[{self.key or '*'}]"


Step: TypeAlias = str | ListStep
Route: TypeAlias = tuple[Step, ...]


def route_text(route: Route) -> str:
    """The route in one line, `spec.ports[name=http].targetPort`, the same wherever items move."""
    out = ""
    for step in route:
        out += str(step) if isinstance(step, ListStep) else f".{step}" if out else step
    return out


# The keys by which Kubernetes itself merges the lists that it knows (patchMergeKey and
# x-kubernetes-list-map-keys in its OpenAPI description), by the field that holds the list: the
# first set whose first key the item has. Elsewhere the first of the naming keys that it has.
_MERGE_KEYS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = MappingProxyType(
    {
        "ports": (("name",), ("containerPort", "protocol"), ("port", "protocol")),
        "subjects": (("kind", "namespace", "name"),),
        "tolerations": (("key", "operator", "value", "effect"), ("operator", "effect")),
        "volumeMounts": (("mountPath",),),
        "volumeDevices": (("devicePath",),),
        "hostAliases": (("ip",),),
        "topologySpreadConstraints": (("topologyKey", "whenUnsatisfiable"),),
        "parentRefs": (("name", "namespace", "sectionName", "port"),),
        "backendRefs": (("name", "namespace", "port"),),
    }
)
_NAMING_KEYS: Final = (("name",), ("host",), ("path",), ("key",))


def _item_key(holder: str, item: Value) -> str:
    if not isinstance(item, Mapping):
        return "" if isinstance(item, tuple) else str(item)
    for keys in _MERGE_KEYS.get(holder, _NAMING_KEYS):
        if keys[0] in item:
            named = (key for key in keys if isinstance(item.get(key), str | int | float))
            return ",".join(f"{key}={item[key]}" for key in named)
    return ""


@dataclass(frozen=True, slots=True)
class Node:
    """A place in a resource: the route to it, and the value there, None where nothing stands.

    Asking a node for what it does not hold gives a node that does not exist, never an error: a
    manifest may hold anything anywhere, and a field of the wrong shape holds nothing.
    """

    resource: Resource
    route: Route
    value: Value
    exists: bool = True

    def __getitem__(self, key: str) -> Node:
        """The field `key` of a mapping."""
        value = self.value
        if isinstance(value, Mapping) and key in value:
            return Node(self.resource, (*self.route, key), value[key])
        return Node(self.resource, (*self.route, key), None, exists=False)

    def at(self, *keys: str) -> Node:
        """The place that one reaches by these fields, one after the other."""
        node = self
        for key in keys:
            node = node[key]
        return node

    def items(self) -> Iterator[Node]:
        """The items of a list; none where this is no list."""
        value = self.value
        if not isinstance(value, tuple):
            return
        last = self.route[-1] if self.route else ""
        holder = last if isinstance(last, str) else ""
        for index, item in enumerate(value):
            step = ListStep(_item_key(holder, item), index)
            yield Node(self.resource, (*self.route, step), item)

    def fields(self) -> Iterator[tuple[str, Node]]:
        """The fields of a mapping with their names; none where this is no mapping."""
        value = self.value
        if isinstance(value, Mapping):
            for key in value:
                yield key, self[key]

    @property
    def mapping(self) -> Body:
        """The mapping that stands here, or an empty one."""
        return values.mapping(self.value)

    @property
    def text(self) -> str | None:
        """The string that stands here, or None."""
        return values.text(self.value)

    @property
    def integer(self) -> int | None:
        """The whole number that stands here, or None."""
        return values.integer(self.value)

    @property
    def boolean(self) -> bool | None:
        """The boolean that stands here, or None."""
        return values.boolean(self.value)

    @property
    def texts(self) -> tuple[str, ...]:
        """The strings of a list of strings, without whatever else stands there."""
        return tuple(item for item in values.sequence(self.value) if isinstance(item, str))

    def __str__(self) -> str:
        return f"{self.resource.key} {route_text(self.route)}"


@dataclass(frozen=True, slots=True)
class ResourceSource:
    """Where in a tree a resource is written.

    `document` counts the chunks between `---` lines of the file from 0 (of a JSON stream: its
    values), `item` is the way through unwrapped lists, `kustomize` says which of the two readings
    of the file this resource comes from. `root` names the root that a renderer made this resource
    of, empty where it stands in the file as it is: of a rendered one, only the file is known in
    which it begins.
    """

    path: str
    blob: str
    document: int
    item: tuple[int, ...] = ()
    kustomize: bool = False
    root: str = ""


TextPosition: TypeAlias = tuple[str, int, tuple[int, ...], tuple[str | int, ...]]
"""A place in a file: its path, the document, the way through lists, and the steps from there."""


def written(source: ResourceSource, route: Route) -> TextPosition:
    """Where something stands, whatever the file holds elsewhere."""
    steps = tuple(step.index if isinstance(step, ListStep) else step for step in route)
    return (source.path, source.document, source.item, steps)


_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.decode


@dataclass(frozen=True)
class Resource:
    """A Kubernetes object as the cluster would receive it. Read-only; decoded when first asked."""

    key: ResourceKey
    api_version: str
    encoded: bytes = field(repr=False)
    source: ResourceSource

    @classmethod
    def of(cls, key: ResourceKey, body: Body, source: ResourceSource) -> Resource:
        """The resource that has this body."""
        version = values.text(body.get("apiVersion")) or ""
        return cls(key, version, _encode(values.thaw(body)), source)

    @cached_property
    def body(self) -> Body:
        """What the cluster would receive."""
        return values.mapping(freeze(_decode(self.encoded)))

    @property
    def group_kind(self) -> GroupKind:
        """The group and kind."""
        return self.key.group_kind

    @property
    def namespace(self) -> str | None:
        """The effective namespace, None for cluster-scoped kinds."""
        return self.key.namespace

    @property
    def name(self) -> str:
        """The name in the cluster."""
        return self.key.name

    @property
    def root(self) -> Node:
        """The resource as a whole, as a place."""
        return Node(self, (), self.body)

    def at(self, *keys: str) -> Node:
        """The place in this resource that one reaches by these fields."""
        return self.root.at(*keys)

    def derived(self, build: Callable[[Resource], T]) -> T:
        """What `build` makes of this resource, made once; a pure module function."""
        if build not in self._derived:
            self._derived[build] = build(self)
        return cast("T", self._derived[build])

    @cached_property
    def _derived(self) -> dict[Callable[[Resource], object], object]:
        return {}

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """The labels that are strings; the API refuses others."""
        return _strings(self.at("metadata", "labels"))

    @cached_property
    def annotations(self) -> Mapping[str, str]:
        """The annotations that are strings; the API refuses others."""
        return _strings(self.at("metadata", "annotations"))


def _strings(node: Node) -> Mapping[str, str]:
    return MappingProxyType({k: v for k, v in node.mapping.items() if isinstance(v, str)})
