"""What the findings about guards say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.core.resource import Resource
from bot.core.words import first_of, series
from bot.kubernetes.guardrails.formulas import Formula
from bot.kubernetes.guardrails.guards import Clause, GuardField, GuardPurpose
from bot.kubernetes.guardrails.matching import JUDGED, KIND, RESOURCE
from bot.kubernetes.guardrails.requests import in_words
from bot.kubernetes.guardrails.search import GuardComparison
from bot.kubernetes.naming import escaped
from bot.kubernetes.workloads.pods import str_of
from bot.records import dataclass

_MANY: Final = 3
_BY_HAND: Final = "compare the two by hand"


def guard_name(resource: Resource) -> str:
    """A guard in messages, with its namespace where it has one."""
    if resource.namespace is not None:
        return str_of(resource)
    return f"{resource.key.kind} {escaped(resource.name)}"


def removal_message(resource: Resource, lost: list[Clause]) -> str:
    """A guard that is gone."""
    changes = all(clause.effect == "changes" for clause in lost)
    end = "it no longer acts on anything" if changes else "what it refused is now allowed"
    if all(clause.derived for clause in lost):
        end = "pods are still refused, but no longer what creates them"
    return f"{guard_name(resource)} is removed: {end}"


def loss_message(clause: Clause) -> str:
    """A part that a guard no longer has: a rule, or the policy that a binding enforced."""
    name, kind = guard_name(clause.node.resource), clause.node.resource.key.kind
    if kind.endswith("Binding"):
        policy = f"{kind.removesuffix('Binding')} {escaped(clause.node.text or '')}"
        return f"{name} no longer enforces {policy}"
    return f"{name} no longer has the {clause.words.removeprefix('its ') or 'part that refused'}"


@dataclass(frozen=True, slots=True)
class Weakening:
    """A changed field of a guard, and what it newly lets through in each of these clauses.

    `before` and `after` are what the first clause refuses at base and with the changed field;
    `fields` are the field at base and at head.
    """

    clauses: tuple[Clause, ...]
    purpose: GuardPurpose
    comparison: GuardComparison
    before: Formula
    after: Formula
    fields: tuple[GuardField, GuardField] | None = None

    @property
    def name(self) -> str:
        """The guard that has the field."""
        node = self.clauses[0].node if self.fields is None else self.fields[1].node
        return guard_name(node.resource)

    @property
    def part(self) -> str:
        """The clauses by their words: `its rule a`, `its rules a, b and 2 more`."""
        words = list(dict.fromkeys(clause.words for clause in self.clauses if clause.words))
        if len(words) < 2:
            return words[0] if words else ""
        kind = words[0].rsplit(" ", 1)[0]
        names = [word.removeprefix(f"{kind} ") for word in words]
        return f"{kind}s {first_of(names, _MANY) if len(names) > _MANY else series(names)}"

    @property
    def requests(self) -> str:
        """A request that is newly admitted, as far as the change is about requests."""
        return in_words(self.comparison.request, self.before, self.after)


def weakening_message(weakening: Weakening) -> str:
    """What a changed field newly lets through."""
    relation, name, part = weakening.comparison.relation, weakening.name, weakening.part
    if relation == "unknown":
        return f"{name} is too large to compare: {_BY_HAND}"
    if weakening.comparison.request.get(JUDGED) is False:
        judge = f"the {part.removeprefix('its ')}" if part else "it"
        return f"{name} now lets through what {judge} fails to judge"
    if relation == "changed" and weakening.purpose not in {"level", "exception"}:
        where = f" in {part}" if part else ""
        return f"{name} judges by something else than before{where}: {_BY_HAND}"
    if all(clause.derived for clause in weakening.clauses):
        request, by = weakening.comparison.request, f" by {part}" if part else ""
        controller = request.get(KIND) or request.get(RESOURCE) or "what creates pods"
        verb = weakening.clauses[0].effect
        return f"{name} no longer {verb} {controller}{by}, but only the pods that it creates"
    return _purpose_message(weakening)


def _purpose_message(weakening: Weakening) -> str:
    name, part, requests = weakening.name, weakening.part, weakening.requests
    about, by = (f" ({requests})" if requests else "", f" by {part}" if part else "")
    messages: Mapping[GuardPurpose, str] = {
        "action": f"no longer refuses what violates {part or 'it'}{about}, but only reports it",
        "match": f"no longer judges {requests or 'all that it judged'}{by}",
        "exclude": f"now leaves out {requests or 'more than before'}{by}",
        "check": f"refuses less than before{by}{about}",
        "failure": f"refuses less than before{by}{about}",
        "parameters": "now lets everything through where its parameters are missing",
        "level": _level_message(weakening.fields),
        "exception": f"newly excepts resources from policies{about}",
        "deletion": f"newly deletes resources{about}",
    }
    return f"{name} {messages[weakening.purpose]}"


def _level_message(fields: tuple[GuardField, GuardField] | None) -> str:
    if fields is None:
        return "gives its namespace a lower Pod Security level than the namespace's own manifest"
    old, new = (field.node.text for field in fields)
    if fields[1].label == "version":
        now, was = new or "latest", old or "latest"
        return f"now enforces Pod Security as of {now} instead of {was}, which checks less"
    return f"lowers its Pod Security level from {old or 'privileged'} to {new or 'privileged'}"
