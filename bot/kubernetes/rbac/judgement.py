"""Severity of gains: their risks, the scope in which they hold, and what the policy protects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import Final

from bot.core.finding import Severity
from bot.core.state import State
from bot.kubernetes.podsecurity.constraints import builtin_likes
from bot.kubernetes.rbac.authority import Authority
from bot.kubernetes.rbac.catalogue import CLOUD_IDENTITY, CLUSTER_ADMIN, RISKS
from bot.kubernetes.rbac.effect import RBAC_GROUP, Scoped
from bot.kubernetes.rbac.gains import Gain
from bot.kubernetes.rbac.objects import RoleKey
from bot.kubernetes.rbac.risks import Risk, RiskLevel, Rules, is_wide
from bot.kubernetes.rbac.rule_sets import Box
from bot.kubernetes.rbac.rules import ALL, CLUSTER, Atom
from bot.kubernetes.rbac.subjects import Subject
from bot.kubernetes.workloads.service_accounts import clouded
from bot.records import dataclass

_EVERYTHING: Final = Atom(ALL, ALL, ALL)
_CONSTRAINTS: Final = "securitycontextconstraints"
_WHOLE_GROUPS: Final = (ALL, "", RBAC_GROUP)
_NAMED_SPACES: Final = frozenset(
    primitive.namespace for risk in RISKS for primitive in risk.primitives
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What severities depend on: who may do what at head, and which namespaces are special.

    `privileged` are the policy's patterns; in `clouded` namespaces accounts have cloud identities.
    `constraints` names built-in SecurityContextConstraints that allow as much as the tree's.
    """

    after: Authority
    privileged: tuple[str, ...]
    clouded: frozenset[str] = frozenset()
    constraints: Mapping[str, str] = field(default_factory=dict)
    _risks_by_grant: dict[tuple[Box, str], tuple[Risk, ...]] = field(
        default_factory=dict, init=False, compare=False
    )

    @classmethod
    def of(cls, after: State, authority: Authority) -> Judgement:
        """The judgement of a change that leads to this state."""
        return cls(
            authority,
            after.policy.privileged_namespaces,
            after.derived(clouded),
            after.derived(builtin_likes),
        )

    def risks(self, gain: Gain) -> tuple[Risk, ...]:
        """The risks of a gain, worst first."""
        key = (gain.box, _alike(gain.box, gain.scope))
        if key not in self._risks_by_grant:
            box = _by_builtin_names(gain.box, self.constraints)
            self._risks_by_grant[key] = tuple(_risks(box, gain.scope, self.after.scoped))
        risks = self._risks_by_grant[key]
        if any(risk.needs for risk in risks):
            rules = self._rules_in_scope(gain)
            risks = tuple(risk for risk in risks if risk.complete(rules))
        return (*risks, CLOUD_IDENTITY) if self._clouds(gain) else risks

    def _rules_in_scope(self, gain: Gain) -> Rules:
        """All rules of the gain's subject in its scope; of its role where it has no subject."""
        if gain.subject is not None:
            return self.after.allowed(gain.subject, gain.scope)
        return tuple(sourced.rule for sourced in self.after.resolve(gain.sourced.chain[0]))

    def _clouds(self, gain: Gain) -> bool:
        """Whether the gain allows changing accounts in namespaces that have cloud identities."""
        (primitive,) = CLOUD_IDENTITY.primitives
        within = gain.scope == CLUSTER or gain.scope in self.clouded
        return bool(self.clouded and within) and primitive.held(
            gain.box, gain.scope, self.after.scoped
        )

    def carried(self, gains: Iterable[Gain]) -> tuple[Risk, ...]:
        """The risks of several gains together, worst first."""
        carried = {risk: None for gain in gains for risk in self.risks(gain)}
        return tuple(sorted(carried, key=lambda risk: (-risk.wide, risk != CLUSTER_ADMIN)))

    def severity(self, gain: Gain) -> Severity:
        """The severity of a gain, by its worst risk."""
        wide = is_wide(gain.scope, self.privileged)
        severities = (risk.level(gain.scope, self.privileged) for risk in self.risks(gain))
        level = max(severities, default=RiskLevel.NONE)
        if level == RiskLevel.CRITICAL or (level == RiskLevel.HIGH and wide):
            return Severity.ERROR
        if level == RiskLevel.HIGH or (level == RiskLevel.MEDIUM and wide):
            return Severity.WARNING
        if gain.scope == CLUSTER and _wildcard(gain.box):
            return Severity.WARNING
        return Severity.NOTICE

    def worst(self, gains: Iterable[Gain]) -> Severity:
        """The severity of the worst of several gains."""
        severities = (self.severity(gain) for gain in gains)
        return max(severities, key=lambda severity: severity.rank, default=Severity.NOTICE)

    def strongest(self, scope: str) -> Subject | None:
        """A service account in this scope that may do everything in the cluster, or None."""
        return next(
            (
                subject
                for subject, edges in self.after.by_subject.items()
                if subject.kind == "ServiceAccount"
                and scope in (CLUSTER, subject.namespace)
                and any(edge.scope == CLUSTER and self._everything(edge.role) for edge in edges)
            ),
            None,
        )

    def _everything(self, role: RoleKey) -> bool:
        return any(sourced.rule.covers(_EVERYTHING) for sourced in self.after.resolve(role))


def _wildcard(box: Box) -> bool:
    return ALL in box.verbs or any(
        "*" in (target.group or "") or "*" in target.resource for target in box.targets
    )


def _risks(box: Box, scope: str, scoped: Scoped) -> Iterator[Risk]:
    """The risks that a grant carries, worst first; some only with other rights of the subject."""
    if _whole(box, scope):
        yield CLUSTER_ADMIN
    for risk in RISKS:
        if any(primitive.held(box, scope, scoped) for primitive in risk.primitives):
            yield risk


def _by_builtin_names(box: Box, constraints: Mapping[str, str]) -> Box:
    """The box with the built-in constraints that allow as much as those that it names."""
    if not any(target.resource == _CONSTRAINTS for target in box.targets):
        return box
    likes = (constraints[name] for name in box.names if name is not None and name in constraints)
    return replace(box, names=tuple(dict.fromkeys((*box.names, *likes))))


def _whole(box: Box, scope: str) -> bool:
    """Whether the box is every verb on every resource, of all groups or of one that matters."""
    groups = _WHOLE_GROUPS if scope == CLUSTER else (ALL,)
    return (
        ALL in box.verbs
        and None in box.names
        and any(target.group in groups and target.resource == ALL for target in box.targets)
    )


def _alike(box: Box, scope: str) -> str:
    """A scope in which the box carries the same risks: namespaces differ by name alone."""
    named = scope in box.names or scope in _NAMED_SPACES
    return scope if scope == CLUSTER or named else ""
