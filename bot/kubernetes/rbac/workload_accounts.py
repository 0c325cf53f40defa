"""Accounts of workloads: the account that pods run as, and the tokens that they mount."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from bot.core.finding import Finding, Related, Severity, Side, Table
from bot.core.resource import Node, Resource, ResourceKey, route_text
from bot.core.state import State, changes
from bot.core.values import Value
from bot.kubernetes import kinds
from bot.kubernetes.causes import ChangedPosition, changed_place
from bot.kubernetes.rbac.findings import facts, table
from bot.kubernetes.rbac.gains import Gain, beyond, compare
from bot.kubernetes.rbac.judgement import Judgement
from bot.kubernetes.rbac.sentences import abilities
from bot.kubernetes.rbac.subjects import ANY_ACCOUNT, Subject, account
from bot.kubernetes.workloads.pods import PodTemplate, effective_pod_templates
from bot.kubernetes.workloads.service_accounts import automounts
from bot.kubernetes.workloads.template_paths import TEMPLATED
from bot.records import dataclass

WorkloadCode: TypeAlias = Literal[
    "WL-SA-CHANGED", "WL-SA-MISSING", "WL-TOKEN-MOUNTED", "WL-PROJECTED-TOKEN"
]
DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True)
class _Pair:
    """The same pod template at base and at head."""

    before: State
    after: State
    old: PodTemplate
    new: PodTemplate


def workload_account_changes(before: State, after: State) -> Iterator[Finding]:
    """What a change does to the accounts and tokens of workloads that exist on both sides."""
    for change in changes(before, after, *TEMPLATED):
        if change.before is None or change.after is None:
            continue
        old = {
            _place(template): template
            for template in effective_pod_templates(change.before, before)
        }
        for new in effective_pod_templates(change.after, after):
            if _place(new) in old:
                yield from _changed(_Pair(before, after, old[_place(new)], new))
    yield from _missing(before, after)


def _place(template: PodTemplate) -> str:
    return route_text(template.node.route)


def _changed(pair: _Pair) -> Iterator[Finding]:
    if pair.old.service_account != pair.new.service_account:
        yield _swapped(pair)
    elif _mounts(pair.new, pair.after) and not _mounts(pair.old, pair.before):
        yield from _mounted(pair)
    yield from _projected(pair)


def _subject(template: PodTemplate) -> Subject:
    return account(template.namespace, template.service_account)


def _swapped(pair: _Pair) -> Finding:
    old, new = _subject(pair.old), _subject(pair.new)
    comparison = compare(pair.before, pair.after)
    judge = Judgement.of(pair.after, comparison.after)
    gained = tuple(beyond(comparison.after, new, comparison.before, old))
    lost = tuple(beyond(comparison.before, old, comparison.after, new))
    effect = _effect(pair, gained, lost, judge)
    node, side = _cause(pair.new.service_account_node, pair.old.service_account_node)
    content = facts(gained, judge.carried(gained))
    return Finding(
        node=node,
        message=f"Pods of {pair.new} run as {new} instead of {old}: {effect}",
        severity=judge.worst(gained),
        key="WL-SA-CHANGED",
        facts=_facts("WL-SA-CHANGED", pair.new.owner, old=old.name, new=new.name, **content),
        side=side,
        details=tuple(_tables(gained, lost)),
    )


def _effect(pair: _Pair, gained: tuple[Gain, ...], lost: tuple[Gain, ...], judge: Judgement) -> str:
    """What another account gives the pods and takes from them, as far as that is known."""
    loses = " and lose others" if lost else ""
    if gained:
        return f"they gain the right to {abilities(gained, judge)}{loses}"
    if pair.new.service_account != DEFAULT and _account(pair.new, pair.after) is None:
        # Whatever defines the account may also bind it to roles.
        return "no manifest here defines that account, so its rights are not known"
    return f"they gain no rights{loses}"


def _tables(gained: tuple[Gain, ...], lost: tuple[Gain, ...]) -> Iterator[Table]:
    for title, gains in (("Gained by", gained), ("Lost by", lost)):
        if gains:
            rows = table(gains)
            yield Table((title, *rows.columns[1:]), rows.rows)


def _mounts(template: PodTemplate, state: State) -> bool:
    """Whether the pods mount a token; the pod's setting overrides the account's."""
    explicit = template.automount_node.boolean
    return automounts(_account(template, state)) if explicit is None else explicit


def _account(template: PodTemplate, state: State) -> Resource | None:
    name = template.service_account
    return state.get(ResourceKey("", "ServiceAccount", template.namespace, name))


def _mounted(pair: _Pair) -> Iterator[Finding]:
    """A token that is newly mounted because of the workload's own settings."""
    if pair.old.automount_node.boolean == pair.new.automount_node.boolean:
        return  # the account's own setting changed, which is reported on the account
    who = _subject(pair.new)
    comparison = compare(pair.before, pair.after)
    judge = Judgement.of(pair.after, comparison.after)
    grants = tuple(beyond(comparison.after, who, comparison.after, ANY_ACCOUNT))
    node, side = _cause(pair.new.automount_node, pair.old.automount_node)
    with_it = f" and can {abilities(grants, judge)}" if grants else ""
    yield Finding(
        node=node,
        message=f"Pods of {pair.new} now mount the token of {who}{with_it}",
        severity=judge.worst(grants),
        key="WL-TOKEN-MOUNTED",
        facts=_facts("WL-TOKEN-MOUNTED", pair.new.owner, **facts(grants, judge.carried(grants))),
        side=side,
    )


