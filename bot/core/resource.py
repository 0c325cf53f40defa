"""A resource, its nodes, and the routes that name them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from bot.core import values
from bot.core.values import MAPPINGS, Body, Value, freeze
from bot.records import cached_property, dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class GroupKind:
    """An API group and a kind: `apps/Deployment`, or just `Service` in the core group."""

    group: str
    kind: str

    def __str__(self) -> str:
        return f"{self.group}/{self.kind}" if self.group else self.kind


group_kind_of: Final = lru_cache(maxsize=4096)(GroupKind)
"""The kind of a group and a name; one object for all that have it, which looks up fastest."""


@dataclass(frozen=True, slots=True)
class ResourceKey:
    """A resource's identity in a cluster. The API version is not part of it.

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
        return group_kind_of(self.group, self.kind)

    @property
    def sort_key(self) -> tuple[str, str, str, str]:
        """The sort key; every field is text."""
        return (self.kind, self.group, self.namespace or "", self.name)

    def __str__(self) -> str:
        """`Kind/namespace/name`, or `Kind/name` where there is no namespace."""
        parts = (self.kind, self.namespace, self.name)
        return "/".join(part for part in parts if part is not None)


@dataclass(frozen=True, slots=True)
class ListStep:
    """A step of a route into a list.

    `key` is the item's merge key as text (`name=web`, `port=8080,protocol=TCP`), empty where the
    list has none; `index` finds the item in the text and is not part of its identity.
    """

    key: str
    index: int = field(compare=False)

    def __str__(self) -> str:
        return f"[{self.key or '*'}]"


Step: TypeAlias = str | ListStep
Route: TypeAlias = tuple[Step, ...]


def route_text(route: Route) -> str:
    """Return the route in one line, `spec.ports[name=http].targetPort`, without list indices."""
    out = ""
    for step in route:
        out += str(step) if isinstance(step, ListStep) else f".{step}" if out else step
    return out


# The merge keys of Kubernetes' own lists (patchMergeKey and x-kubernetes-list-map-keys in its
# OpenAPI description), by the field that holds the list: the first set whose first key the item
# has. Other lists use the first of the naming keys that the item has.
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
_NAMING: Final = (str, int, float)


def item_key(holder: str, item: Value) -> str:
    """Return the merge key of a list's item as text, empty where it has none.

    `holder` is the field that contains the list.
    """
    if not isinstance(item, MAPPINGS):
        return "" if isinstance(item, tuple) else str(item)
    for keys in _MERGE_KEYS.get(holder, _NAMING_KEYS):
        if keys[0] in item:
            named = [key for key in keys if isinstance(item.get(key), _NAMING)]
            return ",".join([f"{key}={item[key]}" for key in named])
    return ""


@dataclass(frozen=True, slots=True)
class Node:
    """A place in a resource: the route to it, and its value, None where nothing stands.

    A lookup of a missing or malformed field returns a node that does not exist and never raises: a
    manifest may hold anything anywhere.
    """

    resource: Resource
    route: Route
    value: Value
    exists: bool = True

    def __getitem__(self, key: str) -> Node:
        """Return the field `key` of a mapping."""
        value = self.value
        if isinstance(value, MAPPINGS) and key in value:
            return Node(self.resource, (*self.route, key), value[key])
        return Node(self.resource, (*self.route, key), None, exists=False)

    def at(self, *keys: str) -> Node:
        """Return the node at the end of these fields."""
        node = self
        for key in keys:
            node = node[key]
        return node

    def items(self) -> Iterator[Node]:
        """Yield the items of a list; nothing if the value is no list."""
        value = self.value
        if not isinstance(value, tuple):
            return
        last = self.route[-1] if self.route else ""
        holder = last if isinstance(last, str) else ""
        for index, item in enumerate(value):
            step = ListStep(item_key(holder, item), index)
            yield Node(self.resource, (*self.route, step), item)

    def fields(self) -> Iterator[tuple[str, Node]]:
        """Yield the fields of a mapping with their names; nothing if the value is no mapping."""
        value = self.value
        if isinstance(value, MAPPINGS):
            for key in value:
                yield key, self[key]

    @property
    def mapping(self) -> Body:
        """The mapping at this node, or an empty one."""
        return values.mapping(self.value)

    @property
    def text(self) -> str | None:
        """The string at this node, or None."""
        return values.text(self.value)

    @property
    def integer(self) -> int | None:
        """The whole number at this node, or None."""
        return values.integer(self.value)

    @property
    def boolean(self) -> bool | None:
        """The boolean at this node, or None."""
        return values.boolean(self.value)

    @property
    def texts(self) -> tuple[str, ...]:
        """The strings of a list; items that are no strings are skipped."""
        return tuple(item for item in values.sequence(self.value) if isinstance(item, str))

    def __str__(self) -> str:
        return f"{self.resource.key} {route_text(self.route)}"


