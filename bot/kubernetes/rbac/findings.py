"""Findings about gained grants: one a cause, with its sentence, table, steps and facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from itertools import islice
from types import MappingProxyType
from typing import Final

from bot.core.finding import Finding, Related, Severity, Steps, Table
from bot.core.resource import Node
from bot.core.values import Value
from bot.kubernetes.rbac import wording
from bot.kubernetes.rbac.catalogue import CLUSTER_ADMIN
from bot.kubernetes.rbac.causes import GrantCause
from bot.kubernetes.rbac.defaults.builtin import is_builtin
from bot.kubernetes.rbac.gains import Gain
from bot.kubernetes.rbac.judgement import Judgement
from bot.kubernetes.rbac.risks import Risk
from bot.kubernetes.rbac.rule_pairs import within
from bot.kubernetes.rbac.rule_sets import Box, Target
from bot.kubernetes.rbac.rules import CLUSTER, Atom
from bot.kubernetes.rbac.sentences import abilities
from bot.kubernetes.rbac.subjects import Subject

MOST_FACTS: Final = 5_000
"""Grants that the facts of one finding list; beyond it `grantsTotal` says how many there are."""
_MOST_ROWS: Final = 20
_MOST_ITEMS: Final = 50
_MOST_RELATED: Final = 5


def privilege_added(
    cause: GrantCause, gains: Sequence[Gain], judge: Judgement, most: int = MOST_FACTS
) -> Finding:
    """The finding for the grants that one change causes. Its facts list at most `most` grants."""
    severity = judge.worst(gains)
    risks = judge.carried(gains)
    subjects = wording.who(gain.subject for gain in gains if gain.subject is not None)
    return Finding(
        node=_place(cause, gains, judge, severity),
        message=f"{subjects} can now {abilities(gains, judge, by_role=cause.binds)}",
        severity=severity,
        key=_key(cause),
        facts=facts(gains, risks, most),
        side=cause.side,
        related=() if cause.binds else tuple(islice(_bound(gains), _MOST_RELATED)),
        details=(table(gains), *_steps(gains, risks, judge)),
    )


def role_widened(cause: GrantCause, gains: Sequence[Gain], judge: Judgement) -> Finding:
    """The finding for a widened role to which nobody here is bound, one severity lower."""
    severity = judge.worst(gains)
    roles = dict.fromkeys(gain.sourced.chain[0] for gain in gains)
    named = wording.listed(tuple(map(str, roles)), "other roles", 2)
    allow = "allow" if len(roles) > 1 else "allows"
    risks = judge.carried(gains)
    return Finding(
        node=_place(cause, gains, judge, severity),
        message=f"{named} newly {allow} whoever is bound to {'them' if len(roles) > 1 else 'it'}"
        f" to {abilities(gains, judge)}",
        severity=severity.lower(),
        key=_key(cause),
        facts=facts(gains, risks),
        side=cause.side,
        details=(table(gains),),
    )


def _place(cause: GrantCause, gains: Sequence[Gain], judge: Judgement, severity: Severity) -> Node:
    """The node of the cause; in a list that grew, the first item that is as bad as the whole."""
    if not cause.field or severity == Severity.NOTICE:
        return cause.node
    entry = cause.node.resource.root
    for step in cause.node.route[:2]:
        entry = entry[step] if isinstance(step, str) else tuple(entry.items())[step.index]
    for item in islice(entry[cause.field].items(), _MOST_ITEMS):
        for gain in gains:
            part = within(gain.box, cause.field, item.text)
            if part is not None and judge.severity(replace(gain, box=part)) == severity:
                return item
    return cause.node


def _key(cause: GrantCause) -> str:
    """The key that tells apart the rules of one role: what the rule is about."""
    route = cause.node.route
    if not route or route[0] != "rules" or cause.side == "LEFT":
        return ""
    rules = tuple(cause.node.resource.at("rules").items())
    step = route[1] if len(route) > 1 else ""
    rule = rules[step.index] if not isinstance(step, str) else rules[0]
    words = (*rule["apiGroups"].texts, *rule["resources"].texts, *rule["nonResourceURLs"].texts)
    return " ".join(words)[:200]


def facts(
    gains: Iterable[Gain], risks: Iterable[Risk], most: int = MOST_FACTS
) -> Mapping[str, Value]:
    """The grants one by one and their risks, for machines."""
    boxes = {(gain.subject, gain.scope, gain.box): None for gain in gains}
    total = sum(box.size for _, _, box in boxes)
    holders = {who: _holder(who) for who, _, _ in boxes}
    atoms = ((who, scope, atom) for who, scope, box in boxes for atom in box.atoms())
    entries: dict[tuple[Subject | None, str, Atom], Value] = {}
    for who, scope, atom in islice(atoms, most):
        entries[who, scope, atom] = _fact(holders[who], scope, atom)
    content: dict[str, Value] = {
        "grants": tuple(entries.values()),
        "risks": tuple(dict.fromkeys(risk.id for risk in risks)),
    }
    if total > most:
        content["grantsTotal"] = total
        # An approval rests on the grants, also on those that are not listed.
        listed = "\n".join(sorted(map(repr, boxes)))
        content["grantsDigest"] = blake2b(listed.encode(), digest_size=16).hexdigest()
    return MappingProxyType(content)


def _holder(subject: Subject | None) -> Value:
    return MappingProxyType(subject.facts) if subject is not None else None


def _fact(holder: Value, scope: str, atom: Atom) -> Value:
    fact: dict[str, Value] = {"subject": holder, "scope": scope, "verb": atom.verb}
    if atom.group is None:
        fact["nonResourceURL"] = atom.resource
    else:
        fact |= {"apiGroup": atom.group, "resource": atom.resource, "resourceName": atom.name}
    return MappingProxyType(fact)


def table(gains: Iterable[Gain]) -> Table:
    """The grants as a table for people."""
    rows = grant_rows(gains)
    remaining = len(rows) - _MOST_ROWS
    more = [(f"and {remaining} more rows", "", "", "", "")] if remaining > 0 else []
    return Table(("Who", "Where", "May", "On", "Named"), (*rows[:_MOST_ROWS], *more))


def grant_rows(
    gains: Iterable[Gain], most: int | None = None
) -> list[tuple[str, str, str, str, str]]:
    """Rows of who, where, verbs, resources and names, at most this many.

    Grants that differ in one list only share a row.
    """
    grouped: dict[tuple[str, ...], dict[Target, None]] = {}
    for gain in gains:
        row = (
            str(gain.subject) if gain.subject is not None else str(gain.sourced.chain[0]),
            "cluster" if gain.scope == CLUSTER else gain.scope,
            ", ".join(gain.box.verbs),
            ", ".join(name or '""' for name in gain.box.names if name is not None),
        )
        grouped.setdefault(row, {}).update(dict.fromkeys(gain.box.targets))
    return [
        (holder, scope, verbs, _resources(targets), names)
        for (holder, scope, verbs, names), targets in islice(grouped.items(), most)
    ]


def _resources(targets: Iterable[Target]) -> str:
    boxes = [Box(("",), tuple(targets))]
    return wording.resources(boxes, 12)


def _steps(gains: Sequence[Gain], risks: Sequence[Risk], judge: Judgement) -> Iterator[Steps]:
    """The steps from the worst of the gains to further rights, with the account on the way."""
    worst = next((risk for risk in risks if risk.steps), None)
    if worst is None or CLUSTER_ADMIN in risks:
        return
    scopes = {gain.scope for gain in gains if worst in judge.risks(gain)}
    target = judge.strongest(CLUSTER if CLUSTER in scopes else min(scopes))
    reached = () if target is None else (f"In reach is {target}, which may do everything.",)
    yield Steps("How this leads to further permissions", (*worst.steps, *reached))


def _bound(gains: Iterable[Gain]) -> Iterator[Related]:
    """The bindings that give the subjects what a role allows."""
    seen: set[str] = set()
    for gain in gains:
        if gain.binding is None or gain.subject is None or is_builtin(gain.binding.resource):
            continue
        node = gain.binding.subject_node(gain.subject)
        if str(node) not in seen:
            seen.add(str(node))
            yield Related(node, f"{gain.subject} is bound to {gain.binding.role} here")
