"""Guards inside carriers, which no manifest shows to be applied.

A Kyverno rule may never match, a workflow never run, a Policy have no placement, and nothing at all
may read an object of an unknown kind. So a guard in a carrier makes up for none that is removed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from bot.core.resource import GroupKind, Resource, ResourceKey
from bot.core.state import State
from bot.core.states.carriers.kinds import TO_OTHER_CLUSTERS, may_nest
from bot.core.values import Body, mapping, thaw
from bot.core.words import first_of
from bot.kubernetes import kinds
from bot.kubernetes.limiting import limits_others

_POD_SECURITY: Final = "pod-security.kubernetes.io/"


def limiting_kinds(state: State) -> tuple[GroupKind, ...]:
    """Return the kinds of a state whose objects limit others."""
    return tuple(sorted(kind for kind in state.kinds if limits_others(kind)))


def carried_guards(state: State) -> tuple[Resource, ...]:
    """Return the carried resources that limit others, and namespaces that limit their pods."""
    return state.derived(_carried_guards)


def newly_carried(before: State, after: State) -> tuple[Resource, ...]:
    """Return the guards of head in carriers that did not hold them at base."""
    guards = carried_guards(after)
    if not guards:
        return ()
    former = renamed_carriers(before, after)
    places = {(guard.key, carrier_of(guard)) for guard in carried_guards(before)}
    return tuple(
        guard
        for guard in guards
        if (guard.key, former.get(carrier_of(guard), carrier_of(guard))) not in places
    )


def left_carriers(before: State, after: State) -> tuple[Resource, ...]:
    """Return head's guards in plain manifests that base has in a carrier for other clusters."""
    carriers = {str(carrier.key) for carrier in before.of(*TO_OTHER_CLUSTERS)}
    carried = [guard for guard in carried_guards(before) if carrier_of(guard) in carriers]
    if not carried:
        return ()
    former = renamed_carriers(before, after)
    kept = {
        (former.get(carrier_of(guard), carrier_of(guard)), _written_name(guard))
        for guard in carried_guards(after)
    }
    left = (guard for guard in carried if (carrier_of(guard), _written_name(guard)) not in kept)
    now = (after.get(guard.key) for guard in left)
    return tuple(guard for guard in now if guard is not None and guard.source.nesting is None)


def carrier_of(guard: Resource) -> str:
    """Return the key of the outermost carrier of a resource as text, empty where it has none."""
    return guard.source.nesting.carrier if guard.source.nesting is not None else ""


def renamed_carriers(before: State, after: State) -> Mapping[str, str]:
    """Return base's key of each carrier that head has under another name, by head's key.

    Kyverno deletes what a removed policy generated, and generates it anew only for what exists
    later, unless the policy says otherwise.
    https://kyverno.io/docs/policy-types/cluster-policy/generate/#generating-resources-for-existing-triggers
    """
    return after.against(before, _renamed_carriers)


def _renamed_carriers(before: State, after: State) -> Mapping[str, str]:
    changes = after.since(before)
    former = {
        _nameless(change.before): str(change.key)
        for change in changes
        if change.before is not None and change.after is None and _may_be_renamed(change.before)
    }
    if not former:
        return {}
    return {
        str(change.key): former[nameless]
        for change in changes
        if change.after is not None and change.before is None and _may_be_renamed(change.after)
        if (nameless := _nameless(change.after)) in former
    }


def _may_be_renamed(resource: Resource) -> bool:
    if resource.source.nesting is not None or not may_nest(resource.group_kind):
        return False
    spec = resource.at("spec")
    rules = [rule["generate"] for rule in spec["rules"].items() if rule["generate"].exists]
    existing = [node["generateExisting"].value is True for node in (spec, *rules)]
    is_kyverno = resource.group_kind.group == "kyverno.io"
    return not is_kyverno or existing[0] or all(existing[1:])


def _nameless(resource: Resource) -> tuple[GroupKind, str | None, str]:
    """The kind, namespace and content of an object without its name."""
    metadata = mapping(resource.body.get("metadata"))
    rest = {name: value for name, value in metadata.items() if name != "name"}
    content = repr(thaw({**resource.body, "metadata": rest}))
    return (resource.group_kind, resource.namespace, content)


def without_guards(state: State, guards: Collection[Resource]) -> State:
    """Return a state without these carried guards; the state itself where there are none."""
    if not guards:
        return state
    keys = {guard.key for guard in guards}
    return replace(state, resources=tuple(_remaining(state.resources, keys)))


def copies_in_words(guards: Sequence[Resource]) -> str:
    """Return the first of some carried guards in words, and how many more they are."""
    return f"what may never be applied: {first_of([located(guard) for guard in guards], 1)}"


def moved_in_words(guards: Sequence[Resource]) -> str:
    """Return the first of some guards that left their carriers, and how many more they are."""
    guard = first_of([str(guard.key) for guard in guards], 1)
    return f"what is no longer sent to other clusters: {guard}"


def located(guard: Resource) -> str:
    """Return a carried resource and its carrier in words."""
    nesting = guard.source.nesting
    where = f" in {nesting.carrier}" if nesting is not None else ""
    return f"{_written_name(guard)}{where}"


def _written_name(guard: Resource) -> ResourceKey:
    """A carried resource's key without what tells copies in several carriers apart."""
    return replace(guard.key, name=guard.at("metadata", "name").text or guard.key.name)


def _carried_guards(state: State) -> tuple[Resource, ...]:
    resources = state.of(*limiting_kinds(state), kinds.NAMESPACE)
    return tuple(resource for resource in resources if _is_carried_guard(resource))


def _is_carried_guard(resource: Resource) -> bool:
    if resource.source.nesting is None:
        return False
    return limits_others(resource.group_kind) or _limits_pods(resource)


def _limits_pods(resource: Resource) -> bool:
    is_namespace = resource.group_kind == kinds.NAMESPACE
    return is_namespace and any(label.startswith(_POD_SECURITY) for label in resource.labels)


def _remaining(resources: Iterable[Resource], keys: Collection[ResourceKey]) -> Iterator[Resource]:
    for resource in resources:
        if resource.key not in keys:
            yield resource
        elif not limits_others(resource.group_kind):
            yield _unlabelled(resource)


def _unlabelled(namespace: Resource) -> Resource:
    """The namespace, for what refers to it, without the labels that limit its pods."""
    metadata = mapping(namespace.body.get("metadata"))
    labels = {
        name: value
        for name, value in mapping(metadata.get("labels")).items()
        if not name.startswith(_POD_SECURITY)
    }
    body: Body = {**namespace.body, "metadata": {**metadata, "labels": labels}}
    return Resource.of(namespace.key, body, namespace.source)
