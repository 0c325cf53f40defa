"""The cluster that an Argo CD destination names, and Argo CD's build variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from bot.core.resource import Resource, ResourceKey
from bot.core.values import Body, text
from bot.kubernetes.gitops.unknowns import holds_unknown, unknown
from bot.patterns import pattern
from bot.records import dataclass

IN_CLUSTER: Final = "in-cluster"
_OWN_SERVERS: Final = frozenset({"https://kubernetes.default.svc", "https://kubernetes.default"})
_VARIABLE: Final = pattern(r"\$(?:\$|\{(?P<braced>[^}]*)\}|(?P<plain>[A-Za-z_][A-Za-z0-9_]*))")
_REVISIONS: Final = "ARGOCD_APP_REVISION"

Segments = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hubs:
    """The directories whose Applications belong to one Argo CD each.

    An Application that is declared in two directories belongs to two Argo CDs, each in its own
    cluster, and `in-cluster` means a different cluster in each.
    """

    prefixes: frozenset[Segments] = frozenset()

    def cluster(self, resource: Resource) -> str:
        """Return the name of the cluster in which the Argo CD of this Application or set runs."""
        segments = _segments(resource)
        for depth in range(len(segments), 0, -1):
            if segments[:depth] in self.prefixes:
                return "/".join(segments[:depth])
        return IN_CLUSTER


def hubs_of(*trees: Iterable[Resource]) -> Hubs:
    """Find the Argo CDs of a repository from the Applications and sets of base and of head.

    Only duplicates within one tree count: an Application that moved is in one place in each tree.
    """
    prefixes: set[Segments] = set()
    for tree in trees:
        places: dict[ResourceKey, set[Segments]] = {}
        for resource in tree:
            places.setdefault(resource.key, set()).add(_segments(resource))
        for directories in places.values():
            prefixes.update(_partings(directories))
    return Hubs(frozenset(prefixes))


def _segments(resource: Resource) -> Segments:
    """Return the path segments of an object's file, or of its root if it was rendered."""
    root = resource.source.root.split(":")[1:]
    return tuple("/".join(root or (resource.source.path,)).split("/"))


def _partings(paths: set[Segments]) -> set[Segments]:
    if len(paths) < 2:
        return set()
    shared = 0
    for level in zip(*paths, strict=False):
        if len(set(level)) > 1:
            break
        shared += 1
    return {path[: shared + 1] for path in paths if len(path) > shared}


def cluster_of(destination: Body, resource: Resource, hubs: Hubs) -> str:
    """Return the environment name of a destination; empty if it cannot be known.

    `resource` is the Application, or the set that generates it.
    """
    name, server = text(destination.get("name")), text(destination.get("server"))
    if holds_unknown(name) or holds_unknown(server):
        return ""
    if name:
        return hubs.cluster(resource) if name == IN_CLUSTER else name
    if not server:
        return ""
    plain = server.rstrip("/")
    if plain in _OWN_SERVERS:
        return hubs.cluster(resource)
    return plain.partition("://")[2] or plain


def with_variables(value: str, variables: Mapping[str, str]) -> str:
    """Substitute Argo CD's build variables; an unset variable is empty and `$$` is a dollar sign.

    https://argo-cd.readthedocs.io/en/stable/user-guide/build-environment/
    """

    def replacement(match: re.Match[str]) -> str:
        name = match["braced"] if match["braced"] is not None else match["plain"]
        if name is None:
            return "$"
        if name.startswith(_REVISIONS):
            return unknown(name)
        return variables.get(name, "")

    return _VARIABLE.sub(replacement, value)
