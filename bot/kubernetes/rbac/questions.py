"""Questions to one commit: who can do something, and what a subject can do."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from bot.kubernetes.rbac.authority import Authority, RoleEdge, Sourced
from bot.kubernetes.rbac.defaults.builtin import builtin_objects
from bot.kubernetes.rbac.effect import effective
from bot.kubernetes.rbac.objects import Binding, Role, read
from bot.kubernetes.rbac.rule_sets import Box, uncovered
from bot.kubernetes.rbac.rules import ALL, CLUSTER, Atom, RbacRule
from bot.kubernetes.rbac.subjects import Subject, group, memberships, user
from bot.records import dataclass

_OLD_GROUP = "extensions"


@dataclass(frozen=True, slots=True)
class Holding:
    """A subject, the role that a binding gives it, and the part of one rule that has an effect."""

    edge: RoleEdge
    binding: Binding
    sourced: Sourced
    boxes: tuple[Box, ...]


def who_can(authority: Authority, atom: Atom, namespace: str | None) -> Iterator[Holding]:
    """Who may do this in the namespace; a namespace None is any, a name None is some object."""
    for edge, bindings in authority.edges.items():
        if namespace is not None and edge.scope not in (CLUSTER, namespace):
            continue
        for sourced in authority.resolve(edge.role):
            if _allows(sourced.rule, atom) and _acts(authority, sourced.rule, atom, edge.scope):
                for binding in bindings:
                    yield Holding(edge, binding, sourced, ())


def grants_of(authority: Authority, subject: Subject) -> Iterator[Holding]:
    """What this subject may do, by itself and by the groups that it is a member of."""
    for holder in (subject, *memberships(subject)):
        for edge in authority.by_subject.get(holder, ()):
            for sourced in authority.resolve(edge.role):
                boxes = tuple(uncovered(sourced.rule, (), edge.scope, authority.scoped))
                if boxes:
                    yield Holding(edge, authority.edges[edge][0], sourced, boxes)


def parse_resource(text: str, name: str | None = None, verb: str = "") -> Atom:
    """The resource of a question: `secrets`, `deployments.apps/scale` or `/metrics`.

    A name without a group belongs to the one group in which Kubernetes has that resource.
    """
    if text.startswith("/"):
        return Atom(verb, None, text)
    main, slash, subresource = text.partition("/")
    resource, dot, of = main.partition(".")
    if not dot:
        of = _groups().get(resource, "")
    return Atom(verb, of, f"{resource}{slash}{subresource}", name)


def parse_subject(text: str) -> Subject | None:
    """The subject in `ServiceAccount/shop/api`, `User/jane`, `Group/team` or a user name."""
    kind, slash, rest = text.partition("/")
    if text.startswith("system:serviceaccount:"):
        return user(text)
    if not slash or not rest:
        return None
    if kind.lower() in ("serviceaccount", "sa"):
        namespace, slash, name = rest.partition("/")
        return Subject("ServiceAccount", namespace, name) if slash and name else None
    return {"user": user, "group": group}.get(kind.lower(), lambda _: None)(rest)


@cache
def _groups() -> dict[str, str]:
    """The group of every resource that built-in roles name; of two groups, the current one."""
    groups: dict[str, str] = {}
    for resource in builtin_objects(None).values():
        role = read(resource)
        for rule in role.rules if isinstance(role, Role) else ():
            for of in rule.groups:
                for name in rule.resources:
                    if of not in (ALL, _OLD_GROUP, "metrics.k8s.io", "events.k8s.io"):
                        groups.setdefault(name.partition("/")[0], of)
    return groups


def _allows(rule: RbacRule, atom: Atom) -> bool:
    if not rule.admits_verb(atom.verb):
        return False
    if atom.group is None:
        return rule.admits_url(atom.resource)
    named = atom.name is None or rule.admits_name(atom.name)
    return named and rule.admits_group(atom.group) and rule.admits_resource(atom.resource)


def _acts(authority: Authority, rule: RbacRule, atom: Atom, scope: str) -> bool:
    """Whether the rule allows the atom in this scope, for at least one of the rule's names."""
    names = (atom.name,) if atom.name is not None else rule.objects
    return any(effective(atom._replace(name=name), scope, authority.scoped) for name in names)
