"""Causes of grants: the change in the manifests that gives somebody a grant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from bot.core.finding import Side
from bot.core.resource import Node, Resource
from bot.kubernetes.rbac.authority import RoleEdge
from bot.kubernetes.rbac.defaults.builtin import is_builtin
from bot.kubernetes.rbac.gains import Gain, GrantComparison
from bot.kubernetes.rbac.objects import Binding, Role, RoleKey
from bot.kubernetes.rbac.rule_pairs import paired, within
from bot.kubernetes.rbac.rule_sets import Box, Target
from bot.kubernetes.rbac.rules import RbacRule
from bot.records import dataclass

RIGHT: Final[Side] = "RIGHT"


@dataclass(frozen=True, slots=True)
class GrantCause:
    """One change of one object that causes grants, at its node.

    Gains with the same `identity` have the same cause. `binds` says that a subject was bound to a
    role, rather than a role widened. `field` names the list of a rule that was widened; `node` is
    then the first added item that widens it.
    """

    identity: tuple[object, ...]
    node: Node
    side: Side = "RIGHT"
    binds: bool = False
    field: str = ""


def causes(
    comparison: GrantComparison, gains: Iterable[Gain]
) -> tuple[tuple[GrantCause, tuple[Gain, ...]], ...]:
    """The gains grouped by cause, in the order of each cause's first gain.

    A gain is followed from the binding through the role and the roles that it aggregates to the
    rule; the first of these that base did not have is the cause. Objects that only moved or were
    renamed cause nothing.
    """
    places: dict[tuple[object, ...], GrantCause] = {}
    groups: dict[tuple[object, ...], list[Gain]] = {}
    for gain in gains:
        for cause, box in _caused(comparison, gain):
            places.setdefault(cause.identity, cause)
            part = Gain(gain.subject, gain.scope, box, gain.binding, gain.sourced)
            groups.setdefault(cause.identity, []).append(part)
    return tuple((places[identity], tuple(grouped)) for identity, grouped in groups.items())


def _caused(comparison: GrantComparison, gain: Gain) -> Iterator[tuple[GrantCause, Box]]:
    if gain.subject is not None and gain.binding is not None:
        edge = RoleEdge(gain.subject, gain.scope, gain.binding.role)
        if not comparison.had(edge):
            yield _binding(comparison, gain.binding, gain), gain.box
            return
    cause = _role(comparison, gain.sourced.chain)
    if cause is not None:
        yield cause, gain.box
        return
    yield from _rule(comparison, gain)


def _binding(comparison: GrantComparison, binding: Binding, gain: Gain) -> GrantCause:
    """The cause in the binding of a role that is new to the subject."""
    resource, subject = binding.resource, gain.subject
    node = binding.subject_node(subject) if subject is not None else resource.root
    old = comparison.before.bindings.get(resource.key)
    if old is None or generated(resource):
        return GrantCause((resource.key, "new"), node, binds=True)
    if subject in old.subjects and old.role != binding.role:
        return GrantCause((resource.key, "roleRef"), changed_role_ref(old, binding), binds=True)
    return GrantCause((resource.key, "subjects"), node, binds=True)


def generated(resource: Resource) -> bool:
    """Whether the API server generates the name, so that every sync creates a new object."""
    return not resource.at("metadata", "name").exists


def changed_role_ref(old: Binding, new: Binding) -> Node:
    """The deepest node at which the roleRefs of two bindings differ."""
    if old.role.kind != new.role.kind:
        return new.resource.at("roleRef", "kind")
    return new.resource.at("roleRef", "name")


def _role(comparison: GrantComparison, chain: tuple[RoleKey, ...]) -> GrantCause | None:
    """The cause in which roles exist and aggregate which; None where base had all of that."""
    before, after = comparison.before, comparison.after
    for key in chain:
        role = after.roles[key]
        if key not in before.roles:
            return GrantCause((role.resource.key, "new"), role.resource.at("metadata", "name"))
    for outer, inner in pairwise(chain):
        if not before.selects(outer, inner):
            return _selected(comparison, after.roles[outer], after.roles[inner])
    old, new = before.roles[chain[-1]], after.roles[chain[-1]]
    if old.selectors is not None and new.selectors is None:
        node, side = _gone(old.resource.at("aggregationRule"), new.resource)
        return GrantCause((old.resource.key, "aggregationRule"), node, side)
    return None


def _selected(comparison: GrantComparison, outer: Role, inner: Role) -> GrantCause:
    """The cause of a new aggregation of one role by another: a selector or a label."""
    old = comparison.before.roles[outer.key]
    selectors = outer.selectors or ()
    chosen = next(
        place for place, selector in enumerate(selectors) if selector.matches(inner.labels)
    )
    label = _label(
        comparison, tuple(requirement.key for requirement in selectors[chosen].requirements), inner
    )
    if old.selectors != outer.selectors or label is None:
        place = outer.resource.at("aggregationRule", "clusterRoleSelectors")
        return GrantCause((outer.resource.key, "selector", chosen), tuple(place.items())[chosen])
    return label


def _label(comparison: GrantComparison, keys: tuple[str, ...], role: Role) -> GrantCause | None:
    """The label of the role that changed, among those that the selector names."""
    old = comparison.before.roles[role.key]
    for key in keys:
        if old.labels.get(key) == role.labels.get(key):
            continue
        place = ("metadata", "labels", key)
        node, side = role.resource.at(*place), RIGHT
        if key not in role.labels:
            node, side = _gone(old.resource.at(*place), role.resource)
        return GrantCause((role.resource.key, "labels"), node, side)
    return None


def _gone(node: Node, resource: Resource) -> tuple[Node, Side]:
    """The node at base of what head no longer has; None for Kubernetes' built-in objects."""
    if is_builtin(node.resource):
        return resource.at("metadata", "name"), "RIGHT"
    return node, "LEFT"


