"""The findings of a change: which guard newly admits what, and by which field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core.finding import Finding, Severity, Side
from bot.core.resource import Node, ResourceKey
from bot.core.state import State, changes
from bot.kubernetes import kinds
from bot.kubernetes.guardrails.admission import admission_guards
from bot.kubernetes.guardrails.attribution import GuardCause, causes
from bot.kubernetes.guardrails.formulas import Formula, Or
from bot.kubernetes.guardrails.gatekeeper import gatekeeper_guards
from bot.kubernetes.guardrails.guards import Clause, Guard
from bot.kubernetes.guardrails.kyverno import kyverno_guards
from bot.kubernetes.guardrails.kyverno_deletions import (
    DELETIONS,
    deletion_severity,
    kyverno_deletion_guards,
)
from bot.kubernetes.guardrails.kyverno_policies import kyverno_policy_guards
from bot.kubernetes.guardrails.levels import OVERRIDDEN, level_guards
from bot.kubernetes.guardrails.messages import (
    Weakening,
    guard_name,
    loss_message,
    removal_message,
    weakening_message,
)
from bot.kubernetes.guardrails.other_engines import other_guards
from bot.kubernetes.guardrails.requests import compared
from bot.kubernetes.guardrails.search import Relation
from bot.records import dataclass

_SEVERITIES: Final[Mapping[Relation, Severity]] = MappingProxyType(
    {"weakened": Severity.ERROR, "changed": Severity.WARNING, "unknown": Severity.WARNING}
)


def guards_of(state: State) -> Mapping[str, Guard]:
    """The guards of a state by their ids."""
    readers = (
        admission_guards,
        kyverno_guards,
        kyverno_policy_guards,
        kyverno_deletion_guards,
        gatekeeper_guards,
        level_guards,
        other_guards,
    )
    return MappingProxyType({guard.id: guard for read in readers for guard in read(state)})


def guardrails_weakened(before: State, after: State) -> Iterator[Finding]:
    """What the guards of head newly admit."""
    touched = {change.key for change in changes(before, after)}
    base, head = before.derived(guards_of), after.derived(guards_of)
    for name in dict.fromkeys((*base, *head)):
        old, new = base.get(name), head.get(name)
        keys = {*(old.roots if old else ()), *(new.roots if new else ())}
        if keys & touched and not (new is not None and _of_new_namespace(new, before)):
            yield from _Pair(old, new, _stand_ins(head, base, name, old or new)).findings()


def _of_new_namespace(guard: Guard, before: State) -> bool:
    """Whether a guard overrides the level of a namespace that base does not have."""
    namespaces = [key for key in guard.roots if key.group_kind == kinds.NAMESPACE]
    return guard.family == OVERRIDDEN and all(before.get(key) is None for key in namespaces)


def _stand_ins(
    head: Mapping[str, Guard], base: Mapping[str, Guard], name: str, guard: Guard | None
) -> tuple[Guard, ...]:
    """The new guards of the same family, one of which may be this guard under another name."""
    if guard is None or guard.absent is not False:
        return ()
    return tuple(
        other
        for other_name, other in head.items()
        if other_name != name and other.family == guard.family and other_name not in base
    )


@dataclass(frozen=True, slots=True)
class _Blame:
    """One changed field with all clauses that it weakens."""

    cause: GuardCause
    clauses: tuple[tuple[Clause, Clause], ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A guard at base and at head, and the guards of head that may stand in for it."""

    old: Guard | None
    new: Guard | None
    others: tuple[Guard, ...]

    def findings(self) -> Iterator[Finding]:
        """What this guard newly admits."""
        if self.old is None:
            if self.new is not None and self.new.absent is not False:
                yield from self._added(self.new)
            return
        if self.new is None and self.old.family == "namespaces":
            return
        yield from self._weakened(self.old)

    def _added(self, guard: Guard) -> Iterator[Finding]:
        """A new exception is what it lets through; before it, everything was refused."""
        for clause in guard.clauses:
            comparison = compared(guard.absent, clause.denies)
            if comparison.relation != "kept":
                purpose = clause.fields[0].purpose
                found = Weakening((clause,), purpose, comparison, True, clause.denies)
                severity = Severity.ERROR if purpose != "deletion" else deletion_severity(clause)
                yield _finding(clause.node, weakening_message(found), severity, "RIGHT")

    def _weakened(self, guard: Guard) -> Iterator[Finding]:
        refusing = [clause for clause in guard.clauses if _acts(clause)]
        if self.new is None or _lacks_policy(self.new, guard):
            yield from self._removed(guard, refusing)
            return
        after = self.new.clauses_like(guard)
        total: Formula = Or(
            tuple(clause.denies for clause in (*after, *self._standing_in()))
            if guard.absent is False
            else tuple(clause.denies for clause in after)
        )
        by_id = {clause.id: clause for clause in after}
        blames: dict[tuple[object, ...], _Blame] = {}
        gone: dict[tuple[ResourceKey, str], Clause] = {}
        for clause in refusing:
            counterpart = by_id.get(clause.id)
            whole = compared(clause.denies, total)
            if whole.relation == "kept":
                continue
            if counterpart is None:
                gone.setdefault((clause.node.resource.key, clause.words), clause)
                continue
            for cause in causes(guard, clause, counterpart, whole):
                key = (cause.field.node.resource.key, cause.field.label, cause.comparison.relation)
                known = blames.get(key)
                pairs = (*(known.clauses if known else ()), (clause, counterpart))
                blames[key] = _Blame(known.cause if known else cause, pairs)
        yield from map(_gone, gone.values())
        yield from map(_blamed, blames.values())

    def _standing_in(self) -> Iterator[Clause]:
        for other in self.others:
            yield from other.clauses

    def _removed(self, guard: Guard, refusing: list[Clause]) -> Iterator[Finding]:
        """One finding for a guard that is gone, unless others refuse all that it did."""
        if guard.absent is not False:
            if guard.family == DELETIONS:
                yield from map(_idle, refusing)
            return
        total: Formula = Or(tuple(clause.denies for clause in self._standing_in()))
        lost = [clause for clause in refusing if compared(clause.denies, total).relation != "kept"]
        root = next(iter(guard.roots.values()))
        # The policy, where it went together with its bindings.
        for key, node in guard.roots.items():
            root = node if not key.kind.endswith("Binding") else root
        place = root["metadata"]["name"]
        if lost and root.resource.key.kind.endswith("Binding"):
            yield from map(_gone, lost)
        elif lost:
            severity = Severity.ERROR
            if all(clause.effect == "changes" or clause.derived for clause in lost):
                severity = Severity.WARNING
            yield _finding(place, removal_message(root.resource, lost), severity, "LEFT")
        elif not refusing:
            message = f"{guard_name(root.resource)} is removed: it only reported"
            yield _finding(place, message, Severity.NOTICE, "LEFT")


