"""New owners that may not apply by themselves what they take over.

A guard that such an owner takes from one that certainly applied it may be gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import Node, Resource, route_text
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.apply.idle.failing_owners import undecrypted, unhealthy
from bot.kubernetes.apply.idle.readiness import is_certainly_ready
from bot.kubernetes.gitops.argocd.source import source_nodes
from bot.kubernetes.gitops.owners import OWNERS, application_spec, owners_of
from bot.kubernetes.limiting import limits_others

_SHARD: Final = "sharding.fluxcd.io/key"
_PAIRS: Final = {"(": ")", "[": "]", "{": "}"}
_BINDINGS: Final = (kinds.ROLE_BINDING, kinds.CLUSTER_ROLE_BINDING)
_STATES: Final = ("current", "inProgress", "failed")


def uncertainty(owner: Resource, before: State, after: State) -> Node | None:
    """Return the field by which a new owner may apply nothing by itself, or may not be created.

    What an owner of base says in the same words is taken to work.
    """
    pending, seen = [owner], {owner.key}
    while pending:
        current = pending.pop()
        field = _by_itself(current, before, after)
        if field is not None:
            return field
        parents = [parent.resource for parent in owners_of(current, after)]
        if len(parents) == 1 and parents[0].key not in seen:
            pending += parents
            seen.add(parents[0].key)
    return None


def _by_itself(owner: Resource, before: State, after: State) -> Node | None:
    manual = manual_sync(owner)
    if manual is not None or before.get(owner.key) is not None:
        return manual
    taking = owner.at("spec", "install", "disableTakeOwnership")
    if taking.value is True:
        return taking
    by_base = {_words(field) for one in before.of(*OWNERS) for field in _doubts(one, after)}
    return next((field for field in _doubts(owner, after) if _words(field) not in by_base), None)


def _words(field: Node) -> tuple[str | None, str, str | None]:
    return (field.resource.namespace, route_text(field.route[-1:]), field.text)


def takes_over(resource: Resource, before: State, after: State) -> bool:
    """Return whether a guard replaces one that an owner of base applied by itself.

    That is the same object, or one of its kind and namespace that head has no more.
    """
    if not limits_others(resource.group_kind):
        return False
    old = before.get(resource.key)
    replaced = (
        [old]
        if old is not None
        else [
            change.before
            for change in after.since(before)
            if change.after is None
            and change.before is not None
            and change.before.group_kind == resource.group_kind
            and change.before.namespace == resource.namespace
        ]
    )
    owners = [owner for one in replaced for owner in owners_of(one, before)]
    return any(manual_sync(owner.resource) is None for owner in owners)


def manual_sync(owner: Resource) -> Node | None:
    """Return the field because of which only a person syncs an Application, or those of a set.

    https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/
    """
    if owner.group_kind not in kinds.APPLICATIONS:
        return None
    automated = application_spec(owner)["syncPolicy"]["automated"]
    if automated.value is None:
        return automated
    return automated["enabled"] if automated["enabled"].value is False else None


def _doubts(owner: Resource, state: State) -> Iterator[Node]:
    if owner.group_kind in kinds.FLUX_OWNERS:
        yield from _of_flux(owner, state)
    elif owner.group_kind in kinds.APPLICATIONS:
        yield from _of_argo(owner, state)


def _of_flux(owner: Resource, state: State) -> Iterator[Node]:
    """The fields by which Flux may not apply an owner.

    https://fluxcd.io/flux/components/kustomize/kustomizations/ and
    https://fluxcd.io/flux/installation/configuration/sharding/; a release takes over an object of
    something else unless `disableTakeOwnership` is set.
    """
    spec = owner.at("spec")
    for item in spec["dependsOn"].items():
        if not is_certainly_ready(item["readyExpr"].text or ""):
            yield item["readyExpr"]
    for item in spec["healthCheckExprs"].items():
        yield from (item[name] for name in _STATES if not _is_balanced(item[name].text or ""))
    shard = owner.at("metadata", "labels", _SHARD)
    if shard.text:
        yield shard
    account = spec["serviceAccountName"]
    if account.text and not spec["kubeConfig"].exists and not _is_bound(owner, state):
        yield account
    yield from undecrypted(owner, state)
    yield from unhealthy(owner, state)


def _of_argo(owner: Resource, state: State) -> Iterator[Node]:
    """The fields by which Argo CD may refuse to compare or build an Application.

    https://argo-cd.readthedocs.io/en/stable/user-guide/kustomize/#custom-kustomize-versions
    """
    spec = application_spec(owner)
    for item in spec["ignoreDifferences"].items():
        for expression in item["jqPathExpressions"].items():
            if not _is_balanced(expression.text or ""):
                yield expression
    for source in source_nodes(spec):
        version = source["kustomize"]["version"]
        if version.text and not _is_registered(version.text, state):
            yield version


def _is_bound(owner: Resource, state: State) -> bool:
    """Whether a binding here gives an owner's account any rights."""
    account = ("ServiceAccount", owner.at("spec", "serviceAccountName").text, owner.namespace)
    return any(
        account == (subject["kind"].text, subject["name"].text, subject["namespace"].text)
        for binding in state.of(*_BINDINGS)
        for subject in binding.at("subjects").items()
    )


def _is_registered(version: str, state: State) -> bool:
    """Whether the settings of Argo CD name a version of kustomize."""
    keys = {f"kustomize.version.{version}", f"kustomize.path.{version}"}
    return any(
        keys & settings.at("data").mapping.keys()
        for settings in state.of(kinds.CONFIG_MAP)
        if settings.name == "argocd-cm"
    )


def _is_balanced(expression: str) -> bool:
    """Whether every bracket and quote of an expression is closed; else it does not compile."""
    pending: list[str] = []
    quote, is_escaped = "", False
    for character in expression:
        if is_escaped or character == "\\":
            is_escaped = not is_escaped
        elif quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in _PAIRS:
            pending.append(_PAIRS[character])
        elif character in _PAIRS.values() and (not pending or pending.pop() != character):
            return False
    return not pending and not quote