def _rule(comparison: GrantComparison, gain: Gain) -> Iterator[tuple[GrantCause, Box]]:
    """The causes within the rules of the role that holds the rule."""
    key, place = gain.sourced.chain[-1], gain.sourced.place
    old, new = comparison.before.roles[key], comparison.after.roles[key]
    match = paired(old.rules, new.rules).get(place)
    if match is None:
        # All that the API server adds has one cause.
        written = len(tuple(new.resource.at("rules").items()))
        identity = (new.resource.key, "rule", min(place, written))
        yield GrantCause(identity, _entry(new.resource, place)), gain.box
        return
    rule = old.rules[match]
    yield from _Widened(old.resource, new.resource, rule, match, place).parts(gain.box)


def _entry(resource: Resource, place: int) -> Node:
    """The rule of a role at an index; its name for a rule that the API server adds to it."""
    entries = tuple(resource.at("rules").items())
    return entries[place] if place < len(entries) else resource.at("metadata", "name")


@dataclass(frozen=True, slots=True)
class _Widened:
    """An edited rule: the rule at base, its index there, and its entry at head."""

    base: Resource
    head: Resource
    old: RbacRule
    match: int
    place: int

    def parts(self, box: Box) -> Iterator[tuple[GrantCause, Box]]:
        """The box split by the list whose change causes each part."""
        wider = [t for t in box.targets if not self._admits_resource(t)]
        other = [t for t in box.targets if self._admits_resource(t) and not self._admits_group(t)]
        same = [t for t in box.targets if self._admits_resource(t) and self._admits_group(t)]
        url = wider[0].group is None if wider else False
        yield from self._part("nonResourceURLs" if url else "resources", box.verbs, wider, box)
        yield from self._part("apiGroups", box.verbs, other, box)
        verbs = tuple(verb for verb in box.verbs if not self.old.admits_verb(verb))
        yield from self._part("verbs", verbs, same, box)
        rest = tuple(verb for verb in box.verbs if self.old.admits_verb(verb))
        yield from self._part("resourceNames", rest, same, box)

    def _part(
        self, field: str, verbs: tuple[str, ...], targets: list[Target], box: Box
    ) -> Iterator[tuple[GrantCause, Box]]:
        if verbs and targets:
            part = Box(verbs, tuple(targets), box.names)
            yield self._cause(field, part), part

    def _cause(self, field: str, part: Box) -> GrantCause:
        identity = (self.head.key, "rule", self.place, field)
        entry = _entry(self.head, self.place)
        if field == "resourceNames" and not entry[field].exists:
            node, side = _gone(_entry(self.base, self.match)[field], self.head)
            return GrantCause(identity, node, side)
        items = (item for item in entry[field].items() if within(part, field, item.text))
        return GrantCause(identity, next(items, entry[field]), field=field)

    def _admits_resource(self, target: Target) -> bool:
        if target.group is None:
            return self.old.admits_url(target.resource)
        return self.old.admits_resource(target.resource)

    def _admits_group(self, target: Target) -> bool:
        return target.group is None or self.old.admits_group(target.group)
