"""Guards that only a carrier holds, of which no manifest shows that anything applies them.

A Kyverno rule may never match, a workflow never run, a Policy have no placement, and nothing at all
may read an object of an unknown kind. So a guard in a carrier makes up for none that is removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from bot.core.resource import GroupKind, Resource
from bot.core.state import State
from bot.core.values import Body, mapping
from bot.kubernetes import kinds
from bot.kubernetes.limiting import limits_others

_POD_SECURITY: Final = "pod-security.kubernetes.io/"


def limiting_kinds(state: State) -> tuple[GroupKind, ...]:
    """Return the kinds of a state whose objects limit others."""
    return tuple(sorted(kind for kind in state.kinds if limits_others(kind)))


def carried_guards(state: State) -> tuple[Resource, ...]:
    """Return the carried resources that limit others, with namespaces that limit their pods."""
    return state.derived(_carried_guards)


def without_carried_guards(state: State) -> State:
    """Return a state without what its carried resources limit; itself where they limit nothing."""
    if not carried_guards(state):
        return state
    return replace(state, resources=tuple(_remaining(state.resources)))


def located(guard: Resource) -> str:
    """Return a carried resource and its carrier in words."""
    nesting = guard.source.nesting
    name = guard.at("metadata", "name").text or guard.key.name
    where = f" in {nesting.carrier}" if nesting is not None else ""
    return f"{replace(guard.key, name=name)}{where}"


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


def _remaining(resources: Iterable[Resource]) -> Iterator[Resource]:
    for resource in resources:
        if not _is_carried_guard(resource):
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
