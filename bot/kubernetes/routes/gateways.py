"""The listeners of Gateways and ListenerSets that a route attaches to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core.resource import GroupKind, Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.selectors import label_selector
from bot.records import dataclass

_GROUP: Final = kinds.GATEWAY.group
_EXPERIMENTAL: Final = "gateway.networking.x-k8s.io"
LISTENER_SETS: Final = (
    GroupKind(_GROUP, "ListenerSet"),
    GroupKind(_EXPERIMENTAL, "XListenerSet"),
)
PARENTS: Final = (kinds.GATEWAY, *LISTENER_SETS)
"""The kinds with listeners."""

_NAME_LABEL: Final = "kubernetes.io/metadata.name"
# Protocols of an implementation's own may carry any route.
_CARRIED: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "HTTP": frozenset({"HTTPRoute", "GRPCRoute"}),
        "HTTPS": frozenset({"HTTPRoute", "GRPCRoute"}),
        "TLS": frozenset({"TLSRoute", "TCPRoute"}),
        "TCP": frozenset({"TCPRoute"}),
        "UDP": frozenset({"UDPRoute"}),
    }
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A route's `parentRef` with a listener that takes the route.

    `gateway` has the listener, directly or by a ListenerSet; None where it is not in the state.
    """

    parent: Node
    listener: Node
    gateway: Resource | None


@dataclass(frozen=True, slots=True)
class Attachments:
    """What a route attaches to, and the `parentRefs` that lead to nothing or out of the state."""

    taken: tuple[Attachment, ...]
    refused: tuple[Node, ...]
    unseen: tuple[Node, ...]


def attachments(state: State, route: Resource) -> Attachments:
    """The listeners that take a route, by name, port, protocol, namespace and host.

    https://gateway-api.sigs.k8s.io/reference/spec/#parentreference
    """
    taken: list[Attachment] = []
    refused: list[Node] = []
    unseen: list[Node] = []
    for parent in route.at("spec", "parentRefs").items():
        holder = _holder(state, route, parent)
        if holder is None:
            if _is_parent(parent):
                unseen.append(parent)
            continue
        gateway = _gateway(state, holder)
        listeners = [node for node in _named(holder, parent) if _takes(state, node, route)]
        if gateway is not None and gateway != holder and not _admits(state, gateway, holder):
            listeners = []
        if not listeners:
            refused.append(parent)
        taken.extend(Attachment(parent, node, gateway) for node in listeners)
    return Attachments(tuple(taken), tuple(refused), tuple(unseen))


def attachment_places(state: State, parent: Node) -> Iterator[Node]:
    """The fields that decide whether a parent takes a route."""
    yield from (parent[field] for field in ("sectionName", "port", "namespace", "name"))
    yield parent
    holder = _holder(state, parent.resource, parent)
    if holder is not None:
        for listener in holder.at("spec", "listeners").items():
            yield from (listener[field] for field in ("name", "port", "protocol", "hostname"))
            spaces = listener["allowedRoutes"]["namespaces"]
            yield from (spaces["from"], spaces["selector"], listener["allowedRoutes"])
        yield holder.at("spec", "listeners")
        gateway = _gateway(state, holder)
        if gateway is not None and gateway != holder:
            admitted = gateway.at("spec", "allowedListeners")
            spaces = admitted["namespaces"]
            yield from (spaces["from"], spaces["selector"], admitted)


def _is_parent(parent: Node) -> bool:
    group, kind = parent["group"].text or _GROUP, parent["kind"].text or "Gateway"
    return GroupKind(group, kind) in PARENTS


def _holder(state: State, route: Resource, parent: Node) -> Resource | None:
    """The Gateway or ListenerSet that a `parentRef` names."""
    if not _is_parent(parent):
        return None
    group, kind = parent["group"].text or _GROUP, parent["kind"].text or "Gateway"
    space = parent["namespace"].text or route.namespace
    return state.get(ResourceKey(group, kind, space, parent["name"].text or ""))


def _gateway(state: State, holder: Resource) -> Resource | None:
    """The Gateway itself, or the one that a ListenerSet adds its listeners to."""
    if holder.group_kind == kinds.GATEWAY:
        return holder
    parent = holder.at("spec", "parentRef")
    space = parent["namespace"].text or holder.namespace
    return state.get(ResourceKey(_GROUP, "Gateway", space, parent["name"].text or ""))


def _admits(state: State, gateway: Resource, holder: Resource) -> bool:
    """Whether a Gateway takes the listeners of a ListenerSet; by default it takes none."""
    allowed = gateway.at("spec", "allowedListeners", "namespaces")
    return _from(state, allowed, gateway.namespace, holder.namespace, "None")


def _named(holder: Resource, parent: Node) -> Iterator[Node]:
    section, port = parent["sectionName"].text, parent["port"].integer
    for listener in holder.at("spec", "listeners").items():
        named = section is None or listener["name"].text == section
        if named and (port is None or listener["port"].integer == port):
            yield listener


def _takes(state: State, listener: Node, route: Resource) -> bool:
    """Whether a listener takes routes of this kind, namespace and host."""
    kind = route.key.kind
    listed = tuple(listener["allowedRoutes"]["kinds"].items())
    if listed:
        if not any(
            (node["group"].text or _GROUP, node["kind"].text) == (route.key.group, kind)
            for node in listed
        ):
            return False
    elif kind not in _CARRIED.get((listener["protocol"].text or "").upper(), {kind}):
        return False
    spaces = listener["allowedRoutes"]["namespaces"]
    if not _from(state, spaces, listener.resource.namespace, route.namespace, "Same"):
        return False
    hosts, own = route.at("spec", "hostnames").texts, listener["hostname"].text or ""
    return not hosts or any(hosts_meet(own.lower(), host.lower()) for host in hosts)


def _from(state: State, namespaces: Node, own: str | None, other: str | None, default: str) -> bool:
    """Whether `namespaces.from` lets in what is in another namespace."""
    where = namespaces["from"].text or default
    if where == "Same":
        return own == other
    if where != "Selector":
        return where == "All"
    selector = label_selector(namespaces["selector"])
    found = state.get(ResourceKey("", "Namespace", None, other or ""))
    if selector is None or found is None:
        return True  # labels of a namespace that no manifest shows are not known
    return selector.matches({**found.labels, _NAME_LABEL: found.name})


def hosts_meet(one: str, two: str) -> bool:
    """Whether there is a host that both patterns match; empty matches every host."""
    if not one or not two or one == two:
        return True
    wide, narrow = (one, two) if one.startswith("*.") else (two, one)
    # In the Gateway API, `*` stands for any number of labels.
    return wide.startswith("*.") and narrow.removeprefix("*").endswith(wide[1:])