def _lacks_policy(new: Guard, old: Guard) -> bool:
    """Whether only bindings are left of an admission policy, which enforce nothing without it."""
    return any(key not in new.roots and key.kind.endswith("Policy") for key in old.roots)


def _idle(clause: Clause) -> Finding:
    message = f"{guard_name(clause.node.resource)} is removed: it no longer deletes anything"
    return _finding(clause.node, message, Severity.NOTICE, "LEFT")


def _acts(clause: Clause) -> bool:
    """Whether a clause refuses any request at all."""
    return compared(clause.denies, False).relation != "kept"


def _gone(clause: Clause) -> Finding:
    node = clause.node
    severity = Severity.WARNING if clause.effect == "changes" else Severity.ERROR
    return _finding(node, loss_message(clause), severity, "LEFT")


def _blamed(blame: _Blame) -> Finding:
    cause = blame.cause
    old, new = blame.clauses[0]
    clauses = tuple(clause for _, clause in blame.clauses)
    weakening = Weakening(
        clauses,
        cause.field.purpose,
        cause.comparison,
        old.denies,
        cause.after,
        (cause.old, cause.field),
    )
    severity = _SEVERITIES[cause.comparison.relation]
    derived = all(clause.derived for clause in clauses)
    if cause.field.purpose == "deletion":
        severity = deletion_severity(new)
    if new.effect == "changes" and (derived or cause.field.purpose == "check"):
        severity = Severity.NOTICE
    elif derived:
        severity = Severity.WARNING
    return _finding(cause.node, weakening_message(weakening), severity, cause.side)


def _finding(node: Node, message: str, severity: Severity, side: Side) -> Finding:
    key: ResourceKey = node.resource.key
    facts = MappingProxyType({"object": str(key)})
    return Finding(node, message, severity=severity, key=message, facts=facts, side=side)
