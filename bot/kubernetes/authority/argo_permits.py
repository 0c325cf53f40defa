"""What an Argo CD project permits its Applications: sources, destinations and kinds.

What the tree does not show, such as the address of a cluster that an Application names, counts as
permitted. https://argo-cd.readthedocs.io/en/stable/operator-manual/project-specification/
"""

from __future__ import annotations

from typing import Final

from bot.core.resource import Node, ResourceKey
from bot.kubernetes.authority.pattern_lists import matches, matches_path
from bot.records import dataclass

_IN_CLUSTER: Final = ("https://kubernetes.default.svc", "in-cluster")
_TEMPLATE: Final = "{{"


@dataclass(frozen=True, slots=True)
class Destination:
    """A cluster by its address and its name, and a namespace; None for what is not known."""

    server: str | None
    name: str | None
    namespace: str | None

    @classmethod
    def of(cls, node: Node, namespace: str | None = None) -> Destination:
        """The destination of an Application, or another namespace of the same cluster."""
        server, name = _constant(node["server"]), _constant(node["name"])
        if server == _IN_CLUSTER[0] or name == _IN_CLUSTER[1]:
            server, name = _IN_CLUSTER
        return cls(server, name, _constant(node["namespace"]) if namespace is None else namespace)


def _constant(node: Node) -> str | None:
    return node.text if node.text and _TEMPLATE not in node.text else None


def permits_source(project: Node, source: Node) -> bool:
    """Whether the spec of a project permits a source of an Application."""
    address = _constant(source["repoURL"])
    if address is None:
        return True
    address = _normalised(address)
    permitted = False
    for pattern in project["sourceRepos"].texts:
        denied = pattern.startswith("!")
        if _glob(_normalised(pattern.removeprefix("!")), address, path=True):
            if denied:
                return False
            permitted = True
        permitted = permitted or denied  # what a denial does not name, it permits
    return permitted


def _normalised(address: str) -> str:
    return address.strip().lower().removeprefix("ssh://").removesuffix(".git")


def permits_destination(project: Node, destination: Destination) -> bool:
    """Whether the spec of a project permits a destination; the first denial that names it wins."""
    permitted = False
    for entry in project["destinations"].items():
        server = _matches(entry["server"], destination.server)
        name = _matches(entry["name"], destination.name)
        namespace = _matches(entry["namespace"], destination.namespace)
        if (server or name) and namespace:
            permitted = True
            continue
        by_server = not server and _is_denial(entry["server"]) and namespace
        by_namespace = not namespace and _is_denial(entry["namespace"]) and server
        if by_server or by_namespace or (not name and _is_denial(entry["name"])):
            return False
    return permitted


def _is_denial(pattern: Node) -> bool:
    return (pattern.text or "").startswith("!")


def _matches(pattern: Node, text: str | None) -> bool:
    if text is None:
        return pattern.exists
    return _glob((pattern.text or "").removeprefix("!"), text) != _is_denial(pattern)


def _glob(pattern: str, text: str, *, path: bool = False) -> bool:
    """Whether a pattern matches; one with more than `*` is taken to match."""
    if any(wildcard in pattern for wildcard in "?[{"):
        return True
    return matches_path(pattern, text) if path else matches(pattern, text)


def permits_kind(project: Node, key: ResourceKey) -> bool:
    """Whether the spec of a project permits resources of this kind and name."""
    if key.namespace is not None:
        allowed, denied = (
            project["namespaceResourceWhitelist"],
            project["namespaceResourceBlacklist"],
        )
        is_allowed = not isinstance(allowed.value, tuple) or _lists(allowed, key)
    else:
        allowed, denied = project["clusterResourceWhitelist"], project["clusterResourceBlacklist"]
        is_allowed = _lists(allowed, key)
    return is_allowed and not _lists(denied, key)


def _lists(entries: Node, key: ResourceKey) -> bool:
    for entry in entries.items():
        fields = ((entry["group"], key.group), (entry["kind"], key.kind))
        named = key.namespace is not None or not entry["name"].text
        if all(_glob(node.text or "", text) for node, text in fields) and (
            named or _glob(entry["name"].text or "", key.name)
        ):
            return True
    return False
