"""Namespaces that a change of their labels takes out of the reach of a guard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core.finding import Finding, Severity
from bot.core.resource import Resource
from bot.core.state import State, changes
from bot.kubernetes import kinds
from bot.kubernetes.guardrails.formulas import Formula, Or, Request, Test, Variable, leaves, reduced
from bot.kubernetes.guardrails.guards import Clause, Guard
from bot.kubernetes.guardrails.matching import NAMESPACE, NAMESPACE_LABEL
from bot.kubernetes.guardrails.messages import guard_name
from bot.kubernetes.guardrails.requests import compared
from bot.kubernetes.guardrails.weakened import guards_of
from bot.kubernetes.naming import escaped

_LEVELS: Final = "namespaces"
"""The family of the Pod Security levels, which are labels themselves."""


def namespaces_slipped(before: State, after: State) -> Iterator[Finding]:
    """The guards of both sides that no longer refuse, in a namespace, what they did."""
    for change in changes(before, after, kinds.NAMESPACE):
        old, new = change.before, change.after
        if old is None or new is None or _labels(old) == _labels(new):
            continue
        known = before.derived(guards_of)
        for name, guard in after.derived(guards_of).items():
            if name in known and guard.family != _LEVELS:
                yield from _slipped(guard, old, new)


def _labels(namespace: Resource) -> Mapping[str, str]:
    labels = namespace.at("metadata", "labels")
    return {name: node.text or "" for name, node in labels.fields()}


def _slipped(guard: Guard, old: Resource, new: Resource) -> Iterator[Finding]:
    """At most one finding for a guard, at the label that decides."""
    was, now = _labels(old), _labels(new)
    total: Formula = Or(tuple(clause.denies for clause in guard.clauses))
    asked = [name for name in _asked(total) if was.get(name) != now.get(name)]
    if not asked:
        return
    head = reduced(total, _request(new, total))
    lost = [
        clause
        for clause in guard.clauses
        if compared(reduced(clause.denies, _request(old, total)), head).relation != "kept"
    ]
    if lost:
        yield _finding(guard, lost, (old, new), asked[0])


def _asked(formula: Formula) -> list[str]:
    """The labels of namespaces that a formula asks for."""
    names = (
        leaf.dimension.removeprefix(NAMESPACE_LABEL)
        for leaf in leaves(formula)
        if isinstance(leaf, Test) and leaf.dimension.startswith(NAMESPACE_LABEL)
    )
    return list(dict.fromkeys(names))


def _request(namespace: Resource, formula: Formula) -> Request:
    """What of a request into this namespace is known."""
    labels = _labels(namespace)
    known: dict[Variable, str | bool | None] = {NAMESPACE: namespace.name}
    known |= {f"{NAMESPACE_LABEL}{name}": labels.get(name) for name in _asked(formula)}
    return known


def _finding(
    guard: Guard, lost: list[Clause], sides: tuple[Resource, Resource], label: str
) -> Finding:
    old, new = sides
    was, now = (_labels(side).get(label) for side in sides)
    softer = all(clause.effect == "changes" for clause in lost)
    roots = [node.resource for node in guard.roots.values()]
    # The policy, where its binding selects the namespaces.
    root = next((found for found in roots if not found.key.kind.endswith("Binding")), roots[0])
    value = f"is {escaped(now)}" if now is not None else "is gone"
    instead = f" instead of {escaped(was)}" if was is not None and now is not None else ""
    message = (
        f"{guard_name(root)} no longer {'changes' if softer else 'refuses'} in Namespace"
        f" {new.name} what it did: the label {escaped(label)} {value}{instead}"
    )
    return Finding(
        (new if now is not None else old).at("metadata", "labels", label),
        message,
        Severity.WARNING if softer else Severity.ERROR,
        f"{root.key}",
        MappingProxyType({"object": str(root.key)}),
        side="RIGHT" if now is not None else "LEFT",
    )