def _projected(pair: _Pair) -> Iterator[Finding]:
    """Tokens for an audience for which the pods had no token."""
    had = {audience for audience, _ in _tokens(pair.old)}
    for audience, node in _tokens(pair.new):
        if audience in had:
            continue
        had.add(audience)
        whom = f"for {audience!r}" if audience else "for the API server"
        yield Finding(
            node=node,
            message=f"Pods of {pair.new} now mount a token of {_subject(pair.new)} {whom}",
            severity=Severity.NOTICE,
            key=f"WL-PROJECTED-TOKEN {audience}",
            facts=_facts("WL-PROJECTED-TOKEN", pair.new.owner, audience=audience or None),
        )


def _tokens(template: PodTemplate) -> Iterator[tuple[str, Node]]:
    for volume in template.spec["volumes"].items():
        for source in volume["projected"]["sources"].items():
            token = source["serviceAccountToken"]
            if token.exists:
                yield token["audience"].text or "", token


def _missing(before: State, after: State) -> Iterator[Finding]:
    """Workloads at head that name an account that base had and head does not have."""
    gone = {
        (change.key.namespace or "", change.key.name): change.before
        for change in changes(before, after, kinds.SERVICE_ACCOUNT)
        if change.after is None and change.before and change.key.name != DEFAULT
    }
    if not gone:
        return
    for space in sorted({namespace for namespace, _ in gone}):
        for resource in after.of(*TEMPLATED, namespace=space):
            for template in effective_pod_templates(resource, after):
                removed = gone.get((space, template.service_account))
                if removed is not None:
                    yield _refused(template, removed, before)


def _refused(template: PodTemplate, removed: Resource, before: State) -> Finding:
    """A finding on the workload's field where it changed, else on the account that is gone."""
    place = ChangedPosition(removed.at("metadata", "name"), "LEFT")
    cause = changed_place(before, (template.service_account_node,)) or place
    return Finding(
        node=cause.node,
        message=f"Pods of {template} run as {_subject(template)}, which this change removes: they"
        " are no longer admitted",
        severity=Severity.ERROR,
        key="WL-SA-MISSING",
        facts=_facts("WL-SA-MISSING", template.owner, account=template.service_account),
        side=cause.side,
        related=(Related(template.service_account_node, "runs as it"),),
    )


def _cause(new: Node, old: Node) -> tuple[Node, Side]:
    """The field at head; where head does not have it, the field at base."""
    return (old, "LEFT") if not new.exists and old.exists else (new, "RIGHT")


def _facts(code: WorkloadCode, owner: Resource, **more: Value) -> Mapping[str, Value]:
    return MappingProxyType({"code": code, "object": str(owner.key), **more})
