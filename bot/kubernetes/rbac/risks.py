"""Risks: what a grant makes possible beyond its text, and how far that reaches."""

from __future__ import annotations

from enum import IntEnum
from fnmatch import fnmatchcase
from typing import Final, TypeAlias

from bot.kubernetes.rbac.effect import Scoped, effective
from bot.kubernetes.rbac.rule_sets import Box
from bot.kubernetes.rbac.rules import ALL, CLUSTER, Atom, RbacRule
from bot.records import dataclass

Rules: TypeAlias = tuple[RbacRule, ...]

ANY_VERB: Final = "(any)"
READ: Final = ("get", "list", "watch")
WRITE: Final = ("create", "update", "patch")
CHANGE: Final = ("update", "patch")
ALTER: Final = (*WRITE, "delete", "deletecollection")


class RiskLevel(IntEnum):
    """How far a risk reaches by itself."""

    NONE = 0
    MEDIUM = 1
    HIGH = 2
    CRITICAL = 3


@dataclass(frozen=True, slots=True)
class Primitive:
    """A condition of a risk: one of the verbs on one of the resources of the group."""

    verbs: tuple[str, ...]
    group: str
    resources: tuple[str, ...]
    names: tuple[str, ...] = ()
    namespace: str = ""

    def held(self, box: Box, scope: str, scoped: Scoped) -> bool:
        """Whether the box allows the primitive. Wildcards allow it; rules without effect do not."""
        if self.namespace and scope not in (CLUSTER, self.namespace):
            return False
        if not self._named(box):
            return False
        any_verb = ANY_VERB in self.verbs
        verbs = box.verbs if any_verb else [v for v in self.verbs if {v, ALL} & {*box.verbs}]
        return any(
            effective(Atom(verb, self.group, resource), scope, scoped)
            for resource in self.resources
            if _reached(box, self.group, resource)
            for verb in verbs
        )

    def allowed(self, rules: Rules) -> bool:
        """Whether one of the rules allows part of the primitive, perhaps for some names only."""
        return any(
            rule.admits_verb(verb)
            and rule.admits_group(self.group)
            and rule.admits_resource(resource)
            for rule in rules
            for verb in self.verbs
            for resource in self.resources
        )

    def _named(self, box: Box) -> bool:
        return not self.names or None in box.names or any(n in box.names for n in self.names)


def on(verbs: tuple[str, ...], group: str, *resources: str) -> Primitive:
    """A primitive of these verbs on these resources of a group, whatever their names."""
    return Primitive(verbs, group, resources)


def _reached(box: Box, group: str, resource: str) -> bool:
    """Whether a target is this resource; a name that ends with a slash is any subresource of it."""
    _, slash, subresource = resource.partition("/")
    patterns = (ALL, resource, f"*/{subresource}") if subresource else (ALL, resource)
    some = bool(slash) and not subresource
    return any(
        target.group in (ALL, group)
        and (target.resource in patterns or (some and target.resource.startswith(resource)))
        for target in box.targets
    )


@dataclass(frozen=True, slots=True)
class Risk:
    """One way to escalate beyond what was granted.

    `act` says what becomes possible (`{every}` stands for "every" or the names), `then` what
    follows. `wide` is the level where the grant holds cluster-wide or in a privileged namespace.
    """

    id: str
    wide: RiskLevel
    narrow: RiskLevel
    primitives: tuple[Primitive, ...]
    act: str
    then: str = ""
    steps: tuple[str, ...] = ()
    needs: tuple[Primitive, ...] = ()

    def complete(self, rules: Rules) -> bool:
        """Whether these rules include what the risk needs beside the grant."""
        return not self.needs or any(needed.allowed(rules) for needed in self.needs)

    def level(self, scope: str, privileged: tuple[str, ...]) -> RiskLevel:
        """How far the risk reaches in this scope."""
        return self.wide if is_wide(scope, privileged) else self.narrow


def is_wide(scope: str, privileged: tuple[str, ...]) -> bool:
    """Whether the scope is the cluster, or a namespace from which the cluster is in reach."""
    return scope == CLUSTER or any(fnmatchcase(scope, pattern) for pattern in privileged)
