"""Carriers that change in place beside a guard that they carry, which then may not arrive.

Such a field is a Kyverno rule's `match`, a Policy's placement, or a set's selector of clusters.
Only the cluster knows what it selects, so that anything but a wider selection counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from bot.core.resource import Node, Resource, ResourceKey, Route
from bot.core.state import State
from bot.core.states.carriers.kinds import CLUSTER_RESOURCE_SET
from bot.core.values import Body, mapping, sequence
from bot.kubernetes.apply.carriers.by_kind import carriers
from bot.kubernetes.apply.carriers.guards import carried_guards, carrier_of, renamed_carriers
from bot.kubernetes.apply.carriers.placements import lost_placements
from bot.records import dataclass

_CARRIED_BY_SET: Final = ("spec", "resources")
_DESCRIBING: Final = frozenset({"apiVersion", "kind", "metadata", "name", "severity", "status"})
"""Fields that describe an object, and do not say where it goes."""
_HANDLED: Final = frozenset({"managementPolicies", "manifestConfigs", "strategy", "synchronize"})
"""Fields that say whether an object is updated, which its handling compares."""
_OF_OTHER_RULES: Final = frozenset(
    {
        "background",
        "customMessage",
        "emitWarning",
        "evaluationInterval",
        "failurePolicy",
        "schemaValidation",
        "useServerSideApply",
        "validationFailureAction",
        "validationFailureActionOverrides",
        "webhookTimeoutSeconds",
    }
)
"""Fields of Kyverno and of Open Cluster Management that matter to no carried object."""
_SWITCHES: Final = frozenset(
    {
        "condition",
        "conditions",
        "disabled",
        "enabled",
        "exclude",
        "if",
        "match",
        "paused",
        "preconditions",
        "suspend",
        "suspended",
        "targets",
        "when",
    }
)
"""What may switch off an object of a kind that nothing here knows."""
_REFUSING: Final = frozenset(
    {
        "celPreconditions",
        "dependencies",
        "dependsOn",
        "disabled",
        "exclude",
        "extraDependencies",
        "matchConditions",
        "paused",
        "preconditions",
        "suspend",
        "suspended",
    }
)
"""Fields without which more is applied."""


@dataclass(frozen=True, slots=True)
class ScopeChange:
    """A field that decides where a carrier applies a guard, and that changes beside it."""

    field: Node
    guard: Resource


def scope_changes(before: State, after: State) -> Iterator[ScopeChange]:
    """Yield the fields by which carriers of base may no longer apply their guards, each once."""
    reported: set[tuple[ResourceKey, Route]] = set()
    for change in _scope_changes(before, after):
        place = (change.field.resource.key, change.field.route)
        if place not in reported:
            reported.add(place)
            yield change


def _scope_changes(before: State, after: State) -> Iterator[ScopeChange]:
    old, new = before.derived(_guards_by_carrier), after.derived(_guards_by_carrier)
    former = renamed_carriers(before, after) if old and new else {}
    for name in new if old else ():
        base_name = former.get(name, name)
        base_carrier = before.derived(carriers).get(base_name)
        head_carrier = after.derived(carriers).get(name)
        shared = old.get(base_name, {}).keys() & new[name].keys()
        if base_carrier is None or head_carrier is None or not shared:
            continue
        first = new[name][min(shared, key=lambda key: key.sort_key)]
        for field in lost_placements(base_carrier, head_carrier, before, after):
            yield ScopeChange(field, first)
        for key in shared:
            guard = new[name][key]
            for field in _narrowed(base_carrier, old[base_name][key], head_carrier, guard):
                yield ScopeChange(field, guard)


def _guards_by_carrier(state: State) -> Mapping[str, Mapping[ResourceKey, Resource]]:
    by_carrier: dict[str, dict[ResourceKey, Resource]] = {}
    for guard in carried_guards(state):
        by_carrier.setdefault(carrier_of(guard), {})[guard.key] = guard
    return by_carrier


def _narrowed(old: Resource, was: Resource, new: Resource, guard: Resource) -> Iterator[Node]:
    """Yield the fields beside the way from a carrier to its guard that may narrow its scope."""
    if old.encoded == new.encoded:
        return
    is_set = new.group_kind == CLUSTER_RESOURCE_SET
    ways = [_CARRIED_BY_SET if is_set else _steps(side) for side in (was, guard)]
    is_known = guard.source.nesting is not None and guard.source.nesting.known
    for one, other in zip(_on_way(old, ways[0]), _on_way(new, ways[1]), strict=False):
        if one.step != other.step and not isinstance(one.step, int):
            return
        for name in sorted(one.node.mapping.keys() | other.node.mapping.keys()):
            if name == other.step or not _decides(name, is_known=is_known):
                continue
            if not _is_wider(name, one.node[name], other.node[name]):
                yield other.node[name] if other.node[name].exists else other.node


@dataclass(frozen=True, slots=True)
class _OnWay:
    """A field or item on the way to a carried object, and the step that leads on from it."""

    node: Node
    step: str | int


def _steps(guard: Resource) -> tuple[str | int, ...]:
    return guard.source.nesting.steps if guard.source.nesting is not None else ()


def _on_way(carrier: Resource, steps: Iterable[str | int]) -> Iterator[_OnWay]:
    node = carrier.root
    for step in steps:
        yield _OnWay(node, step)
        items = tuple(node.items())
        if isinstance(step, str):
            node = node[step]
        elif step < len(items):
            node = items[step]


def _decides(name: str, *, is_known: bool) -> bool:
    """Whether a field may decide where a carried object is applied."""
    if not is_known:
        return name in _SWITCHES or name.lower().endswith("selector")
    return name not in _DESCRIBING | _HANDLED | _OF_OTHER_RULES


def _is_wider(name: str, old: Node, new: Node) -> bool:
    """Whether a field selects at least what it selected."""
    if old.value == new.value:
        return True
    if name in _REFUSING:
        return not new.value
    if name == "enabled":
        return new.value is not False
    if name.lower().endswith("selector"):
        return _selects_more(old.mapping, new.mapping)
    return name == "match" and _matches_more(old.mapping, new.mapping)


def _matches_more(old: Body, new: Body) -> bool:
    """Whether a match has all alternatives of another one, and equals it otherwise."""
    rest = [{name: side[name] for name in side if name != "any"} for side in (old, new)]
    alternatives = sequence(new.get("any"))
    return rest[0] == rest[1] and all(one in alternatives for one in sequence(old.get("any")))


def _selects_more(old: Body, new: Body) -> bool:
    """Whether a label selector requires no more than another one.

    An empty one selects everything or nothing, depending on who reads it.
    """
    if not new or not old:
        return False
    labels = [mapping(side.get("matchLabels")).items() for side in (old, new)]
    expressions = [sequence(side.get("matchExpressions")) for side in (old, new)]
    rest = [
        {name: side[name] for name in side if name not in ("matchLabels", "matchExpressions")}
        for side in (old, new)
    ]
    return (
        labels[1] <= labels[0]
        and all(one in expressions[0] for one in expressions[1])
        and rest[0] == rest[1]
        and any((*labels[1], *expressions[1]))
    )
