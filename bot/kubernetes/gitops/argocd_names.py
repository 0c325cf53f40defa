"""Which cluster an Argo CD destination is, and what Argo CD puts in for its own variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.core.resource import Resource
from bot.core.values import Body, text
from bot.kubernetes.gitops.unknowns import holds_unknown, unknown

IN_CLUSTER: Final = "in-cluster"
_OWN_SERVERS: Final = frozenset({"https://kubernetes.default.svc", "https://kubernetes.default"})
_VARIABLE: Final = re.compile(r"\$(?:\$|\{(?P<braced>[^}]*)\}|(?P<plain>[A-Za-z_][A-Za-z0-9_]*))")
_REVISIONS: Final = "ARGOCD_APP_REVISION"

Segments = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hubs:
    """The directories whose Applications belong to one Argo CD each.

    Where two files declare the same Application, they are two Argo CDs, each in a cluster of its
    own, and `in-cluster` is another cluster in each.
    """

    prefixes: frozenset[Segments] = frozenset()

    def cluster(self, path: str) -> str:
        """The name of the cluster in which the Argo CD of this Application's file runs."""
        segments = tuple(path.split("/"))
        for depth in range(len(segments), 0, -1):
            if segments[:depth] in self.prefixes:
                return "/".join(segments[:depth])
        return IN_CLUSTER


def hubs_of(applications: Iterable[Resource]) -> Hubs:
    """The Argo CDs of a repository. Taken over base and head together, names stay what they are."""
    paths: dict[object, set[Segments]] = {}
    for found in applications:
        paths.setdefault(found.key, set()).add(tuple(found.source.path.split("/")))
    prefixes: set[Segments] = set()
    for held in paths.values():
        prefixes.update(_partings(held))
    return Hubs(frozenset(prefixes))


def _partings(paths: set[Segments]) -> set[Segments]:
    if len(paths) < 2:
        return set()
    shared = 0
    for level in zip(*paths, strict=False):
        if len(set(level)) > 1:
            break
        shared += 1
    return {path[: shared + 1] for path in paths if len(path) > shared}


def cluster_of(destination: Body, path: str, hubs: Hubs) -> str:
    """The name of the environment that a destination is; empty where it cannot be known."""
    name, server = text(destination.get("name")), text(destination.get("server"))
    if holds_unknown(name) or holds_unknown(server):
        return ""
    if name:
        return hubs.cluster(path) if name == IN_CLUSTER else name
    if not server:
        return ""
    plain = server.rstrip("/")
    if plain in _OWN_SERVERS:
        return hubs.cluster(path)
    return plain.partition("://")[2] or plain


def with_variables(value: str, variables: Mapping[str, str]) -> str:
    """A text with Argo CD's variables put in: others are empty, `$$` is a dollar.

    https://argo-cd.readthedocs.io/en/stable/user-guide/build-environment/
    """

    def one(match: re.Match[str]) -> str:
        name = match["braced"] if match["braced"] is not None else match["plain"]
        if name is None:
            return "$"
        if name.startswith(_REVISIONS):
            return unknown(name)
        return variables.get(name, "")

    return _VARIABLE.sub(one, value)