@dataclass(frozen=True, slots=True)
class Nesting:
    """Where a resource stands inside another one, its carrier.

    `steps` are the fields and indices from the outermost object to the nested one, or to a text
    that holds it. `document` counts the YAML documents of that text from 0 and is -1 where the
    nested object stands there itself; `beyond` are the steps from that document on. `known` is
    False where the carrier's kind is unknown and the nested object only looks like a manifest.
    `depth` counts the carriers that the resource lies in, one in another.
    """

    carrier: str
    steps: tuple[str | int, ...]
    document: int = -1
    beyond: tuple[str | int, ...] = ()
    known: bool = True
    depth: int = 1


@dataclass(frozen=True, slots=True)
class ResourceSource:
    """Where in a tree a resource is written.

    `document` counts the chunks between `---` lines of the file from 0 (of a JSON stream: its
    values), `item` holds the indices through unwrapped lists, `kustomize` says which of the two
    readings of the file the resource comes from. `root` names the root that rendered the resource,
    empty where the resource stands in the file as it is; of a rendered resource, only the file that
    it originates in is known.
    """

    path: str
    blob: str
    document: int
    item: tuple[int, ...] = ()
    kustomize: bool = False
    root: str = ""
    nesting: Nesting | None = None


TextPosition: TypeAlias = tuple[str, int, tuple[int, ...], tuple[str | int, ...]]
"""A place in a file: its path, the document, the way through lists, and the steps from there."""


def written(source: ResourceSource, route: Route) -> TextPosition:
    """Return the text position of a route, independent of the rest of the file."""
    steps = tuple(step.index if isinstance(step, ListStep) else step for step in route)
    if source.nesting is not None:
        nesting = source.nesting
        steps = (*nesting.steps, nesting.document, *nesting.beyond, *steps)
    return (source.path, source.document, source.item, steps)


_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.decode


@dataclass(frozen=True)
class Resource:
    """A Kubernetes object as the cluster would receive it. Read-only; decoded on first use."""

    key: ResourceKey
    api_version: str
    encoded: bytes = field(repr=False)
    source: ResourceSource

    @classmethod
    def of(cls, key: ResourceKey, body: Body, source: ResourceSource) -> Resource:
        """Return the resource with this body."""
        version = values.text(body.get("apiVersion")) or ""
        return cls(key, version, _encode(values.thaw(body)), source)

    @cached_property
    def body(self) -> Body:
        """The object that the cluster would receive."""
        return values.mapping(freeze(_decode(self.encoded)))

    @cached_property
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
        """The node of the resource as a whole."""
        return Node(self, (), self.body)

    def at(self, *keys: str) -> Node:
        """Return the node at the end of these fields."""
        return self.root.at(*keys)

    def derived(self, build: Callable[[Resource], T]) -> T:
        """Return `build(self)`, computed once; `build` must be a pure module function."""
        if build not in self._derived:
            self._derived[build] = build(self)
        value: T = self._derived[build]
        return value

    @cached_property
    def _derived(self) -> dict[Callable[[Resource], object], Any]:
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
